import { endpoint, endpointIn, erlangHostOf } from './endpoint.ts';
import { errnoByName } from './errno.ts';
import { group, type LineFamily, type LoggedEndpoint, type Reading } from './failure.ts';

const ATOM = '(?<atom>eaddrinuse|eaddrnotavail|eacces|emfile|enfile|econnrefused|etimedout|ehostunreach|enetunreach|eafnosupport|enobufs)';
const ADDRESS = String.raw`(?<ip>\{\d{1,5}(?:,\s{0,12}\d{1,5}){3,7}\})`;

/** Erlang and Elixir: RabbitMQ, EMQX, Phoenix. The errno is an atom in lower case. */
export const erlang: LineFamily = {
  signs: ['could_not_start_listener', 'could not bind to distribution port', 'could_not_start_tcp_listener'],
  rules: [
    {
      pattern: /could not bind to distribution port (?<port>\d{1,5})/,
      read: (found) => ({ program: 'RabbitMQ', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')), lead: 'The text says that another node uses the port, but any socket does' }),
    },
    {
      pattern: new RegExp(`could_not_start_(?:tcp_)?listener,\\s{0,20}"(?<host>[\\w.:*-]{1,255})",\\s{0,20}(?<port>\\d{1,5})(?:,\\s{0,20}${ATOM})?`),
      read: (found) => ({ program: 'RabbitMQ', operation: 'bind', protocol: 'tcp', errno: errnoByName(group(found, 'atom')) ?? 'EADDRINUSE', local: endpoint(group(found, 'host'), group(found, 'port')) }),
    },
    {
      pattern: new RegExp(`Failed to start Ranch listener (?<name>[^\\n]{1,1500}?) for reason :?${ATOM}\\b`, 's'),
      read: readRanch,
    },
    {
      pattern: new RegExp(`listen_error,\\s{0,20}(?:\\{acceptor,\\s{0,20}${ADDRESS},\\s{0,20}(?<port>\\d{1,5})\\}|(?<name>[\\w.':@"]{1,200})),\\s{0,20}:?${ATOM}\\b`),
      read: (found) => ({ program: 'Ranch (Erlang)', operation: 'bind', protocol: 'tcp', errno: errnoByName(group(found, 'atom')), local: endpoint(erlangHostOf(group(found, 'ip')), group(found, 'port')) }),
    },
    { pattern: new RegExp(`(?<![A-Za-z0-9_])${ATOM}(?![A-Za-z0-9_])`), read: readAtom },
  ],
};

function readRanch(found: RegExpExecArray): Reading {
  const name = group(found, 'name') ?? '';
  const acceptor = new RegExp(`acceptor,\\s{0,20}${ADDRESS},\\s{0,20}(?<port>\\d{1,5})`).exec(name)?.groups;
  const port = /\{:?port,\s{0,20}(?<port>\d{1,5})\}|\bport: (?<other>\d{1,5})/.exec(name)?.groups;
  const ip = new RegExp(`\\{:?ip,\\s{0,20}${ADDRESS}|\\bip: ${ADDRESS.replace('<ip>', '<other>')}`).exec(name)?.groups;
  return {
    program: 'Ranch (Erlang)',
    operation: 'bind',
    protocol: 'tcp',
    errno: errnoByName(group(found, 'atom')),
    local: endpoint(erlangHostOf(acceptor?.['ip'] ?? ip?.['ip'] ?? ip?.['other']), acceptor?.['port'] ?? port?.['port'] ?? port?.['other']),
  };
}

/**
 * gen_tcp:connect() with {ip, …} binds that address, and old releases bound one always: then a connect that ran out of
 * ports reports eaddrinuse.
 */
function readAtom(found: RegExpExecArray, text: string): Reading | undefined {
  const errno = errnoByName(group(found, 'atom'));
  if (errno === undefined) return undefined;
  const program = 'Erlang';
  const at = tupleIn(text);
  const connects = /connect(?:ion)?[ _]error|\bconnect\b|gen_tcp:connect|:gen_tcp\.connect|EXIT for|client\(\d|shutdown,\s?e/i.test(text);
  const listens = /\blisten|listener|acceptor|gen_udp:open|:gen_udp\.open|\bbind\b/i.test(text);
  if (errno === 'EADDRINUSE') {
    if (connects && !listens) return { program, operation: 'bind', errno, remote: at, cause: 'bind-pool-empty', lead: 'The text says connect, but Erlang binds the local address first, and that failed' };
    return { program, operation: 'bind', errno, local: at };
  }
  if (errno === 'EADDRNOTAVAIL') {
    // bind() of a client's {ip, …} that is not on this host ends in the same atom.
    if (connects && !listens) return { program, operation: 'connect', errno, remote: at, alternatives: ['address-not-local', 'no-ipv6'] };
    if (listens && !connects) return { program, operation: 'bind', errno, local: at };
    return { program, operation: 'unknown', errno, mentioned: at };
  }
  if (errno === 'EACCES') return listens ? { program, operation: 'bind', errno, local: at } : undefined;
  return { program, operation: errno === 'EMFILE' || errno === 'ENFILE' ? 'unknown' : 'connect', errno, remote: at };
}

function tupleIn(text: string): LoggedEndpoint | undefined {
  const found = new RegExp(`${ADDRESS},\\s{0,20}(?<port>\\d{1,5})(?!\\d)`).exec(text)?.groups;
  return endpoint(erlangHostOf(found?.['ip']), found?.['port']) ?? endpointIn(text);
}
