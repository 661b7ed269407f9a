import { endpoint, endpointOf } from './endpoint.ts';
import { group, type LineFamily, type Reading } from './failure.ts';

/** Texts without an errno that many programs write: a port in use, and what is easily taken for a lack of ports. */
export const other: LineFamily = {
  signs: ['certificate verify failed', 'certificate has expired', 'unknown authority', 'handshake failure', 'handshake failed', 'sslv3 alert', 'tlsv1 alert', 'unable to get local issuer', 'self-signed certificate', 'self signed certificate', 'wrong version number', 'queuepool limit', 'pool exhausted', 'pool timeout', 'connection pool is full', 'upstream prematurely closed', 'could not be established. broker may not be available'],
  rules: [
    {
      pattern: /(?<![\w-])[Pp]ort (?<port>\d{1,5}) is (?:already )?(?:in use|being used)|[Pp]ort (?<other>\d{1,5}) is already allocated|(?:address|Address|port) (?<at>[\w.:[\]*-]{1,300}:\d{1,5}) (?:is )?already in use/,
      read: (found) => ({ operation: 'bind', protocol: undefined, errno: 'EADDRINUSE', local: endpointOf(group(found, 'at')) ?? endpoint('', group(found, 'port') ?? group(found, 'other')) }),
    },
    {
      pattern: /certificate verify failed|certificate has expired|unknown authority|(?:tls|ssl)[^\n]{0,80}handshake fail(?:ure|ed)|sslv3 alert|tlsv1 alert|unable to get local issuer|self[- ]signed certificate|ssl[^\n]{0,120}wrong version number/i,
      read: () => notPorts('The connection stood, TLS failed on it: certificates or versions, not ports'),
    },
    {
      pattern: /QueuePool limit|pool exhausted|pool timeout|Connection pool is full/i,
      read: () => notPorts("The program's own pool of connections had none free: it is too small, or its connections are held too long; ports are not what is missing"),
    },
    {
      pattern: /upstream prematurely closed/,
      read: () => ({ ...notPorts('The other side closed the connection before it had answered; it is not port exhaustion'), cause: 'reset' }),
    },
    {
      pattern: /could not be established\. Broker may not be available/,
      read: () => ({ ...notPorts('The Kafka client does not say why: as a rule the broker refused the connection'), program: 'Kafka client', operation: 'connect', cause: 'refused', alternatives: ['no-free-port', 'unreachable'] }),
    },
  ],
};

function notPorts(explanation: string): Reading {
  return { operation: 'unknown', cause: 'not-about-ports', explanation };
}
