import { endpoint, endpointIn, endpointOf, hostOf } from './endpoint.ts';
import { errnoByName, type ErrnoName } from './errno.ts';
import { group, type LineFamily, type LoggedEndpoint, type LoggedOperation, type Reading } from './failure.ts';

const NODE = 'Node.js';

/** libuv keeps EADDRINUSE of bind() and gives it out at the call that follows. */
const BIND_SHOWS_AT_CONNECT = 'The text says connect, but it was bind() that failed (libuv reports its EADDRINUSE one call later)';

const operations: Readonly<Record<string, LoggedOperation>> = { connect: 'connect', listen: 'listen', bind: 'bind', send: 'send', sendmmsg: 'send' };

/** Node.js, Deno and Bun. */
export const node: LineFamily = {
  signs: ['failed to start server. is port', 'und_err_connect_timeout', 'connect timeout error', 'fetch failed', 'socket hang up', 'getaddrinfo ', 'connect einval'],
  rules: [
    {
      pattern: /Failed to start server\. Is port (?<port>\d{1,5}) in use\?/,
      read: (found) => ({
        program: 'Bun',
        operation: 'listen',
        protocol: 'tcp',
        errno: 'EADDRINUSE',
        local: endpoint('', group(found, 'port')),
        alternatives: ['address-not-local', 'port-privileged'],
        lead: 'The text asks, since every failure to listen writes it',
      }),
    },
    {
      pattern: /(?<![\w.])(?<call>connect|listen|bind|sendmmsg|send|read|write|accept|getaddrinfo|query[A-Z][a-z]{0,4}) (?<code>E[A-Z0-9_]{2,19})\b(?<message>: (?:address already in use|address not available|permission denied|operation not permitted|[a-z]{3,20} [a-z ]{3,40}))?(?: (?<at>[^\s"'`,)}<>]{1,300}))?(?: - Local \((?<local>[^\s)]{1,100})\))?/,
      read: (found) => readCall(group(found, 'call') ?? '', group(found, 'code') ?? '', endpointOfNode(group(found, 'at'), group(found, 'call')), endpointOfNode(group(found, 'local')), isPath(group(found, 'at'))),
    },
    {
      pattern: /\bsyscall["']?\s{0,3}[:=]\s{0,3}["']?(?<call>[a-z]{3,12})\b/,
      read: (found, text) => {
        const code = field(text, 'code', '[A-Z_0-9]{3,20}');
        const address = field(text, 'address', '[^\\s"\',}]{1,255}');
        const at = endpoint(address ?? field(text, 'hostname', '[^\\s"\',}]{1,255}'), field(text, 'port', '\\d{1,5}'));
        const local = endpoint(field(text, 'localAddress', '[^\\s"\',}]{1,255}'), field(text, 'localPort', '\\d{1,5}'));
        return code === undefined ? undefined : readCall(group(found, 'call') ?? '', code, at, local, isPath(address));
      },
    },
    {
      pattern: /(?<code>E[A-Z]{4,19}|ConnectionRefused|FailedToOpenSocket): (?:Was there a typo in the url or port|Unable to connect\. Is the computer able to access the url)\?/,
      read: (found, text) => {
        const errno = errnoByName(group(found, 'code')) ?? (group(found, 'code') === 'ConnectionRefused' ? 'ECONNREFUSED' : undefined);
        return { program: 'Bun', operation: 'connect', protocol: 'tcp', errno, cause: errno === undefined ? 'ambiguous' : undefined, remote: endpointIn(text), lead: errno === 'EADDRNOTAVAIL' ? 'The text suspects a typing error, but there is none' : undefined };
      },
    },
    {
      pattern: /Connect Timeout Error(?: \(attempted address(?:es)?: (?<at>[^\s,)]{1,300}))?/,
      read: (found) => ({ program: NODE, operation: 'connect', protocol: 'tcp', cause: 'timed-out', remote: endpointOf(group(found, 'at')) }),
    },
    { pattern: /UND_ERR_CONNECT_TIMEOUT/, read: () => ({ program: NODE, operation: 'connect', protocol: 'tcp', cause: 'timed-out' }) },
    {
      pattern: /AggregateError \[(?<code>E[A-Z]{3,19})\]/,
      read: (found) => readCall('connect', group(found, 'code') ?? '', undefined, undefined, false),
    },
    { pattern: /\b(?<code>EMFILE|ENFILE): [a-z ]{4,40}, /, read: (found) => ({ program: NODE, operation: 'unknown', errno: errnoByName(group(found, 'code')) }) },
    { pattern: /socket hang up/, read: () => ({ program: NODE, operation: 'unknown', protocol: 'tcp', errno: 'ECONNRESET' }) },
    {
      pattern: /\bgetaddrinfo failed\b|\bgetaddrinfo: /,
      read: () => ({ operation: 'unknown', errno: 'EAI_NONAME' }),
    },
    {
      pattern: /TypeError: fetch failed|TypeError: Failed to fetch/,
      read: (_, text) =>
        /\[cause\]|Caused by: |os error|\bE(?:ADDR|CONN|TIMED|HOST|NET|AI_|NOTFOUND|PIPE|AGAIN)/.test(text)
          ? undefined
          : {
              program: NODE,
              operation: 'connect',
              protocol: 'tcp',
              cause: 'ambiguous',
              explanation: 'fetch() hides why it failed: the errno is in the cause of the error (error.cause), which this line does not show',
            },
    },
  ],
};

function readCall(call: string, code: string, at: LoggedEndpoint | undefined, local: LoggedEndpoint | undefined, path: boolean): Reading | undefined {
  const errno = /^E(?:NOTFOUND|NODATA|SERVFAIL|REFUSED|TIMEOUT|AI_NONAME|AI_NODATA)$/.test(code) && /^(?:getaddrinfo|query)/.test(call) ? 'EAI_NONAME' : errnoByName(code);
  const operation = operations[call] ?? 'unknown';
  if (path) return ofUnixSocket(operation, errno);
  if (errno === undefined) return operation === 'unknown' ? undefined : { program: NODE, operation, cause: 'not-about-ports', remote: at, explanation: `${call}() failed with ${code}, which is a matter of its arguments, not of free ports` };
  const common = { program: NODE, errno, protocol: protocolOf(call) } as const;
  if (operation === 'listen' || operation === 'bind') {
    // The port is left out when it is 0: the kernel was to choose one. Only datagram sockets bind like that.
    const unchosen = at !== undefined && at.port === undefined;
    const local = unchosen ? { host: at.host, port: 0 } : at;
    return { ...common, operation, local, protocol: unchosen && operation === 'bind' && errno === 'EADDRINUSE' ? 'udp' : common.protocol };
  }
  if (errno === 'EADDRINUSE' && operation === 'connect') return { ...common, operation: 'bind', local, remote: at, lead: BIND_SHOWS_AT_CONNECT };
  return { ...common, operation, local: at === undefined ? undefined : local, remote: at };
}

function ofUnixSocket(operation: LoggedOperation, errno: ErrnoName | undefined): Reading {
  return {
    program: NODE,
    operation,
    errno,
    cause: errno === 'EAGAIN' ? 'backlog' : 'not-about-ports',
    explanation: 'The address is a path, so this is a Unix socket: it has no port (a file that a dead server left behind keeps its name taken)',
  };
}

function protocolOf(call: string): 'tcp' | 'udp' | undefined {
  if (call.startsWith('send')) return 'udp';
  // bind is what both a datagram socket and connect() with localPort call.
  return call === 'connect' || call === 'listen' ? 'tcp' : undefined;
}

/** `10.0.0.9:5432`, `:::3000`, `::1:8080`, `db.example` of getaddrinfo. */
function endpointOfNode(text: string | undefined, call = ''): LoggedEndpoint | undefined {
  if (text === undefined || text === '-' || isPath(text)) return undefined;
  if (!/^(?:getaddrinfo|query)/.test(call) && !/[.:]/.test(text)) return undefined;
  // Old releases wrote null for the address that they had left to the kernel.
  return endpointOf(text.replace(/^null:/, ':')) ?? hostOf(text);
}

function isPath(text: string | undefined): boolean {
  return text !== undefined && /^(?:\/|\\\0|\\\\)/.test(text);
}

/** The value of a field as util.inspect() and JSON write it, on one line or several. */
function field(text: string, name: string, value: string): string | undefined {
  return new RegExp(`(?<![\\w$])["']?${name}["']?\\s{0,3}[:=]\\s{0,3}["']?(?<value>${value})`).exec(text)?.groups?.['value'];
}
