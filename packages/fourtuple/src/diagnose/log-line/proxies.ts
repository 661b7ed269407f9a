import { endpoint, endpointIn, endpointOf, hostOf } from './endpoint.ts';
import { errnoByNumber, errnoOf } from './errno.ts';
import { group, type LineFamily, type LoggedEndpoint, type LoggedOperation, type Reading } from './failure.ts';

const NGINX = 'nginx';
const HAPROXY = 'HAProxy';
const ENVOY = 'Envoy';
const TEXT = "(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})";

/** nginx, HAProxy, Envoy, Squid, Varnish, Apache. */
export const proxies: LineFamily = {
  signs: ['no live upstreams', 'worker_connections are not enough', 'no free ports', 'local address already in use', 'cannot bind to source address', 'cannot bind to tproxy source', 'cannot bind socket', 'reached process fd limit', 'connect error: ', 'failed to listen on address', 'has no server available', 'could not get socket', 'upstream timed out', 'overflow', 'check backlog size', 'cannot open http port', 'unable to open http socket', 'failed to open (any) accept sockets', 'ssl_do_handshake() failed', 'out of local source ports', 'local source address already in use', "can't bind to source address"],
  rules: [
    {
      pattern: /(?<call>bind|connect|send|sendmsg|sendto|listen|accept4?|socket|recv|recvfrom|writev|SSL_do_handshake)\(\)(?: to (?<at>[^\s]{1,300}))? failed \((?<number>\d{1,3}): (?<text>[^)\n]{1,200})\)/,
      read: readNginx,
    },
    {
      pattern: /(?<![\w:])bind\((?<at>[\w.:[\]%-]{1,100})\) failed \((?<number>\d{1,3}): /,
      read: (found, text) => {
        const errno = errnoByNumber(group(found, 'number'));
        const local = endpointOf(group(found, 'at'));
        return { program: NGINX, operation: 'bind', protocol: 'tcp', errno, local, remote: upstreamOf(text), cause: errno === 'EADDRINUSE' && !local?.port ? 'bind-pool-empty' : undefined };
      },
    },
    { pattern: /SSL_do_handshake\(\) failed/, read: () => ({ program: NGINX, operation: 'unknown', cause: 'not-about-ports', explanation: 'The connection stood, TLS failed on it: certificates or versions, not ports' }) },
    {
      pattern: /upstream timed out \(110: (?<text>[^)\n]{1,60})\) while (?<what>connecting to|reading|sending)/,
      read: (found, text) => ({ program: NGINX, operation: group(found, 'what')?.startsWith('connect') === true ? 'connect' : 'unknown', protocol: 'tcp', errno: 'ETIMEDOUT', remote: upstreamOf(text) }),
    },
    {
      pattern: /no live upstreams while connecting to upstream/,
      read: () => ({ program: NGINX, operation: 'unknown', protocol: 'tcp', cause: 'not-about-ports', explanation: 'nginx did not try to connect: every server of the upstream is marked as failed; why, is in earlier lines (99 there would be a lack of ports)' }),
    },
    {
      pattern: /worker_connections are not enough/,
      read: () => ({ program: NGINX, operation: 'unknown', cause: 'not-about-ports', explanation: "nginx's own limit worker_connections is reached: it counts connections to clients and upstreams, and ports are not what is missing" }),
    },
    {
      pattern: /Connect\(\) failed for (?:backend|server) (?<backend>\S{1,255}): (?<text>no free ports|local address already in use|can't connect to destination unix socket)/,
      read: (found) => {
        const text = group(found, 'text') ?? '';
        const backend = (group(found, 'backend') ?? '').slice(0, 80);
        if (text.startsWith('no')) return { program: HAPROXY, operation: 'connect', protocol: 'tcp', errno: 'EADDRNOTAVAIL', lead: `Backend ${backend} got no port` };
        if (text.startsWith('local')) return { program: HAPROXY, operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', cause: 'bind-pool-empty', alternatives: ['no-free-port'], lead: `Backend ${backend} got no port` };
        return { program: HAPROXY, operation: 'connect', errno: 'EAGAIN', cause: 'backlog' };
      },
    },
    {
      // The errno that it appends is what another call left behind.
      pattern: /(?<text>Out of local source ports on the system|Local source address already in use|Can't bind to source address)/,
      read: (found) => {
        const text = group(found, 'text') ?? '';
        if (text.startsWith('Out')) return { program: HAPROXY, operation: 'connect', protocol: 'tcp', errno: 'EADDRNOTAVAIL', lead: 'An error in brackets after this text is a stale one' };
        return { program: HAPROXY, operation: 'bind', protocol: 'tcp', errno: text.startsWith('Local') ? 'EADDRINUSE' : undefined, cause: 'bind-pool-empty', alternatives: text.startsWith('Local') ? [] : ['address-not-local'] };
      },
    },
    {
      pattern: /Cannot bind to (?<kind>tproxy )?source address before connect\(\) for (?:backend|server|proxy) (?<backend>[^\s]{1,255})/,
      read: (found) => ({
        program: HAPROXY,
        operation: 'bind',
        protocol: 'tcp',
        cause: 'bind-pool-empty',
        alternatives: group(found, 'kind') === undefined ? ['address-not-local'] : ['address-not-local', 'permission'],
        explanation: `HAProxy does not say why bind() of the source address of ${(group(found, 'backend') ?? '').replace(/\.$/, '').slice(0, 80)} failed: every port of its source range is held, or the address is not on this host`,
      }),
    },
    {
      pattern: /cannot bind socket(?: \((?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})\))?(?: for)? \[(?<at>[^\]\s]{1,100}(?:\]:\d{1,5})?)\]/,
      read: (found) => {
        const at = group(found, 'at') ?? '';
        const errno = errnoOf(group(found, 'text'));
        if (at.startsWith('/') || at.startsWith('unix')) return { program: HAPROXY, operation: 'bind', errno, cause: 'not-about-ports', explanation: 'The address is a path, so this is a Unix socket: it has no port' };
        return { program: HAPROXY, operation: 'bind', protocol: 'tcp', errno: errno ?? 'EADDRINUSE', local: endpointOf(at), alternatives: errno === undefined ? ['address-not-local', 'port-privileged'] : undefined };
      },
    },
    {
      pattern: /(?:[Hh]ealth check for server \S{1,255} failed|[Ss]erver \S{1,255} is DOWN), reason: [^,\n]{1,100}, (?:code: \d{1,5}, )?info: "?(?<info>[^"\n]{1,200})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'info'));
        return errno === undefined ? undefined : ofUpstream(HAPROXY, errno, undefined, undefined);
      },
    },
    { pattern: /reached process FD limit/, read: () => ({ program: HAPROXY, operation: 'unknown', errno: 'EMFILE' }) },
    {
      pattern: /(?:backend|proxy) '?(?<backend>[^\s']{1,255})'? has no server available/,
      read: () => ({ program: HAPROXY, operation: 'unknown', protocol: 'tcp', cause: 'not-about-ports', explanation: 'Every server of the backend is down: why, is in the lines of the health checks before' }),
    },
    {
      pattern: /cannot bind '(?<at>[^'\n]{1,255})': (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ({ program: ENVOY, operation: 'bind', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /failed to listen on address '(?<at>[^'\n]{1,255})'/,
      read: (found) => ({ program: ENVOY, operation: 'bind', errno: 'EADDRINUSE', local: endpointOf(group(found, 'at')), alternatives: ['address-not-local'] }),
    },
    {
      pattern: /(?:immediate|delayed) connect error: (?:(?<number>\d{1,3})\b|(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9}))/,
      read: (found) => ofUpstream(ENVOY, errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text')), undefined, undefined),
    },
    {
      pattern: /(?:bind failure|failed to bind to (?:source|upstream)[^:\n]{0,60}): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/i,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        return errno === undefined ? undefined : { program: ENVOY, operation: 'bind', errno, cause: errno === 'EADDRINUSE' ? 'bind-pool-empty' : undefined };
      },
    },
    {
      pattern: /reset reason: overflow/,
      read: () => ({ program: ENVOY, operation: 'unknown', protocol: 'tcp', cause: 'not-about-ports', explanation: "Envoy's own circuit breaker (max_connections, max_pending_requests) refused the request; ports are not what is missing" }),
    },
    {
      pattern: /(?:commBind:? )?Cannot bind socket (?:FD \d{1,7}|conn\d{1,20} [^\n]{0,120}?) to (?<at>[^\s()]{1,120}): \((?<number>\d{1,3})\)/,
      read: (found) => {
        const errno = errnoByNumber(group(found, 'number'));
        const local = endpointOf(group(found, 'at'));
        return { program: 'Squid', operation: 'bind', protocol: 'tcp', errno, local, cause: errno === 'EADDRINUSE' && local?.host !== '' && local?.port === undefined ? 'bind-pool-empty' : undefined };
      },
    },
    {
      pattern: /Cannot open HTTP Port|Unable to open HTTP Socket/,
      read: () => ({ program: 'Squid', operation: 'bind', protocol: 'tcp', cause: 'port-taken', alternatives: ['address-not-local', 'port-privileged'], lead: 'Squid writes the errno in a line before' }),
    },
    {
      pattern: /Could not get socket (?<at>[^\s]{1,255}): (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ({ program: 'Varnish', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /backend (?<backend>\S{1,255}): fail errno (?<number>\d{1,3})/,
      read: (found) => ofUpstream('Varnish', errnoByNumber(group(found, 'number')), undefined, undefined),
    },
    { pattern: /Failed to open \(any\) accept sockets/, read: () => ({ program: 'Varnish', operation: 'bind', protocol: 'tcp', cause: 'port-taken', alternatives: ['address-not-local', 'port-privileged'], lead: 'Varnish writes the errno in a line before' }) },
    {
      pattern: /\((?<number>\d{1,3})\)(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9}): AH\d{5}: make_sock: could not bind to address (?<at>[^\s]{1,100})/,
      read: (found) => ({ program: 'Apache httpd', operation: 'bind', protocol: 'tcp', errno: errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /\((?<number>\d{1,3})\)(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9}): (?:\[client [^\]\n]{1,100}\] )?AH\d{5}: (?<scheme>[A-Za-z]{2,10}): attempt to connect to (?<at>[^\s]{1,300})/,
      read: (found) => {
        const at = group(found, 'at');
        return ofUpstream('Apache httpd', errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text')), endpointOf(at?.replace(/\/$/, '')), undefined);
      },
    },
    {
      pattern: new RegExp(`\\((?<number>\\d{1,3})\\)${TEXT}: (?:\\[client [^\\]\\n]{1,100}\\] )?AH(?<id>\\d{5}): (?<rest>[^\\n]{0,200})`),
      read: (found) => readApache(errnoByNumber(group(found, 'number')), group(found, 'rest') ?? ''),
    },
  ],
};

const operations: Readonly<Record<string, LoggedOperation>> = { bind: 'bind', listen: 'listen', connect: 'connect', send: 'send', sendto: 'send', sendmsg: 'send' };

function readNginx(found: RegExpExecArray, text: string): Reading | undefined {
  const call = group(found, 'call') ?? '';
  const at = group(found, 'at');
  const errno = errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text'));
  const operation = operations[call] ?? 'unknown';
  if (at?.startsWith('unix:') === true) {
    // connect() to a Unix socket says EAGAIN when the server's accept queue is full.
    if (errno === 'EAGAIN') return { program: NGINX, operation, errno, cause: 'backlog' };
    return { program: NGINX, operation, errno, cause: errno === 'ECONNREFUSED' ? 'refused' : 'not-about-ports', explanation: 'The address is a path, so this is a Unix socket: it has no port' };
  }
  if (errno === undefined) return undefined;
  if (operation === 'bind' || operation === 'listen') return { program: NGINX, operation, protocol: 'tcp', errno, local: endpointOf(at) };
  const udp = /while resolving|udp/.test(text);
  return { program: NGINX, operation, protocol: udp ? 'udp' : 'tcp', errno, remote: endpointOf(at) ?? upstreamOf(text) };
}

/** `upstream: "http://10.0.0.9:8080/path"` */
function upstreamOf(text: string): LoggedEndpoint | undefined {
  const found = /upstream: "(?:[a-z0-9+.-]{2,20}:\/\/)?(?<at>[\w.:[\]-]{1,300})/.exec(text);
  return found === null ? undefined : endpointOf(group(found, 'at'));
}

function ofUpstream(program: string, errno: Reading['errno'], remote: LoggedEndpoint | undefined, local: LoggedEndpoint | undefined): Reading | undefined {
  if (errno === undefined) return undefined;
  if (errno === 'EADDRINUSE') return { program, operation: 'bind', protocol: 'tcp', errno, local, remote, cause: 'bind-pool-empty' };
  return { program, operation: 'connect', protocol: 'tcp', errno, remote };
}

function readApache(errno: Reading['errno'], rest: string): Reading | undefined {
  const program = 'Apache httpd';
  if (errno === undefined) return undefined;
  if (/could not bind|make_sock|failed to bind|failed to listen/.test(rest)) return { program, operation: 'bind', protocol: 'tcp', errno, local: endpointIn(rest) };
  if (/connect/i.test(rest)) return ofUpstream(program, errno, endpointIn(rest) ?? hostOf(/backend:? (?<host>[\w.:-]{1,255})/.exec(rest)?.groups?.['host']), undefined);
  if (/bind/.test(rest)) return { program, operation: 'bind', protocol: 'tcp', errno, local: endpoint('', /port (?<port>\d{1,5})/.exec(rest)?.groups?.['port']) };
  return errno === 'EADDRINUSE' || errno === 'EADDRNOTAVAIL' ? undefined : { program, operation: 'unknown', protocol: 'tcp', errno };
}
