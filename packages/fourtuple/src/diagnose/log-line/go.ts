import { endpointOf, hostOf } from './endpoint.ts';
import { findErrno, type ErrnoName } from './errno.ts';
import { group, type LineFamily, type LoggedOperation, type Reading } from './failure.ts';

/** net.OpError: `OP NET[ SOURCE->]ADDRESS: SYSCALL: TEXT`; without a source the address follows the network. */
const OP_ERROR = /(?<![\w/])(?<op>dial|listen|accept|read|write) (?<net>tcp|udp)[46]?(?: (?<at>[^\s"]{1,600}?))?: (?<error>[^\n]{1,400})/;

/** Go, and the many servers that are written in it. */
export const go: LineFamily = {
  signs: ['dial unix', 'dial tcp', 'dial udp', 'listen tcp', 'listen udp', 'accept tcp', 'read tcp', 'read udp', 'write tcp', 'write udp', 'tls handshake timeout', 'awaiting headers', 'server misbehaving'],
  rules: [
    { pattern: OP_ERROR, read: readOpError },
    {
      pattern: /dial unix (?<path>[^\s"]{1,300}): connect: (?<text>[a-z][a-z ]{4,60})/,
      read: (found, text) => {
        const errno = findErrno(group(found, 'text') ?? '')?.name;
        const cause = errno === 'EAGAIN' ? 'backlog' : errno === 'ECONNREFUSED' ? 'refused' : 'not-about-ports';
        return { program: programOf(text), operation: 'connect', errno, cause, explanation: 'The address is a path, so this is a Unix socket: it has no port' };
      },
    },
    {
      pattern: /net\/http: (?<what>TLS handshake timeout|request canceled \(Client\.Timeout[^)\n]{0,60}\)|timeout awaiting response headers|request canceled while waiting for connection)|Client\.Timeout (?:or context cancellation )?(?:exceeded )?while awaiting headers/,
      read: (_, text) => ({ program: programOf(text), operation: 'unknown', protocol: 'tcp', cause: 'timed-out' }),
    },
  ],
};

function readOpError(found: RegExpExecArray, text: string): Reading | undefined {
  const op = group(found, 'op') ?? '';
  const protocol = group(found, 'net') === 'udp' ? 'udp' : 'tcp';
  const error = group(found, 'error') ?? '';
  const program = programOf(text);
  if (error.startsWith('lookup ')) return readLookup(error, program);
  const [source, destination] = endsOf(op, group(found, 'at'));
  const errno = findErrno(error)?.name;
  const call = /^(?<call>bind|connect|listen|socket|accept4?|getsockopt|setsockopt|sendto|sendmsg|write|read): /.exec(error)?.groups?.['call'];
  const local = endpointOf(source);
  const remote = endpointOf(destination);
  const known = { program, protocol, errno, local, remote } as const;
  if (op === 'dial') {
    if (/^(?:i\/o timeout|context deadline exceeded|operation was canceled)/.test(error)) return { ...known, operation: 'connect', cause: 'timed-out' };
    const binds = call === 'bind' || (call === undefined && errno === 'EADDRINUSE');
    if (errno !== undefined) return { ...known, operation: binds ? 'bind' : 'connect' };
    return { ...known, operation: 'connect', cause: 'not-about-ports', explanation: `connect() failed, but not for want of a port: ${error.slice(0, 120).replace(/[.\s]+$/, '')}` };
  }
  if (op === 'listen') return errno === undefined ? undefined : { ...known, operation: call === 'listen' ? 'listen' : 'bind' };
  if (error.startsWith('i/o timeout')) return { ...known, operation: 'unknown', cause: 'timed-out' };
  return errno === undefined ? undefined : { ...known, operation: operationOf(op, protocol, errno) };
}

function operationOf(op: string, protocol: 'tcp' | 'udp', errno: ErrnoName): LoggedOperation {
  return op === 'write' && (protocol === 'udp' || errno === 'EPERM') ? 'send' : 'unknown';
}

/** The name was not resolved; why not is a failed dial to the name server, as often as its answer. */
function readLookup(error: string, program: string): Reading {
  const inner = OP_ERROR.exec(error);
  const read = inner === null ? undefined : readOpError(inner, error);
  if (read?.errno !== undefined && read.errno !== 'EAI_NONAME') return { ...read, program, lead: 'The name was not resolved because the query to the name server could not be sent' };
  const name = /^lookup (?<name>[^\s:]{1,255})/.exec(error)?.groups?.['name'];
  return { program, operation: 'unknown', errno: 'EAI_NONAME', cause: 'name-not-resolved', remote: hostOf(name) };
}

/** Source and destination of a dial, address of a listener. */
function endsOf(op: string, at: string | undefined): readonly [string | undefined, string | undefined] {
  if (at === undefined) return [undefined, undefined];
  if (op === 'listen' || op === 'accept') return [at, undefined];
  const arrow = at.indexOf('->');
  return arrow < 0 ? [undefined, at] : [at.slice(0, arrow), at.slice(arrow + 2)];
}

/** What the text around Go's error shows of the program. */
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/userland proxy|driver failed programming|failed to bind host port|failed to set up container networking|Ports are not available/, 'Docker'],
  [/cannot open hostport|failed to setup network for sandbox|\bcontainerd\b/, 'containerd'],
  [/rootlessport/, 'Podman'],
  [/can't open (?:node )?port|\bkube-proxy\b/, 'kube-proxy'],
  [/\bkubelet\b|(?:Liveness|Readiness|Startup) probe/, 'kubelet'],
  [/\betcd\b|etcdmain|etcdserver/, 'etcd'],
  [/failed to open listener on address|\bgrafana\b/, 'Grafana'],
  [/Error starting HTTP server|Unable to start web listener|\bprometheus\b/, 'Prometheus'],
  [/plugin\/errors|^Listen: listen /, 'CoreDNS'],
  [/error opening listener|error preparing (?:https )?server|\btraefik\b/, 'Traefik'],
  [/loading (?:new|initial) config|\bcaddy\b/, 'Caddy'],
];

function programOf(text: string): string {
  return PROGRAMS.find(([pattern]) => pattern.test(text))?.[1] ?? 'Go';
}
