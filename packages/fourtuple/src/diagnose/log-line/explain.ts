import { loggedEndpointText } from './endpoint.ts';
import type { LoggedCause, LoggedEndpoint, Reading } from './failure.ts';

/** One sentence: what really failed. A reading's lead says first where the text misleads. */
export function explain(cause: LoggedCause, alternatives: readonly LoggedCause[], reading: Reading): string {
  if (reading.explanation !== undefined) return `${reading.explanation}.`;
  const besides = alternatives.includes('no-ipv6') ? (ALSO_NO_IPV6[cause] ?? '') : '';
  const sentence = `${sentenceOf(cause, reading)}${besides}`;
  return reading.lead === undefined ? `${capital(sentence)}.` : `${reading.lead}: ${sentence}.`;
}

/** The same text comes of a host without IPv6, which has nothing to do with ports. */
const ALSO_NO_IPV6: Partial<Record<LoggedCause, string>> = {
  'no-free-port': '; without IPv6 in this network namespace, connect() to an IPv6 address (localhost may be one) says the same',
  'address-not-local': '; without IPv6 in this network namespace, bind() to any IPv6 address says the same',
};

function sentenceOf(cause: LoggedCause, reading: Reading): string {
  const { operation, errno, local, remote } = reading;
  switch (cause) {
    case 'port-taken':
      return `bind()${at(local)} failed because another socket of this network namespace holds the port: a server, an outgoing connection or the TIME_WAIT of one`;
    case 'bind-pool-empty':
      return `bind() of ${sourceOf(local)} to a port of the kernel's choice found none free in ip_local_port_range: bound like that, the connections to all destinations share one pool of ports`;
    case 'no-free-port':
      if (local?.port) return `connect() from ${loggedEndpointText(local)}${to(remote)} failed because this very connection exists already`;
      return `connect()${to(remote)} found no free source port: for this source and destination every usable port of ip_local_port_range is taken`;
    case 'address-not-local':
      return `bind()${at(local)} failed because no interface of this network namespace has that address; it is not port exhaustion`;
    case 'port-privileged':
      return `bind()${at(local)} was refused because ports below ip_unprivileged_port_start (1024) need CAP_NET_BIND_SERVICE; nobody holds the port`;
    case 'udp-ports-empty':
      return `a UDP socket found no free local port${to(remote, 'for ')}: each holds a port of its own, whatever its destination`;
    case 'conntrack-full':
      if (errno === 'EPERM') return `the kernel dropped a packet${to(remote)} that was being sent: the conntrack table is full, or a firewall rule for outgoing packets forbids it`;
      return 'the conntrack table is full, so new connections are dropped: senders of UDP get EPERM, and connect() of TCP times out';
    case 'descriptors':
      return errno === 'ENFILE' ? 'the host has no file handles left (fs.file-max); ports are not what is missing' : 'the process has no file descriptors left (ulimit -n); ports are not what is missing';
    case 'refused':
      return `the connection${to(remote)} was refused: nothing listens there, or a firewall rejects it; it is not port exhaustion`;
    case 'timed-out':
      return `no answer came in time${to(remote, 'from ')}; a lack of local ports would have failed at once`;
    case 'reset':
      return 'an existing connection was closed by the other side; it is not port exhaustion';
    case 'unreachable':
      return `there is no route${to(remote)}, or a router or neighbour says that it is unreachable; it is not port exhaustion`;
    case 'no-ipv6':
      return 'the socket was for an address family, as a rule IPv6, that this host or container does not have; it is not port exhaustion';
    case 'name-not-resolved':
      return `the name${remote === undefined || remote.host === '' ? '' : ` ${remote.host}`} was not resolved to an address, so no connection was tried`;
    case 'memory':
      return 'the kernel had no memory or buffer for the call (tcp_mem, a full transmit queue, a full neighbour table); it is not port exhaustion';
    case 'permission':
      return `the call${operation === 'connect' || operation === 'send' ? to(remote) : at(local)} was forbidden by a firewall rule, SELinux, seccomp or a missing capability; it is not port exhaustion`;
    case 'backlog':
      return "the server's queue of connections that wait for accept() is full: it accepts too slowly, or its backlog is small; client ports are not what is missing";
    case 'ambiguous':
      if (errno === 'EADDRNOTAVAIL') return 'the text does not say which call failed: from connect() this error means that no source port was left (or no IPv6), from bind() that the address is not on this host';
      return 'the text does not say why the connection failed';
    case 'not-about-ports':
      return 'the failure that this text tells of is not one of ports';
  }
}

function at(local: LoggedEndpoint | undefined): string {
  return local === undefined ? '' : ` to ${loggedEndpointText(local)}`;
}

function to(remote: LoggedEndpoint | undefined, word = 'to '): string {
  return remote === undefined ? '' : ` ${word}${loggedEndpointText(remote)}`;
}

function sourceOf(local: LoggedEndpoint | undefined): string {
  return local === undefined || local.host === '' ? 'the source address' : local.host;
}

function capital(text: string): string {
  return /^\w{1,12}\(\)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
