import { familyOf } from './endpoint.ts';
import { explain } from './explain.ts';
import type { LoggedCause, LoggedFailure, Reading } from './failure.ts';

/** What follows from the call that failed and its errno. */
export function conclude(reading: Reading): LoggedFailure {
  const cause = reading.cause ?? causeOf(reading);
  const alternatives = (reading.alternatives ?? alternativesOf(cause, reading)).filter((other) => other !== cause);
  const { program, operation = 'unknown', protocol, errno, local, remote, mentioned } = reading;
  return { cause, alternatives, program, operation, protocol, errno, local, remote, mentioned, explanation: explain(cause, alternatives, reading) };
}

function causeOf(reading: Reading): LoggedCause {
  const { errno, operation = 'unknown', protocol, local, remote } = reading;
  const binds = operation === 'bind' || operation === 'listen';
  switch (errno) {
    case 'EADDRINUSE':
      // No connect() gives EADDRINUSE: a program that says so bound a source address before.
      if ((operation !== 'connect' && remote === undefined && local?.port !== 0) || Boolean(local?.port)) return 'port-taken';
      return protocol === 'udp' ? 'udp-ports-empty' : 'bind-pool-empty';
    case 'EADDRNOTAVAIL':
      if (binds) return 'address-not-local';
      return operation === 'connect' ? 'no-free-port' : 'ambiguous';
    case 'EACCES':
      return binds && (local?.port === undefined || local.port < 1024) ? 'port-privileged' : 'permission';
    case 'EPERM':
      return operation === 'send' || protocol === 'udp' ? 'conntrack-full' : 'permission';
    case 'EAGAIN':
      return protocol === 'udp' || operation === 'send' || (operation === 'connect' && protocol === undefined) ? 'udp-ports-empty' : 'not-about-ports';
    case 'EMFILE':
    case 'ENFILE':
      return 'descriptors';
    case 'ECONNREFUSED':
      return 'refused';
    case 'ETIMEDOUT':
      return 'timed-out';
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return 'reset';
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
    case 'ENETUNREACH':
    case 'ENETDOWN':
      return 'unreachable';
    case 'EAFNOSUPPORT':
      return 'no-ipv6';
    case 'ENOBUFS':
    case 'ENOMEM':
      return 'memory';
    case 'EAI_NONAME':
    case 'EAI_AGAIN':
      return 'name-not-resolved';
    case undefined:
      return 'not-about-ports';
  }
}

function alternativesOf(cause: LoggedCause, { errno, operation, protocol, local, remote }: Reading): readonly LoggedCause[] {
  const mayBeIpv6 = (host: string | undefined): boolean => host === undefined || host === '' || familyOf(host) !== 'ipv4';
  switch (cause) {
    case 'port-taken':
      return local?.port === undefined ? [protocol === 'udp' ? 'udp-ports-empty' : 'bind-pool-empty'] : [];
    case 'no-free-port':
      return mayBeIpv6(remote?.host) && (local?.port ?? 0) === 0 ? ['no-ipv6'] : [];
    case 'address-not-local':
      return mayBeIpv6(local?.host) ? ['no-ipv6'] : [];
    case 'ambiguous':
      return errno === 'EADDRNOTAVAIL' ? ['no-free-port', 'address-not-local', 'no-ipv6'] : [];
    case 'port-privileged':
      return local?.port === undefined ? ['permission'] : [];
    case 'udp-ports-empty':
      // connect() to a Unix socket says EAGAIN when its server's accept queue is full.
      return protocol === undefined && errno === 'EAGAIN' && operation === 'connect' ? ['backlog'] : [];
    case 'conntrack-full':
      return errno === 'EPERM' ? ['permission'] : [];
    case 'timed-out':
      // A full accept queue and a full conntrack table drop SYNs: the client sees nothing but time.
      return operation === 'connect' ? ['backlog', 'conntrack-full'] : [];
    default:
      return [];
  }
}
