import { localPortRange, RANGE, RESERVED, reservedPorts, UNPRIVILEGED, unprivilegedPortStart } from './ports.ts';
import { harmful, misread, type KeyState, type Reader, type Trap, type WriteOutcome } from './outcome.ts';
import { INT_MAX, plainNumber, plainTriple, seconds, wholeNumber } from './scalars.ts';

const octet = wholeNumber({ isSigned: false, low: 0, high: 255 });
const anyInt = (trap: (value: number) => Trap | undefined): Reader => wholeNumber({ isSigned: true, low: -INT_MAX - 1, high: INT_MAX, trap });

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [RANGE, localPortRange],
  [RESERVED, reservedPorts],
  [UNPRIVILEGED, unprivilegedPortStart],
  ['net.ipv4.ip_autobind_reuse', wholeNumber({ isSigned: false, low: 0, high: 1 })],
  ['net.ipv4.ip_nonlocal_bind', octet],
  ['net.ipv4.tcp_tw_reuse', wholeNumber({ isSigned: false, low: 0, high: 2 })],
  ['net.ipv4.tcp_tw_reuse_delay', wholeNumber({ isSigned: false, low: 1, high: 60_000 })],
  ['net.ipv4.tcp_fin_timeout', seconds(finTimeoutTrap)],
  ['net.ipv4.tcp_max_tw_buckets', anyInt((value) => (value < 0 ? misread('a negative number means no limit') : value === 0 ? harmful('with 0 there is no TIME_WAIT at all: late packets meet new connections') : undefined))],
  ['net.ipv4.tcp_timestamps', octet],
  ['net.core.somaxconn', wholeNumber({ isSigned: true, low: 0, high: INT_MAX, trap: (value) => (value === 0 ? harmful('with 0 a listener holds one connection that is not yet accepted') : undefined) })],
  ['net.ipv4.tcp_max_syn_backlog', anyInt((value) => (value < 0 ? misread('a negative number is taken without a word') : undefined))],
  ['net.ipv4.tcp_syncookies', octet],
  ['net.ipv4.tcp_abort_on_overflow', octet],
  ['net.ipv4.tcp_child_ehash_entries', wholeNumber({ isSigned: false, low: 0, high: 16_777_216 })],
  ['net.netfilter.nf_conntrack_tcp_timeout_time_wait', seconds(negativeTimeout)],
  ['net.netfilter.nf_conntrack_tcp_timeout_established', seconds(negativeTimeout)],
  ['net.netfilter.nf_conntrack_max', plainNumber],
  ['net.ipv4.tcp_max_orphans', plainNumber],
  ['fs.file-max', plainNumber],
  ['fs.nr_open', plainNumber],
  ['net.ipv4.tcp_mem', plainTriple],
  ['net.ipv4.udp_mem', plainTriple],
]);

/**
 * What the kernel makes of a value that sysctl or echo writes (they end it with a newline). Compared with the running
 * kernel for thousands of values of each key that a network namespace of its own can write.
 * @param key dotted
 * @param state other keys on which it depends: ip_local_port_range, ip_unprivileged_port_start
 */
export function writeOutcome(key: string, text: string, state: KeyState): WriteOutcome {
  return readers.get(key)?.(`${text}\n`, state) ?? { kind: 'unknown' };
}

function finTimeoutTrap(value: number): Trap | undefined {
  if (value <= 0) return harmful('FIN_WAIT2 then lasts less than a second');
  return value > 60 && value < 90 ? harmful(`above 60 FIN_WAIT2 lasts 2·(value − 60) seconds, here ${2 * (value - 60)}: shorter than with 60`) : undefined;
}

function negativeTimeout(value: number): Trap | undefined {
  return value <= 0 ? misread('connection tracking then forgets such a connection at once') : undefined;
}
