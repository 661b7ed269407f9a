import { endpointIn } from './endpoint.ts';
import { isCommon, type ErrnoName, type FoundErrno } from './errno.ts';
import type { LoggedOperation, Reading } from './failure.ts';
import { callOfStack } from './stack.ts';

/** Words of a call, as programs of no known form write them. */
const CALLS = /(?<bind>\bbind(?:ing|s)?\b|\bbound\b|\blisten(?:ing|er|ers)?\b|make_sock|TcpListener)|(?<connect>\bconnect(?:ing|or|ed|ion)?\b(?! (?:refused|reset|timed|aborted))|\bdial(?:ing)?\b|\bupstream\b|ConnectError)|(?<send>\bsend(?:to|msg|ing)?\b)/gi;

const NETWORK = /\b(?:bind|listen|connect|socket|sendto|sendmsg|send|udp|tcp|accept4?|upstream|getsockopt|recv)\b/i;

/** How far around the error its call is looked for. */
const BEFORE = 240;
const AFTER = 160;

/** An errno in a text of no known form: the nearest word before it, else after it, tells the call. */
export function readAny(text: string, { name: errno, index }: FoundErrno): Reading | undefined {
  if (isCommon(errno) && !NETWORK.test(text)) return undefined;
  const operation = callOfStack(text) ?? nearestCall(text, index);
  const at = endpointIn(text);
  const protocol = /\bUDP\b|\budp[46]?\b|\bDatagramSocket\b/.test(text) ? 'udp' : /\bTCP\b|\btcp[46]?\b/.test(text) ? 'tcp' : undefined;
  const common = { errno, protocol } as const;
  if (operation === 'datagram') return { ...common, operation: 'bind', protocol: 'udp', local: at };
  if (operation === 'source') return { ...common, operation: 'bind', cause: errno === 'EADDRINUSE' ? 'bind-pool-empty' : undefined };
  if (errno === 'EADDRINUSE') {
    // Where no call is named it was bind() all the same: nothing else fails with it.
    if (operation !== 'connect') return { ...common, operation: 'bind', local: at };
    return { ...common, operation: 'bind', remote: at, cause: 'bind-pool-empty', alternatives: ['port-taken'], lead: 'The text says connect, but only bind() of a local address gives this error' };
  }
  if (operation === 'bind') return { ...common, operation: ofBind(errno), local: at };
  if (operation === 'connect' || operation === 'send') return { ...common, operation, remote: at };
  return { ...common, operation: 'unknown', mentioned: at };
}

function ofBind(errno: ErrnoName): LoggedOperation {
  return errno === 'EADDRNOTAVAIL' || errno === 'EACCES' || errno === 'EPERM' || errno === 'EAFNOSUPPORT' ? 'bind' : 'unknown';
}

function nearestCall(text: string, index: number): 'bind' | 'connect' | 'send' | undefined {
  const before = [...text.slice(Math.max(0, index - BEFORE), index).matchAll(CALLS)].at(-1);
  const found = (before ?? [...text.slice(index, index + AFTER).matchAll(CALLS)].at(0))?.groups;
  if (found === undefined) return undefined;
  if (found['bind'] !== undefined) return 'bind';
  return found['connect'] === undefined ? 'send' : 'connect';
}
