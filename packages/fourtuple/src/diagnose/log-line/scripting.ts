import { endpoint, endpointIn, endpointOf } from './endpoint.ts';
import { errnoByName, errnoByNumber, errnoOf } from './errno.ts';
import { group, type LineFamily, type LoggedEndpoint, type Reading } from './failure.ts';

const RUBY = 'Ruby';
const PHP = 'PHP';
const PERL = 'Perl';

/** Ruby, PHP and Perl. */
export const scripting: LineFamily = {
  signs: ['unable to connect to tcp://', 'unable to connect to udp://', 'fsockopen()', 'sqlstate[hy000] [2002]', 'failed to listen on', 'failed to open tcp connection', 'another fpm instance', 'unable to bind listening socket'],
  rules: [
    {
      pattern: /(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9}) - (?<call>bind|connect|listen|sendto|sendmsg|user specified timeout)(?:\(2\))?(?: for (?:(?:nil|"(?<host>[^"\n]{1,255})") port (?<port>\d{0,5})|(?<at>[\w.:*[\]-]{1,300})))?/,
      read: readRuby,
    },
    {
      pattern: /(?<function>stream_socket_client|stream_socket_server|fsockopen|pfsockopen)\(\): (?:[Uu]nable to connect to|Failed to connect to) (?<scheme>[a-z.0-9]{2,8}:\/\/)?(?<at>[^\s()]{1,300}) \((?<text>[^)\n]{3,100})\)/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        const at = endpointOf(group(found, 'at'));
        const protocol = group(found, 'scheme')?.startsWith('udp') === true ? 'udp' : 'tcp';
        if (group(found, 'function') === 'stream_socket_server') return { program: PHP, operation: 'bind', protocol, errno, local: at, lead: 'The text says connect, but stream_socket_server() binds' };
        if (errno === 'EADDRINUSE') return { program: PHP, operation: 'bind', protocol, errno, remote: at, lead: 'The text says connect, but only bind() of a source address (bindto) gives this error' };
        return { program: PHP, operation: 'connect', protocol, errno, remote: at };
      },
    },
    {
      pattern: /\((?<url>https?:\/\/[^\s)]{1,500})\): [Ff]ailed to open stream: (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        return errno === undefined ? undefined : { program: PHP, operation: 'connect', protocol: 'tcp', errno, remote: endpointIn(group(found, 'url') ?? '') };
      },
    },
    {
      pattern: /socket_(?<call>bind|connect|listen|sendto)\(\): [Uu]nable to [a-z ]{3,40} \[(?<number>\d{1,3})\]: /,
      read: (found) => {
        const call = group(found, 'call');
        return { program: PHP, operation: call === 'connect' ? 'connect' : call === 'sendto' ? 'send' : 'bind', errno: errnoByNumber(group(found, 'number')) };
      },
    },
    {
      pattern: /SQLSTATE\[HY000\] \[2002\] (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found, text) => ({ program: 'PHP (PDO)', operation: 'connect', protocol: 'tcp', errno: errnoOf(group(found, 'text')), remote: endpointOfPdo(text) }),
    },
    {
      pattern: /Failed to listen on (?<at>[\w.:*[\]-]{1,300}) \(reason: (?<text>[^)\n]{3,100})\)/,
      read: (found) => ({ program: PHP, operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /unable to bind listening socket for address '(?<at>[^'\n]{1,255})': (?<text>[^\n(]{3,80})(?: \((?<number>\d{1,3})\))?/,
      read: (found) => {
        const at = group(found, 'at') ?? '';
        const errno = errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text'));
        return at.startsWith('/') ? unixSocket('PHP-FPM', errno) : { program: 'PHP-FPM', operation: 'bind', protocol: 'tcp', errno, local: endpointOf(at) };
      },
    },
    {
      pattern: /An?other FPM instance seems to already listen on (?<at>\S{1,255})/i,
      read: (found) => ((group(found, 'at') ?? '').startsWith('/') ? unixSocket('PHP-FPM', 'EADDRINUSE') : { program: 'PHP-FPM', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /(?:IO::Socket::INET6?|IO::Socket::IP): (?<call>connect|bind|listen)?:? ?(?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => readPerl(group(found, 'call'), group(found, 'text')),
    },
    {
      pattern: /Could not connect to '(?<at>[\w.:[\]-]{1,300})': (?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})/,
      read: (found) => ({ ...readPerl('connect', group(found, 'text')), remote: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /Can't connect to (?<at>[\w.:[\]-]{1,300}) \((?<text>[A-Z][A-Za-z']{1,20}(?: [A-Za-z']{1,20}){1,9})\)/,
      read: (found) => ({ ...readPerl('connect', group(found, 'text')), remote: endpointOf(group(found, 'at')) }),
    },
  ],
};

function readRuby(found: RegExpExecArray): Reading | undefined {
  const errno = errnoOf(group(found, 'text')) ?? (group(found, 'call') === 'user specified timeout' ? errnoByName('ETIMEDOUT') : undefined);
  if (errno === undefined) return undefined;
  // An empty port is that of a client that binds its local address only.
  const at = endpoint(group(found, 'host'), found.groups?.['port'] === '' ? '0' : group(found, 'port')) ?? endpointOf(group(found, 'at'));
  const call = group(found, 'call') ?? '';
  if (call === 'bind' || call === 'listen') return { program: RUBY, operation: call, errno, local: at };
  if (call.startsWith('send')) return { program: RUBY, operation: 'send', protocol: 'udp', errno, remote: at };
  if (errno === 'EADDRINUSE') return { program: RUBY, operation: 'bind', errno, remote: at, lead: 'The text says connect, but only bind() of a local address gives this error' };
  return { program: RUBY, operation: 'connect', errno, remote: at };
}

function readPerl(call: string | undefined, text: string | undefined): Reading | undefined {
  const errno = errnoOf(text);
  if (errno === undefined) return undefined;
  if (call === 'connect' && errno !== 'EADDRINUSE') return { program: PERL, operation: 'connect', errno };
  if (call !== undefined || errno === 'EADDRINUSE') return { program: PERL, operation: 'bind', errno };
  return { program: PERL, operation: 'unknown', errno };
}

function endpointOfPdo(text: string): LoggedEndpoint | undefined {
  const found = /\(Connection: \w{1,40}, (?:[^()\n]{0,200}?)Host: (?<host>[\w.:-]{1,255}), Port: (?<port>\d{1,5})/.exec(text);
  return found === null ? endpointIn(text) : endpoint(group(found, 'host'), group(found, 'port'));
}

function unixSocket(program: string, errno: Reading['errno']): Reading {
  return { program, operation: 'bind', errno, cause: 'not-about-ports', explanation: 'The address is a path, so this is a Unix socket: it has no port' };
}
