import { endpoint, endpointIn, endpointOf } from './endpoint.ts';
import { errnoByNumber, errnoOf } from './errno.ts';
import { group, type LineFamily, type Reading } from './failure.ts';
import { callOfStack } from './stack.ts';

const RUST = 'Rust';
const DOTNET = '.NET';

/** Rust (hyper, reqwest, tokio, Deno) and .NET. */
export const native: LineFamily = {
  signs: ['failed to bind to address', 'unable to bind to http', 'tcp connect error', 'tcp bind local error'],
  rules: [
    {
      pattern: /tcp bind local error/,
      read: (_, text) => ({ program: rustOf(text), operation: 'bind', protocol: 'tcp', errno: errnoOf(text), remote: endpointIn(text) ?? hostOfUrl(text), cause: errnoOf(text) === 'EADDRINUSE' ? 'bind-pool-empty' : undefined }),
    },
    {
      pattern: /tcp connect error|error trying to connect|client error \(Connect\)/,
      read: (_, text) => {
        const errno = errnoOf(text);
        return errno === undefined ? undefined : { program: rustOf(text), operation: 'connect', protocol: 'tcp', errno, remote: endpointIn(text) ?? hostOfUrl(text) };
      },
    },
    {
      pattern: /\b(?<kind>AddrInUse|AddrNotAvailable|ConnectionRefused|PermissionDenied|TimedOut|ConnectionReset|HostUnreachable|NetworkUnreachable): (?<text>[A-Z][a-z ]{4,60}) \(os error (?<number>\d{1,3})\)/,
      read: (found, text) => readKind('Deno', errnoByNumber(group(found, 'number')) ?? errnoOf(group(found, 'text')), text),
    },
    {
      pattern: /\bOs ?\{ ?code: (?<number>\d{1,3}), kind: (?<kind>\w{3,30})/,
      read: (found, text) => readKind(rustOf(text), errnoByNumber(group(found, 'number')), text),
    },
    {
      pattern: /\(os error (?<number>\d{1,5})\)/,
      read: (found, text) => readKind(RUST, errnoByNumber(group(found, 'number')), text),
    },
    {
      pattern: /Unable to bind to (?<url>https?:\/\/(?<host>[\w.:[\]-]{1,255}):(?<port>\d{1,5})) on the (?<family>IPv[46]) loopback interface: '(?<text>[^'\n]{4,80})'/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        const without = errno === 'EADDRNOTAVAIL' && group(found, 'family') === 'IPv6';
        return { program: 'Kestrel (.NET)', operation: 'bind', protocol: 'tcp', errno, cause: without ? 'no-ipv6' : undefined, local: endpoint(group(found, 'host'), group(found, 'port')) };
      },
    },
    {
      pattern: /Failed to bind to address (?:https?:\/\/)?(?<at>[\w.:*[\]-]{1,300}): (?<text>[a-z][^\n"]{3,80})/,
      read: (found) => ({ program: 'Kestrel (.NET)', operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: endpointOf(group(found, 'at')) }),
    },
    {
      pattern: /HttpRequestException: (?<text>[^\n(]{4,120}) \((?<at>[\w.:[\]-]{1,300})\)/,
      read: (found) => {
        const errno = errnoOf(group(found, 'text'));
        const remote = endpointOf(group(found, 'at'));
        if (errno === 'EADDRINUSE') return { program: DOTNET, operation: 'bind', protocol: 'tcp', errno, remote, lead: 'The text is of a request, but only bind() of its local address gives this error' };
        return errno === undefined ? undefined : { program: DOTNET, operation: 'connect', protocol: 'tcp', errno, remote };
      },
    },
    {
      pattern: /SocketException(?: \((?:0x[0-9A-Fa-f]{8}, )?(?<number>\d{1,5})\))?: (?<text>[^\n[(]{4,120})/,
      read: (found, text) => {
        if (!/System\.Net|\(\d{1,5}\): /.test(text)) return undefined;
        const errno = errnoOf(group(found, 'text')) ?? errnoByNumber(group(found, 'number'));
        if (errno === undefined) return undefined;
        // Socket.Connect() appends the address to the text, Socket.Bind() does not.
        const written = /^[^\n]{0,160}? (?<at>\[?[0-9a-fA-F.:]{2,46}\]?:\d{1,5})(?!\d)/.exec(text.slice(found.index, found.index + 400))?.groups?.['at'];
        const at = written === undefined ? endpointIn(text) : endpointOf(written);
        const call = callOfStack(text);
        if (call === 'connect' && errno === 'EADDRINUSE') return { program: DOTNET, operation: 'bind', errno, remote: at };
        if (call === 'connect' || (errno !== 'EADDRINUSE' && errno !== 'EADDRNOTAVAIL' && errno !== 'EACCES')) return { program: DOTNET, operation: 'connect', errno, remote: at };
        if (call !== undefined || errno !== 'EADDRNOTAVAIL') return { program: DOTNET, operation: 'bind', errno, local: at };
        if (written !== undefined && at !== undefined) return { program: DOTNET, operation: 'connect', errno, remote: at };
        return { program: DOTNET, operation: 'unknown', errno, mentioned: at };
      },
    },
  ],
};

/** Deno is written in Rust, and shows where its own modules are. */
function rustOf(text: string): string {
  return /\bext:deno_|\bDeno\b/.test(text) ? 'Deno' : RUST;
}

function readKind(program: string, errno: Reading['errno'], text: string): Reading | undefined {
  if (errno === undefined) return undefined;
  const at = endpointIn(text);
  const call = callOfStack(text);
  const server = call === 'bind' || /\b(?:[Bb]ind(?:ing)?|[Ll]isten(?:er|ing)?|[Ss]erve)\b/.test(text);
  const client = call === 'connect' || /\b[Cc]onnect(?:ing|ion)?\b(?! refused| reset| timed)|\brequest\b/.test(text);
  if (errno === 'EADDRINUSE') return client && !server ? { program, operation: 'bind', errno, remote: at } : { program, operation: 'bind', errno, local: at };
  if (errno === 'EADDRNOTAVAIL' || errno === 'EACCES') {
    if (server && !client) return { program, operation: 'bind', errno, local: at };
    if (client && !server) return { program, operation: 'connect', errno, remote: at };
    return errno === 'EACCES' ? undefined : { program, operation: 'unknown', errno, mentioned: at };
  }
  return undefined;
}

function hostOfUrl(text: string): Reading['remote'] {
  const found = /(?<scheme>https?):\/\/(?<host>[\w.-]{1,255}|\[[0-9a-f:.]{2,46}\])[/"')\s]/i.exec(text);
  return found === null ? undefined : endpoint(group(found, 'host'), group(found, 'scheme') === 'https' ? '443' : '80');
}
