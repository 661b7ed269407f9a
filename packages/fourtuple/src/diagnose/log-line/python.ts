import { endpoint, endpointIn, endpointOf } from './endpoint.ts';
import { errnoByNumber, errnoOf } from './errno.ts';
import { group, type LineFamily, type LoggedEndpoint, type Reading } from './failure.ts';
import { readAny } from './generic.ts';
import { callOfStack } from './stack.ts';

const PYTHON = 'Python';
const TUPLE = String.raw`\('(?<host>[^'\n]{0,255})', (?<port>\d{1,5})[^)\n]{0,40}\)`;

/** Python, its web servers and its clients. */
export const python: LineFamily = {
  signs: ['connection in use: (', "can't connect to ('", 'invalid address: (', 'that port is already in use', 'is in use by another program', 'cannot connect to host', 'failed to establish a new connection', 'connect call failed', 'error while attempting to bind', 'max retries exceeded'],
  rules: [
    {
      pattern: new RegExp(`error while attempting to bind on address ${TUPLE}: (?<text>[^\\n"]{1,80})`),
      read: (found) => ({ program: PYTHON, operation: 'bind', protocol: 'tcp', errno: errnoOf(group(found, 'text')), local: tupleOf(found) }),
    },
    { pattern: /\[Errno (?<number>\d{1,3})\] Connect call failed /, read: (_, text) => readConnectCalls(text) },
    {
      pattern: new RegExp(`Connection in use: ${TUPLE}`),
      read: (found) => ({ program: 'gunicorn', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: tupleOf(found), lead: 'The text says connection, but means the listening socket' }),
    },
    {
      pattern: new RegExp(`Can't connect to ${TUPLE}`),
      read: (found) => ({ program: 'gunicorn', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: tupleOf(found), alternatives: ['address-not-local'], lead: 'The text says connect, but gunicorn gave up after bind() had failed five times' }),
    },
    {
      pattern: new RegExp(`Invalid address: ${TUPLE}`),
      read: (found) => ({ program: 'gunicorn', operation: 'bind', protocol: 'tcp', errno: 'EADDRNOTAVAIL', local: tupleOf(found) }),
    },
    {
      pattern: /Port (?<port>\d{1,5}) is in use by another program/,
      read: (found) => ({ program: 'Flask', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', local: endpoint('', group(found, 'port')), lead: 'The text blames another program, but this program itself may hold the port as well' }),
    },
    { pattern: /That port is already in use/, read: () => ({ program: 'Django', operation: 'bind', protocol: 'tcp', errno: 'EADDRINUSE', alternatives: [] }) },
    {
      pattern: /Cannot connect to host (?<at>[\w.:*%[\]-]{1,300}) ssl:[^\s[]{1,200} ?\[(?<text>[^\]\n]{1,200})\]/,
      read: (found) => {
        const remote = endpointOf(group(found, 'at'));
        const errno = errnoOf(group(found, 'text'));
        if (errno !== undefined || group(found, 'text')?.startsWith('Connect call failed') !== true) return readConnect('aiohttp', errno, remote);
        return { program: 'aiohttp', operation: 'connect', protocol: 'tcp', cause: 'refused', alternatives: ['timed-out', 'unreachable'], remote };
      },
    },
    {
      pattern: /Failed to establish a new connection: (?<text>[^\n]{1,160})/,
      read: (found, text) => {
        const pool = /HTTPS?ConnectionPool\(host='(?<host>[^'\n]{1,255})', port='?(?<port>\d{1,5})/.exec(text);
        return readConnect('urllib3', errnoOf(group(found, 'text')), pool === null ? undefined : tupleOf(pool));
      },
    },
    { pattern: /\[Errno (?<number>\d{1,3})\] (?<text>[^\n]{1,100})/, read: readOsError },
  ],
};

/** asyncio names the call, and with several addresses puts their errors in one text. */
function readConnectCalls(text: string): Reading | undefined {
  const calls = [...text.matchAll(/\[Errno (?<number>\d{1,3})\] (?:Connect call failed (?<at>\('[^)\n]{1,280}\)))?/g)];
  const failures = calls.map((call) => ({ errno: errnoByNumber(call.groups?.['number']), at: call.groups?.['at'] }));
  const chosen = failures.find(({ errno }) => errno !== 'EADDRNOTAVAIL') ?? failures[0];
  if (chosen?.errno === undefined) return undefined;
  const remote = chosen.at === undefined ? undefined : endpointIn(chosen.at);
  const without6 = failures.length > 1 && chosen.errno !== 'EADDRNOTAVAIL' && failures.some(({ errno }) => errno === 'EADDRNOTAVAIL');
  return {
    program: PYTHON,
    operation: 'connect',
    protocol: 'tcp',
    errno: chosen.errno,
    remote,
    alternatives: without6 ? [] : undefined,
    lead: without6 ? 'Of the addresses of this name the IPv6 one could not be used (Cannot assign requested address: no IPv6 here, no matter of ports), and' : undefined,
  };
}

/** A client that binds a source address (source_address, local_addr) says nothing else when that fails. */
function readConnect(program: string, errno: Reading['errno'], remote: LoggedEndpoint | undefined): Reading | undefined {
  if (errno === undefined) return undefined;
  if (errno === 'EADDRINUSE') return { program, operation: 'bind', protocol: 'tcp', errno, remote, lead: 'The text says connection, but only bind() of a source address gives this error' };
  return { program, operation: 'connect', protocol: 'tcp', errno, remote };
}

function readOsError(found: RegExpExecArray, text: string): Reading | undefined {
  const errno = errnoOf(group(found, 'text')) ?? errnoByNumber(group(found, 'number'));
  if (errno === undefined) return undefined;
  if (errno !== 'EADDRINUSE' && errno !== 'EADDRNOTAVAIL') {
    const any = readAny(text, { name: errno, index: found.index });
    return any === undefined ? undefined : { ...any, program: PYTHON };
  }
  const call = callOfStack(text);
  if (call === 'source') return { program: PYTHON, operation: 'bind', errno, cause: errno === 'EADDRINUSE' ? 'bind-pool-empty' : 'address-not-local' };
  const clients = /ConnectError|ConnectionError|ConnectTimeout|connecting to|Can't connect|server ?selection|urlopen error|\bcreate_connection\b/i;
  const operation = call ?? (clients.test(text) ? 'connect' : undefined);
  const at = endpointIn(text);
  if (operation === 'connect') return { ...readConnect(PYTHON, errno, at), protocol: undefined };
  if (operation === 'bind' || errno === 'EADDRINUSE') return { program: PYTHON, operation: 'bind', errno, local: at };
  return { program: PYTHON, operation: 'unknown', errno, mentioned: at };
}

function tupleOf(found: RegExpExecArray): LoggedEndpoint | undefined {
  return endpoint(found.groups?.['host'], group(found, 'port'));
}
