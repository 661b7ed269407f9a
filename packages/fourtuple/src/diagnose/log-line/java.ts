import { endpoint, endpointIn, endpointOf, hostOf, javaEndpointOf } from './endpoint.ts';
import { errnoOf, type ErrnoName } from './errno.ts';
import { group, type LineFamily, type LoggedEndpoint, type LoggedOperation, type Reading } from './failure.ts';
import { callOfStack } from './stack.ts';

const JAVA = 'Java';
const AT = String.raw`(?<at>[\w.:*%\[\]/<>-]{1,300})`;

/** The JVM, Netty, Spring Boot, Tomcat, Jetty, and servers on them. */
export const java: LineFamily = {
  signs: ['component [connector', 'end point associated with protocolhandler', 'was already in use', 'unknownhostexception', 'sockettimeoutexception', 'connecttimeoutexception', 'failed to bind to', 'unable to bind to address', 'port already in use', 'bindexception', 'connectexception', 'noroutetohostexception', 'nativeioexception', 'connection is not available, request timed out'],
  rules: [
    {
      pattern: /Port (?<port>\d{1,5}) was already in use/,
      read: (found) => ({ program: 'Spring Boot', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')) }),
    },
    {
      pattern: new RegExp(`Socket server failed to bind to (?<at>[\\w.:\\[\\]-]{1,300}): (?<text>[^\\n"]{1,80})`),
      read: (found) => ({ program: 'Kafka', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /Bind(?:Http|Transport)Exception(?:\[|: )Failed to bind to (?:(?<host>[\w.:%-]{1,255}):)?\[(?<port>\d{1,5})(?<range>-\d{1,5})?\]/,
      read: (found) => ({
        program: 'Elasticsearch',
        operation: 'bind',
        protocol: 'tcp',
        errno: 'EADDRINUSE',
        local: endpoint(group(found, 'host'), group(found, 'port')),
        alternatives: ['address-not-local'],
        lead: group(found, 'range') === undefined ? undefined : 'Every port of the range was tried',
      }),
    },
    {
      pattern: /Unable to bind to address (?<at>[\w./:[\]-]{1,300})/,
      read: (found, text) => ({ program: 'Cassandra', operation: 'bind', protocol: 'tcp', errno: errnoOf(text) ?? 'EADDRNOTAVAIL', local: javaEndpointOf(group(found, 'at')?.replace(/\.$/, '')) }),
    },
    {
      pattern: /Port already in use: (?<port>\d{1,5})/,
      read: (found) => ({ program: 'Java RMI', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')) }),
    },
    {
      pattern: /Failed to (?:start|initialize) component \[?Connector\["?[\w/.-]{1,60}-(?<port>\d{1,5})"?\]|Failed to initialize end point associated with ProtocolHandler \["?[a-z-]{1,40}-(?<other>\d{1,5})"?\]/,
      read: (found, text) => {
        const errno = errnoOf(text);
        return { program: 'Tomcat', operation: 'bind', protocol: 'tcp', errno: errno ?? 'EADDRINUSE', local: endpoint('', group(found, 'port') ?? group(found, 'other')), alternatives: errno === undefined ? ['address-not-local', 'port-privileged'] : undefined };
      },
    },
    {
      pattern: /Failed to bind to (?!address )(?<at>[\w./:[\]-]{1,300})/,
      read: (found, text) => ofErrno(text, (errno) => ({ program: JAVA, operation: 'bind', errno, local: javaEndpointOf(group(found, 'at')) })),
    },
    {
      pattern: new RegExp(`NativeIoException: (?<call>bind|connect|finishConnect|connectAddresses|syscall:\\w{1,20}|io_uring \\w{1,20})\\(\\.\\.\\)(?: failed(?: with error\\(-?\\d{1,3}\\))?)?: (?<text>[A-Za-z' ]{4,60})(?:: ${AT})?`),
      read: (found) => readNetty(group(found, 'call')?.includes('bind') === true ? 'bind' : 'connect', group(found, 'text'), group(found, 'at')),
    },
    {
      pattern: new RegExp(`Annotated(?<kind>Connect|Socket|NoRouteToHost)Exception: (?:(?<call>finishConnect|connect|bind)\\(\\.\\.\\) failed: )?(?<text>[A-Za-z' ]{4,60}): ${AT}`),
      read: (found) => readNetty('connect', group(found, 'text'), group(found, 'at')),
    },
    {
      pattern: new RegExp(`ConnectTimeoutException: (?:[Cc]onnection timed out(?: after \\d{1,9} ms)?: ${AT})?`),
      read: (found) => ({ program: JAVA, operation: 'connect', protocol: 'tcp', cause: 'timed-out', remote: javaEndpointOf(group(found, 'at')) }),
    },
    {
      pattern: new RegExp(`HttpHostConnectException: Connect to ${AT}(?: \\[[^\\]\n]{1,300}\\])? failed: (?<text>[^\n]{4,120})`),
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        return errno === undefined ? undefined : { program: JAVA, operation: 'connect', protocol: 'tcp', errno, remote: javaEndpointOf(group(found, 'at')) };
      },
    },
    {
      pattern: /(?<kind>Bind|Connect|NoRouteToHost|Socket)Exception: (?<text>[A-Z][A-Za-z' ]{3,60})(?: ?\((?<hint>[A-Za-z ]{3,40})\)|: (?<call>connect|bind|JVM_Bind|NET_Bind|Bind|no further information)\b)?/,
      read: readException,
    },
    {
      pattern: /UnknownHostException: (?<name>[^\s:,)"]{1,255})/,
      read: (found) => ({ program: JAVA, operation: 'unknown', errno: 'EAI_NONAME', remote: hostOf(group(found, 'name')) }),
    },
    {
      pattern: /SocketTimeoutException: (?<what>[Cc]onnect timed out|[Rr]ead timed out|timeout)/,
      read: (found, text) => ({ program: JAVA, operation: group(found, 'what')?.toLowerCase().startsWith('connect') === true ? 'connect' : 'unknown', protocol: 'tcp', cause: 'timed-out', remote: endpointIn(text) }),
    },
    {
      pattern: /Connection is not available, request timed out/,
      read: () => ({ program: 'HikariCP', operation: 'unknown', cause: 'not-about-ports', explanation: "The program's own pool of connections had none free in time: the pool is too small or its connections are held too long; ports are not what is missing" }),
    },
  ],
};

function ofErrno(text: string, reading: (errno: ErrnoName) => Reading): Reading | undefined {
  const errno = errnoOf(text);
  return errno === undefined ? undefined : reading(errno);
}

function readNetty(operation: LoggedOperation, text: string | undefined, at: string | undefined): Reading | undefined {
  const errno = errnoOf(text);
  if (errno === undefined) return undefined;
  const where = javaEndpointOf(at);
  if (operation === 'bind') return { program: 'Netty', operation, errno, local: where };
  if (errno === 'EADDRINUSE') return { program: 'Netty', operation: 'bind', errno, remote: where, lead: 'The text says connect, but only bind() of a local address gives this error' };
  return { program: 'Netty', operation, errno, remote: where };
}

/**
 * The class of the exception does not tell the call: the JDK throws BindException for EADDRNOTAVAIL of connect() too,
 * and before NIO it threw NoRouteToHostException.
 */
function readException(found: RegExpExecArray, text: string): Reading | undefined {
  const kind = group(found, 'kind');
  const errno = errnoOf(group(found, 'text'));
  if (errno === undefined) return undefined;
  const hint = `${group(found, 'hint') ?? ''}${group(found, 'call') ?? ''}`.toLowerCase();
  const at = endpointOfJava(text);
  const ports = errno === 'EADDRINUSE' || errno === 'EADDRNOTAVAIL';
  if (errno === 'EADDRINUSE' && /^connect$|no further/.test(hint)) {
    return { program: JAVA, operation: 'connect', protocol: 'tcp', errno, cause: 'no-free-port', alternatives: [], remote: at, lead: 'Windows writes this when connect() has no port left' };
  }
  if (hint.includes('connect') || (kind !== 'Bind' && kind !== 'Socket' && !(ports && hint.includes('bind')))) {
    const lead = kind === 'NoRouteToHost' && errno === 'EADDRNOTAVAIL' ? 'The exception speaks of a route, but there is one' : undefined;
    return { program: JAVA, operation: 'connect', protocol: 'tcp', errno, remote: at, lead };
  }
  const call = callOfStack(text);
  if (call === 'connect') return { program: JAVA, operation: errno === 'EADDRINUSE' ? 'bind' : 'connect', errno, remote: at, lead: ports ? 'The exception is called BindException, but it was connect() that failed' : undefined };
  if (call === 'datagram') return { program: JAVA, operation: 'bind', protocol: 'udp', errno, local: at, alternatives: errno === 'EADDRINUSE' ? ['udp-ports-empty'] : undefined };
  if (call === 'source') return { program: JAVA, operation: 'bind', protocol: 'tcp', errno, cause: errno === 'EADDRINUSE' ? 'bind-pool-empty' : undefined, alternatives: errno === 'EADDRINUSE' ? ['port-taken'] : undefined, remote: at };
  if (call !== undefined || hint.includes('bind') || (kind === 'Bind' && errno !== 'EADDRNOTAVAIL')) return { program: JAVA, operation: 'bind', errno, local: at };
  if (errno === 'EADDRNOTAVAIL') {
    const connects = /HttpHostConnect|connect to |connecting to |I\/O error on (?:GET|POST|PUT|DELETE|PATCH|HEAD) request|Non HTTP response code/i.test(text);
    if (connects) return { program: JAVA, operation: 'connect', protocol: 'tcp', errno, remote: at, lead: kind === 'Bind' ? 'The exception is called BindException, but it was connect() that failed' : undefined };
    return { program: JAVA, operation: 'unknown', errno, mentioned: at, lead: 'The JDK throws this exception for bind() and for connect()' };
  }
  return { program: JAVA, operation: 'unknown', errno, remote: at };
}

function endpointOfJava(text: string): LoggedEndpoint | undefined {
  const slashed = /(?<![\w/])[\w.-]{0,255}\/(?<at>\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}|\[[0-9a-f:.]{2,46}\]:\d{1,5})/i.exec(text)?.groups?.['at'];
  return slashed === undefined ? endpointIn(text) : endpointOf(slashed);
}
