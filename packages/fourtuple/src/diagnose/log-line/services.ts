import { endpoint, endpointOf } from './endpoint.ts';
import { errnoByNumber, errnoOf } from './errno.ts';
import { group, type LineFamily, type LoggedEndpoint } from './failure.ts';

const TEXT = "(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})";

/** Services of a Linux host: sshd, systemd, Docker, name servers, mail servers. */
export const services: LineFamily = {
  signs: ['port is already allocated', 'port is already in use', 'failed to listen on', 'another process is already listening', 'cannot bind any address', "didn't have free ports", 'provided port is already allocated', 'failed to create listening socket', 'another process may be running', "can't bind socket", 'could not listen on', 'could not open ntp socket', 'cannot expose privileged port', 'port is in use', 'is already in use', 'is in use, trying', 'is being used by', 'bind: error'],
  rules: [
    {
      pattern: new RegExp(`Bind to port (?<port>\\d{1,5}) on (?<host>[\\w.:%*-]{1,255}) failed: ${TEXT}`),
      read: (found) => ({ program: 'sshd', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpoint(group(found, 'host'), group(found, 'port')) }),
    },
    { pattern: /\bCannot bind any address/, read: () => ({ program: 'sshd', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', alternatives: ['address-not-local', 'port-privileged'], lead: 'sshd writes the errno in a line before' }) },
    {
      pattern: /Bind for (?<at>[\w.:[\]-]{1,300}) failed: port is already allocated/,
      read: (found) => ({
        program: 'Docker',
        operation: 'bind',
        local: endpointOf(group(found, 'at')),
        cause: 'port-taken',
        alternatives: [],
        explanation: `Another container of this Docker publishes${portOf(endpointOf(group(found, 'at')))} already: Docker keeps its own list, so this is not the kernel's answer, and without a userland proxy no socket shows it`,
      }),
    },
    {
      pattern: new RegExp(`failed to bind host port for (?<at>[\\w.:[\\]-]{1,100}?):(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-f:]{2,46}\\]|):\\d{1,5}\\/(?<protocol>tcp|udp)(?<text>: [^\\n"]{3,80})`),
      read: (found) => ({ program: 'Docker', operation: 'bind', protocol: group(found, 'protocol') === 'udp' ? 'udp' : 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /failed to bind host port (?<at>[\w.:[\]-]{1,300})\/(?<protocol>tcp|udp)(?<text>: [^\n"]{3,80})/,
      read: (found) => ({ program: 'Docker', operation: 'bind', protocol: group(found, 'protocol') === 'udp' ? 'udp' : 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /cannot expose privileged port (?<port>\d{1,5})/,
      read: (found) => ({ program: 'Podman', operation: 'bind', errno: 'EACCES', local: endpoint('', group(found, 'port')) }),
    },
    {
      pattern: /didn't have free ports for the requested pod ports/,
      read: () => ({ program: 'Kubernetes', operation: 'unknown', cause: 'port-taken', alternatives: [], explanation: 'No node has the hostPort that the pod asks for: the scheduler knows of other pods that have it, and no system call failed' }),
    },
    {
      pattern: /provided port is already allocated/,
      read: () => ({ program: 'Kubernetes', operation: 'unknown', cause: 'not-about-ports', explanation: 'Another Service has this NodePort: the API server keeps that list, and no socket of any host is involved' }),
    },
    {
      pattern: new RegExp(`(?<unit>[\\w@.\\\\:-]{1,200}\\.socket): Failed to (?:create|listen on) (?:listening socket|sockets)(?: \\((?<at>[^)\\n]{1,200})\\))?: ${TEXT}`),
      read: (found) => {
        const at = group(found, 'at');
        const errno = errnoOf(group(found, 'text'));
        if (at?.startsWith('/') === true || at?.startsWith('@') === true) return { program: 'systemd', operation: 'bind', errno, cause: 'not-about-ports', explanation: 'The address is a path, so this is a Unix socket: it has no port' };
        return { program: 'systemd', operation: 'bind', errno, local: endpointOf(at) };
      },
    },
    {
      pattern: new RegExp(`Failed to listen on (?<protocol>UDP|TCP) socket (?<at>[\\w.:%[\\]-]{1,255}): ${TEXT}`),
      read: (found) => ({ program: 'systemd-resolved', operation: 'bind', protocol: group(found, 'protocol') === 'UDP' ? 'udp' : 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /Another process is already listening on (?<protocol>UDP|TCP) socket (?<at>[\w.:%[\]-]{1,255})/,
      read: (found) => ({ program: 'systemd-resolved', operation: 'bind', protocol: group(found, 'protocol') === 'UDP' ? 'udp' : 'tcp', errno: 'EADDRINUSE', local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /(?:systemd\[\d{1,10}\]: |^)Failed to listen on (?<unit>[^\n:]{1,200}?)\.(?!\w)/m,
      read: () => ({ program: 'systemd', operation: 'bind', cause: 'port-taken', alternatives: ['address-not-local'], lead: 'systemd writes the errno in a line before' }),
    },
    {
      pattern: new RegExp(`failed to create listening socket for (?:port (?<port>\\d{1,5})|(?<host>[\\w.:%-]{1,255})): ${TEXT}`),
      read: (found) => ({ program: 'dnsmasq', operation: 'bind', errno: errnoOf(group(found, 'text')), local: endpoint(group(found, 'host'), group(found, 'port')) }),
    },
    {
      pattern: new RegExp(`can't bind socket: ${TEXT} for (?<host>[\\w.:%-]{1,255})(?: port (?<port>\\d{1,5}))?`),
      read: (found) => ({ program: 'Unbound', operation: 'bind', errno: errnoOf(group(found, 'text')), local: endpoint(group(found, 'host'), group(found, 'port')) }),
    },
    {
      pattern: /(?:could not listen on|binding|creating) (?<protocol>UDP|TCP) socket: (?<text>[a-z][a-z ]{4,60})/,
      read: (found) => ({ program: 'BIND', operation: 'bind', protocol: group(found, 'protocol') === 'UDP' ? 'udp' : 'tcp', errno: errnoOf(group(found, 'text')) }),
    },
    {
      pattern: /unable to bind to wildcard address (?<host>[\w.:]{1,100}) - another process may be running/,
      read: (found) => ({ program: 'ntpd', operation: 'bind', protocol: 'udp', errno: 'EADDRINUSE', local: endpoint(group(found, 'host'), '123') }),
    },
    {
      pattern: /daemon: bind\(\d{1,7}\) failed errno=(?<number>\d{1,3})/,
      read: (found) => ({ program: 'OpenLDAP slapd', operation: 'bind', protocol: 'tcp', errno: errnoByNumber(group(found, 'number')) }),
    },
    {
      pattern: /\(network\.c\.\d{1,5}\) (?:can't bind to (?:socket|port)|bind\(\)):? (?<at>[\w.:*[\]-]{1,300}): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ({ program: 'lighttpd', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: new RegExp(`socket bind\\(\\) to port (?<port>\\d{1,5}) for address (?<host>[\\w.:()% -]{1,100}) failed: ${TEXT}`),
      read: (found) => ({ program: 'Exim', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpoint(/any IPv4/.test(group(found, 'host') ?? '') ? '0.0.0.0' : /any IPv6/.test(group(found, 'host') ?? '') ? '::' : group(found, 'host'), group(found, 'port')) }),
    },
    {
      pattern: new RegExp(`fatal: bind (?<host>[\\w.:*-]{1,255}) port (?<port>[\\w]{1,20}): ${TEXT}`),
      read: (found) => ({ program: 'Postfix', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpoint(group(found, 'host'), group(found, 'port')) }),
    },
    {
      pattern: new RegExp(`connect to (?<name>[\\w.-]{1,255})\\[(?<host>[\\w.:]{2,100})\\]:(?<port>\\d{1,5}): ${TEXT}`),
      read: (found) => ({ program: 'Postfix', operation: 'connect', protocol: 'tcp', errno: errnoOf(group(found, 'text')), remote: endpoint(group(found, 'host'), group(found, 'port')) }),
    },
    {
      pattern: new RegExp(`Socket bind failed on local address \\[AF_INET6?\\](?<at>[\\w.:[\\]]{1,100}): ${TEXT}`),
      read: (found) => ({ program: 'OpenVPN', operation: 'bind', errno: errnoOf(group(found, 'text')), local: endpointOf((group(found, 'at') ?? '').replace('[undef]', '')) }),
    },
    {
      pattern: new RegExp(`(?:bind|listen)\\((?<host>[\\w.:*[\\]-]{1,255}), (?<port>\\d{1,5})\\) failed: ${TEXT}`),
      read: (found) => ({ program: 'Dovecot', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpoint(group(found, 'host'), group(found, 'port')) }),
    },
    {
      pattern: new RegExp(`Could not bind to (?<at>[\\w.:[\\]-]{1,300}): ${TEXT}\\. Is Tor already running\\?`),
      read: (found) => ({ program: 'Tor', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')), lead: 'The text suspects Tor itself, but any socket on the port does it' }),
    },
    {
      pattern: /another instance of uWSGI is running on the same address \((?<at>[^)\n]{1,255})\)/,
      read: (found, text) => ({ program: 'uWSGI', operation: 'bind', protocol: 'tcp', errno: errnoOf(text) ?? 'EADDRINUSE', local: endpointOf(group(found, 'at')), lead: 'The text suspects uWSGI itself, but any socket on the port does it' }),
    },
    {
      pattern: /ZMQError: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})(?: \(addr='?(?:tcp:\/\/)?(?<at>[^\s')]{1,255}))?/,
      read: (found) => ({ program: 'ZeroMQ', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /\[(?<text>address already in use|address in use)\] (?<at>[\w.:[\]]{3,100})/,
      read: (found) => ({ operation: 'bind', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /unable to bind to (?<at>(?:v[12]:)?[\w.:[\]-]{1,300}?)(?:\/\d{1,10})?(?:: | on any port in range [\d-]{1,20}: )\((?<number>\d{1,3})\)/,
      read: (found) => ({ program: 'Ceph', operation: 'bind', protocol: 'tcp', errno: errnoByNumber(group(found, 'number')), local: endpointOf((group(found, 'at') ?? '').replace(/^v[12]:/, '')) }),
    },
  ],
};

/** What only the kernel writes: dmesg and `journalctl -k`. */
export const kernel: LineFamily = {
  signs: ['table full', 'syn flooding', 'file-max limit', 'too many orphaned sockets', 'out of memory -- consider tuning tcp_mem', 'time wait bucket table overflow', 'neighbor table overflow', 'neighbour table overflow', 'listen queue of socket', 'listen queue overflow'],
  rules: [
    { pattern: /(?:nf|ip)_conntrack: table full/, read: () => ({ program: 'Linux kernel', operation: 'unknown', cause: 'conntrack-full' }) },
    {
      pattern: /[Pp]ossible SYN flooding on port (?<at>[\w.:[\]]{1,100})\. (?<what>Sending cookies|Dropping request)/,
      read: (found) => {
        const written = (group(found, 'at') ?? '').replace(/\.$/, '');
        const local = /^\d{1,5}$/.test(written) ? endpoint('', written) : endpointOf(written);
        return { program: 'Linux kernel', operation: 'listen', protocol: 'tcp', local, cause: 'backlog', lead: 'The text suspects an attack, but more often' };
      },
    },
    { pattern: /VFS: file-max limit \d{1,20} reached/, read: () => ({ program: 'Linux kernel', operation: 'unknown', errno: 'ENFILE' }) },
    {
      pattern: /TCP: (?:too many orphaned sockets|out of memory -- consider tuning tcp_mem)/,
      read: () => ({ program: 'Linux kernel', operation: 'unknown', protocol: 'tcp', cause: 'memory' }),
    },
    {
      pattern: /TCP: time wait bucket table overflow/,
      read: () => ({ program: 'Linux kernel', operation: 'unknown', protocol: 'tcp', cause: 'not-about-ports', explanation: 'The limit tcp_max_tw_buckets is reached, so sockets skip TIME_WAIT: their ports are free the sooner' }),
    },
    {
      pattern: /neighbou?r table overflow/,
      read: () => ({ program: 'Linux kernel', operation: 'unknown', cause: 'memory', explanation: 'The table of neighbours (ARP, NDP) is full (net.ipv4.neigh.default.gc_thresh3): packets to new neighbours are dropped; ports are not what is missing' }),
    },
    {
      pattern: /listen queue of socket "(?<at>[^"\n]{1,255})"|listen queue overflow/,
      read: (found) => ({ operation: 'listen', local: endpointOf(group(found, 'at')), cause: 'backlog' }),
    },
  ],
};

function portOf(local: LoggedEndpoint | undefined): string {
  return local?.port === undefined ? ' the port' : ` port ${local.port}`;
}
