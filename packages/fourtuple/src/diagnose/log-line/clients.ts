import { endpoint, endpointIn, endpointOf, hostOf } from './endpoint.ts';
import { errnoByNumber, errnoOf, type ErrnoName } from './errno.ts';
import { group, type LineFamily, type LoggedCause, type Reading } from './failure.ts';

/** What a client that hides the errno of connect() may have met: all end in the same text. */
const HIDDEN: readonly LoggedCause[] = ['no-free-port', 'unreachable', 'no-ipv6'];
const HIDES = 'The text does not say why connect() failed; a refusal is likeliest, and a lack of ports writes the same';

/** Command-line clients and load generators. */
export const clients: LineFamily = {
  signs: ['curl: (', 'curl error ', "couldn't connect to server", 'failed: cannot', 'socket errors: connect', 'could not connect to host', 'unable to connect to', 'bad local forwarding', 'cannot listen to port', 'could not request local forwarding', 'remote port forwarding failed', "couldn't bind to", 'bind failed with errno', 'ssh: connect to host'],
  rules: [
    {
      pattern: /(?:Immediate connect fail for (?<host>[\w.:[\]-]{1,255})|(?<!ssh: )connect to (?<other>[\w.:[\]-]{1,255}) port (?<port>\d{1,5})(?: from [\w.:]{1,100} port \d{1,5})? failed): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ofConnect('curl', errnoOf(group(found, 'text')), endpoint(group(found, 'host') ?? group(found, 'other'), group(found, 'port'))),
    },
    {
      pattern: /bind failed with errno (?<number>\d{1,3}): /,
      read: (found) => {
        const errno = errnoByNumber(group(found, 'number'));
        return { program: 'curl', operation: 'bind', protocol: 'tcp', errno, cause: errno === 'EADDRINUSE' ? 'bind-pool-empty' : undefined, alternatives: errno === 'EADDRINUSE' ? ['port-taken'] : undefined };
      },
    },
    {
      pattern: /[Cc]ouldn't bind to (?:interface )?'(?<host>[\w.:%-]{1,255})'/,
      read: (found) => ({ program: 'curl', operation: 'bind', protocol: 'tcp', errno: 'EADDRNOTAVAIL', local: hostOf(group(found, 'host')) }),
    },
    { pattern: /curl: \(45\)/, read: () => ({ program: 'curl', operation: 'bind', protocol: 'tcp', errno: 'EADDRNOTAVAIL', alternatives: ['bind-pool-empty'], lead: 'curl could not bind the source address (--interface, --local-port)' }) },
    {
      pattern: /(?:curl: \((?<code>\d{1,2})\)|cURL error (?<other>\d{1,2}):) (?<text>[^\n]{0,300})/,
      read: (found) => readCurl(Number(group(found, 'code') ?? group(found, 'other')), group(found, 'text') ?? ''),
    },
    {
      pattern: /Failed to connect to (?<host>[\w.:-]{1,255}) port (?<port>\d{1,5})(?: after \d{1,9} ms)?: (?<text>[A-Z][^\n"]{3,80})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        const remote = endpoint(group(found, 'host'), group(found, 'port'));
        return errno === undefined ? hidden('curl', remote) : ofConnect('curl', errno, remote);
      },
    },
    {
      pattern: /Connecting to (?<at>[^\s]{1,300})\.\.\. failed: (?<text>[A-Z][^\n]{3,80})/,
      read: readWget,
    },
    {
      pattern: /apr_socket_connect\(\): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9}) \((?<number>\d{1,3})\)/,
      read: (found) => ofConnect('ab', errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text'))),
    },
    {
      pattern: /unable to connect to (?<at>[\w.:[\]-]{1,300}:\d{1,5}) (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ofConnect('wrk', errnoOf(group(found, 'text')), endpointOf(group(found, 'at'))),
    },
    {
      pattern: /Socket errors: connect (?<count>[1-9]\d{0,9}), read/,
      read: () => ({ program: 'wrk', operation: 'connect', protocol: 'tcp', cause: 'ambiguous', alternatives: ['no-free-port', 'refused', 'descriptors'], explanation: 'wrk counts the connections that failed but does not say why: no source port left, refused, or no descriptors' }),
    },
    {
      pattern: /could not connect to host/,
      read: () => ({ program: 'h2load', operation: 'connect', protocol: 'tcp', cause: 'ambiguous', alternatives: ['refused', 'no-free-port'], explanation: 'h2load does not say why connect() failed: refused, or no source port left' }),
    },
    {
      pattern: /ssh: connect to host (?<host>[\w.:%-]{1,255}) port (?<port>\d{1,5}): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ofConnect('ssh', errnoOf(group(found, 'text')), endpoint(group(found, 'host'), group(found, 'port'))),
    },
    {
      pattern: /ssh: connect to host (?<host>[\w.:%-]{1,255}) port (?<port>\d{1,5}): failure/,
      read: (found) => ({ program: 'ssh', operation: 'bind', protocol: 'tcp', cause: 'bind-pool-empty', alternatives: ['address-not-local'], remote: endpoint(group(found, 'host'), group(found, 'port')), lead: 'The text says connect, but bind() of the source address (ssh -b) failed, with the errno in the line before' }),
    },
    {
      pattern: /(?<![\w.(-])bind (?<host>\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f:.]{1,45}): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        return errno === undefined ? undefined : { program: 'ssh', operation: 'bind', protocol: 'tcp', errno, local: hostOf(group(found, 'host')), cause: errno === 'EADDRINUSE' ? 'bind-pool-empty' : undefined };
      },
    },
    {
      pattern: /(?:bind(?: \[(?<host>[\w.:*%-]{1,255})\]:(?<port>\d{1,5}))?: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})\s{0,4})?(?:channel_setup_fwd_listener_tcpip: )?cannot listen to port: (?<other>\d{1,5})/,
      read: (found) => ({ program: 'ssh', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')) ?? 'EADDRINUSE', local: endpoint(group(found, 'host'), group(found, 'port') ?? group(found, 'other')), alternatives: group(found, 'text') === undefined ? ['address-not-local', 'port-privileged'] : undefined }),
    },
    {
      pattern: /remote port forwarding failed for listen port (?<port>\d{1,5})/,
      read: (found) => ({ program: 'ssh', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')), alternatives: ['permission', 'port-privileged'], lead: 'It failed on the remote host, not on this one' }),
    },
    {
      pattern: /socat\[\d{1,10}\(?[^\]]{0,4}\)?\] [EWF] (?<call>connect|bind|sendto|sendmsg)\(\d{1,9}, \{?(?<family>AF=|LEN=\d{1,4} AF=)(?<af>\d{1,3}) "?(?<at>[^\s}",]{1,300})"?\}?, \d{1,5}\): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        if (group(found, 'af') === '1') return { program: 'socat', operation: group(found, 'call') === 'bind' ? 'bind' : 'connect', errno, cause: 'not-about-ports', explanation: 'The address is a path, so this is a Unix socket: it has no port' };
        const at = endpointOf(group(found, 'at'));
        if (group(found, 'call') === 'bind') return { program: 'socat', operation: 'bind', errno, local: at };
        return { program: 'socat', operation: group(found, 'call') === 'connect' ? 'connect' : 'send', errno, remote: at };
      },
    },
    {
      pattern: /\bbash: (?:line \d{1,7}: )?connect: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        return errno === undefined ? undefined : { program: 'bash', operation: 'connect', errno };
      },
    },
    {
      pattern: /\/dev\/(?<protocol>tcp|udp)\/(?<host>[\w.:-]{1,255})\/(?<port>\d{1,5}): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ({ ...ofConnect('bash', errnoOf(group(found, 'text')), endpoint(group(found, 'host'), group(found, 'port'))), protocol: group(found, 'protocol') === 'udp' ? 'udp' : 'tcp' }),
    },
    {
      pattern: /iperf3?: error - unable to (?<what>start listener for connections|connect to server|connect stream)[^:\n]{0,100}: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        return group(found, 'what')?.startsWith('start') === true ? { program: 'iperf3', operation: 'bind', errno } : ofConnect('iperf3', errno);
      },
    },
    {
      pattern: /Ncat: bind to (?<at>[\w.:*[\]-]{1,300}): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ({ program: 'Ncat', operation: 'bind', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /Ncat: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ofConnect('Ncat', errnoOf(group(found, 'text'))),
    },
    {
      pattern: /\bnc(?:\.[a-z]{1,20})?: connect to (?<host>[\w.:%-]{1,255}) port (?<port>\d{1,5}) \((?<protocol>tcp|udp)\) failed: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => {
        const read = ofConnect('nc', errnoOf(group(found, 'text')), endpoint(group(found, 'host'), group(found, 'port')));
        return read === undefined ? undefined : { ...read, protocol: group(found, 'protocol') === 'udp' ? 'udp' : 'tcp' };
      },
    },
    {
      pattern: /telnet: Unable to connect to remote host: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ofConnect('telnet', errnoOf(group(found, 'text'))),
    },
    {
      pattern: /socket: -?\d{1,12} address is unavailable\.: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ofConnect('siege', errnoOf(group(found, 'text'))),
    },
    {
      pattern: /;; (?<what>UDP setup with|Connection to) (?<host>[^\s#]{1,100})#(?<port>\d{1,5})\([^)\n]{1,255}\) for \S{1,255} failed: (?<text>[a-z][a-z ]{4,60})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        const remote = endpoint(group(found, 'host'), group(found, 'port'));
        if (errno === undefined || group(found, 'what') === 'Connection to') return ofConnect('dig', errno, remote);
        // dig binds its source, with or without -b, before it connects.
        return { program: 'dig', operation: 'bind', protocol: 'udp', errno, remote, alternatives: errno === 'EADDRNOTAVAIL' ? ['no-ipv6'] : undefined };
      },
    },
    {
      pattern: /rsync: (?:\[\w{1,12}\] )?failed to connect to (?<host>[\w.:-]{1,255}) \([^)\n]{1,255}\): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9}) \((?<number>\d{1,3})\)/,
      read: (found) => ofConnect('rsync', errnoByNumber(group(found, 'number')), hostOf(group(found, 'host'))),
    },
  ],
};

function ofConnect(program: string, errno: ErrnoName | undefined, remote?: Reading['remote']): Reading | undefined {
  if (errno === undefined) return undefined;
  if (errno === 'EADDRINUSE') return { program, operation: 'bind', protocol: 'tcp', errno, remote, cause: 'bind-pool-empty', lead: 'The text says connect, but only bind() of a source address gives this error' };
  return { program, operation: 'connect', protocol: 'tcp', errno, remote };
}

function hidden(program: string, remote: Reading['remote']): Reading {
  return { program, operation: 'connect', protocol: 'tcp', cause: 'refused', alternatives: HIDDEN, remote, explanation: HIDES };
}

function readCurl(code: number, text: string): Reading | undefined {
  const at = /(?:connect to|connection to|resolve host:?) (?<host>[\w.:-]{1,255})(?: port (?<port>\d{1,5})|:(?<other>\d{1,5}))?/.exec(text);
  const remote = at === null ? undefined : endpoint(group(at, 'host'), group(at, 'port') ?? group(at, 'other'));
  const errno = errnoOf(text);
  const curl = { program: 'curl', operation: 'connect', protocol: 'tcp', remote } as const;
  switch (code) {
    case 5:
    case 6:
      return { ...curl, operation: 'unknown', protocol: undefined, cause: 'name-not-resolved', errno: errno ?? 'EAI_NONAME' };
    case 7:
      return errno === undefined ? hidden('curl', remote) : ofConnect('curl', errno, remote);
    case 28:
      return { ...curl, cause: 'timed-out', operation: /[Cc]onnect|establish/.test(text) ? 'connect' : 'unknown' };
    case 35:
    case 51:
    case 60:
      return { ...curl, operation: 'unknown', errno, cause: errno === undefined ? 'not-about-ports' : undefined, explanation: errno === undefined ? 'The connection stood, TLS failed on it: certificates or versions, not ports' : undefined };
    case 52:
    case 55:
    case 56:
      return { ...curl, operation: 'unknown', errno, cause: 'reset' };
    default:
      return errno === undefined ? undefined : { ...curl, operation: 'unknown', errno };
  }
}

function readWget(found: RegExpExecArray): Reading | undefined {
  const at = /\|(?<address>[^|]{1,100})\|:(?<port>\d{1,5})$/.exec(group(found, 'at') ?? '');
  const remote = at === null ? endpointOf(group(found, 'at')) : endpoint(group(at, 'address'), group(at, 'port'));
  return ofConnect('wget', errnoOf(group(found, 'text')), remote ?? endpointIn(group(found, 'at') ?? ''));
}
