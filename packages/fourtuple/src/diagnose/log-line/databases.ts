import { endpoint, endpointIn, endpointOf, hostOf } from './endpoint.ts';
import { errnoByNumber, errnoOf, type ErrnoName } from './errno.ts';
import { group, type LineFamily, type Reading } from './failure.ts';

const POSTGRES = 'PostgreSQL';
const MARIADB = 'MariaDB/MySQL';
const TEXT = "(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})";

/** Databases, their poolers and their client libraries. */
export const databases: LineFamily = {
  signs: [
    'is another postmaster already running',
    'could not create listen socket for',
    'could not create any tcp/ip sockets',
    'already have another server running',
    'already have another mysqld server running',
    'bind on tcp/ip port',
    'retrying bind on tcp/ip port',
    "can't connect to mysql server",
    "can't connect to server on",
    'failed listening on port',
    'could not create server tcp listening socket',
    'failed to listen on tcp port',
    'failed to listen on one of interface(s)',
    'failed to listen on udp port',
    'too many connections',
    'remaining connection slots',
    'too many clients already',
    'no more connections allowed',
    'failed to set up sockets during startup',
  ],
  rules: [
    {
      pattern: new RegExp(`could not bind (?<family>IPv[46]|Unix) (?:address|socket)(?: to address)? "(?<host>[^"\\n]{1,255})": ${TEXT}`),
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        if (group(found, 'family') === 'Unix') return { program: POSTGRES, operation: 'bind', errno, cause: 'not-about-ports', explanation: 'The address is a path, so this is a Unix socket: it has no port' };
        return { program: POSTGRES, operation: 'bind', protocol: 'tcp', errno, local: hostOf(group(found, 'host')), lead: 'The port stands in the hint after it (5432 unless it was configured)' };
      },
    },
    {
      pattern: /Is another postmaster already running on port (?<port>\d{1,5})/,
      read: (found) => ({ program: POSTGRES, operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')), lead: 'The hint suspects another postmaster, but any socket on the port does it' }),
    },
    {
      pattern: /could not create (?:listen socket for "(?<host>[^"\n]{1,255})"|any TCP\/IP sockets)/,
      read: (found) => ({ program: POSTGRES, operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: hostOf(group(found, 'host')), alternatives: ['address-not-local', 'no-ipv6'], lead: 'PostgreSQL writes the errno in a line before' }),
    },
    {
      pattern: new RegExp(`connection to server (?:at|on) "(?<name>[^"\\n]{1,255})"(?: \\((?<address>[^)\\n]{1,100})\\))?, port (?<port>\\d{1,5}) failed: ${TEXT}`),
      read: (found) => ofClient('libpq (PostgreSQL client)', errnoOf(group(found, 'text')), endpoint(group(found, 'address') ?? group(found, 'name'), group(found, 'port'))),
    },
    {
      pattern: new RegExp(`could not connect to server: ${TEXT}`),
      read: (found, text) => {
        const at = /running on host "(?<name>[^"\n]{1,255})"(?: \((?<address>[^)\n]{1,100})\))? and accepting\s{1,4}TCP\/IP connections on port (?<port>\d{1,5})/.exec(text);
        return ofClient('libpq (PostgreSQL client)', errnoOf(group(found, 'text')), at === null ? undefined : endpoint(group(at, 'address') ?? group(at, 'name'), group(at, 'port')));
      },
    },
    {
      pattern: /(?<text>remaining connection slots are reserved|too many clients already|Too many connections|no more connections allowed \(max_client_conn\))/,
      read: (found, text) => ({
        program: limiterOf(group(found, 'text') ?? '', text),
        operation: 'unknown',
        protocol: 'tcp',
        cause: 'not-about-ports',
        explanation: "The server's own limit of connections (max_connections, max_client_conn) is reached; ports are not what is missing",
      }),
    },
    {
      pattern: new RegExp(`(?:sbuf_connect failed|connect\\(\\) failed|connect failed): ${TEXT}`),
      read: (found, text) => ofClient(/pgbouncer|sbuf/.test(text) ? 'PgBouncer' : undefined, errnoOf(group(found, 'text')), endpointIn(text)),
    },
    {
      pattern: new RegExp(`cannot listen on (?<at>[\\w.:*[\\]/-]{1,300}): (?:bind|listen)\\(\\): ${TEXT}`),
      read: (found) => ({ program: 'PgBouncer', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /Can't start server: Bind on TCP\/IP port[:.] (?:Got error:? )?(?:(?<number>\d{1,3}): )?(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})?/,
      read: (found) => ({ program: MARIADB, operation: 'bind', protocol: 'tcp', errno: errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text')), lead: 'The port stands in the next line (3306 unless it was configured)' }),
    },
    {
      pattern: /Do you already have another (?:mysqld )?server running on port: ?(?<port>\d{1,5})/,
      read: (found) => ({
        program: MARIADB,
        operation: 'bind',
        protocol: 'tcp',
        errno: 'EADDRINUSE',
        local: endpoint('', group(found, 'port')),
        alternatives: ['address-not-local', 'port-privileged'],
        lead: 'The text asks after another server, as it does after every failed bind(), but as a rule there is none',
      }),
    },
    {
      pattern: /Retrying bind on TCP\/IP port (?<port>\d{1,5})/,
      read: (found) => ({ program: MARIADB, operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')) }),
    },
    {
      pattern: /Can't connect to (?:MySQL )?server (?:on|through) '(?<at>[^'\n]{1,300})'(?::(?<port>\d{1,5}))? \((?:\[Errno )?"?(?<number>\d{1,5})/,
      read: (found) => {
        const written = endpointOf(group(found, 'at'));
        if (group(found, 'number') === '115') {
          return { program: 'MariaDB/MySQL client', operation: 'connect', protocol: 'tcp', cause: 'refused', alternatives: ['timed-out', 'unreachable'], remote: written, lead: 'The number 115 (EINPROGRESS) is not the reason but the state of a connect() that then failed' };
        }
        return ofClient('MariaDB/MySQL client', errnoByNumber(group(found, 'number')), written === undefined ? undefined : endpoint(written.host, group(found, 'port') ?? written.port?.toString()));
      },
    },
    {
      pattern: new RegExp(`Could not create server TCP listening socket (?<at>[\\w.:*%-]{1,300}): (?<call>bind|listen|unable to bind socket|[a-z]{3,20}): ${TEXT}`),
      read: (found) => ({ program: 'Redis', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /Failed listening on port (?<port>\d{1,5}) \((?:TCP|tcp|TLS|tls)\), aborting/,
      read: (found) => ({ program: 'Redis', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')), alternatives: ['address-not-local'] }),
    },
    {
      pattern: new RegExp(`Could not connect to Redis at (?<at>[\\w.:[\\]-]{1,300}): ${TEXT}`),
      read: (found) => ofClient('redis-cli', errnoOf(group(found, 'text')), endpointOf(group(found, 'at'))),
    },
    {
      pattern: /Error (?<number>\d{1,3}) connecting to (?<at>[\w.:[\]-]{1,300})\. /,
      read: (found) => ofClient('redis-py', errnoByNumber(group(found, 'number')), endpointOf(group(found, 'at'))),
    },
    {
      pattern: /failed to listen on (?<protocol>TCP|UDP) port (?<port>\d{1,5})(?:: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9}))?/,
      read: (found) => ({ program: 'memcached', operation: 'bind', protocol: group(found, 'protocol') === 'UDP' ? 'udp' : 'tcp', errno: errnoOf(group(found, 'text')) ?? 'EADDRINUSE', local: endpoint('', group(found, 'port')) }),
    },
    {
      pattern: /failed to listen on one of interface\(s\) (?<host>[^\s]{1,255}): (?<text>[A-Z][^\n"]{3,60})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        const local = hostOf(group(found, 'host')?.replace(/:$/, ''));
        if (errno !== undefined) return { program: 'memcached', operation: 'bind', protocol: 'tcp', errno, local, alternatives: [] };
        return { program: 'memcached', operation: 'bind', protocol: 'tcp', cause: 'address-not-local', alternatives: ['port-privileged'], local, lead: 'The error that memcached writes here is a stale one, and the line before has the true one' };
      },
    },
    {
      pattern: new RegExp(`(?:listen\\(\\): )?bind\\(\\) failed (?:errno:\\d{1,3} )?${TEXT} for socket: (?<at>[\\w.:*[\\]/-]{1,300})`),
      read: (found) => ({ program: 'MongoDB', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /Error setting up listener|Failed to set up listener/,
      read: (_, text) => ({ program: 'MongoDB', operation: 'bind', protocol: 'tcp', errno: errnoOf(text), local: endpointIn(text) }),
    },
    {
      pattern: new RegExp(`Error connecting to (?<at>[\\w.:[\\]-]{1,300})(?: \\([^)\\n]{1,100}\\))? :: caused by :: ${TEXT}`),
      read: (found) => ofClient('MongoDB', errnoOf(group(found, 'text')), endpointOf(group(found, 'at'))),
    },
    {
      pattern: /Listen (?:\[?[\w.:*%]{1,100}\]?):\d{1,5} failed: .{0,60}?e\.code\(\) = (?<number>\d{1,3}), /,
      read: (found) => ({ program: 'ClickHouse', operation: 'bind', protocol: 'tcp', errno: errnoByNumber(group(found, 'number')), local: endpointIn(found[0]) }),
    },
  ],
};

function limiterOf(written: string, text: string): string | undefined {
  if (written.startsWith('Too')) return /\(HY000\)|\[08004\]|mysql|mariadb/i.test(text) ? MARIADB : undefined;
  return written.startsWith('no') ? 'PgBouncer' : POSTGRES;
}

function ofClient(program: string | undefined, errno: ErrnoName | undefined, remote: Reading['remote']): Reading | undefined {
  if (errno === undefined) return undefined;
  if (errno === 'EADDRINUSE') return { program, operation: 'bind', protocol: 'tcp', errno, remote, lead: 'The text says connect, but only bind() of a source address gives this error' };
  return { program, operation: 'connect', protocol: 'tcp', errno, remote };
}
