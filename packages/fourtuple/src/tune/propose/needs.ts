import { endpointText, grouped, percent, plural, type PortRange } from '../../model/index.ts';
import type { TupleUsage } from '../../usage/index.ts';
import type { Draft } from './draft.ts';
import type { Situation } from './situation.ts';

/** Above half of a pool connect() slows down: the cliff. */
const HALF = 0.5;
const NEARLY_FULL = 0.8;
/** A pool of fewer ports was made small on purpose, or is nobody's. */
const UNPRIVILEGED = 1024;

/** The widest range that is good here: from the first unprivileged port on; of a Kubernetes node above its NodePorts. */
export function widestRange({ settings, isKubernetesNode }: Situation): PortRange {
  const start = Math.max(UNPRIVILEGED, settings.unprivilegedPortStart ?? UNPRIVILEGED);
  // The kernel refuses a low end below ip_unprivileged_port_start.
  return { low: Math.min(isKubernetesNode ? Math.max(32_768, start) : start, settings.localPortRange.low), high: 65_535 };
}

/** What this namespace needs by what is seen in it, whatever it is for. */
export function needs(situation: Situation, draft: Draft): void {
  const { usage, settings } = situation;
  for (const { port } of usage.listenersInRange) {
    const service = situation.services.find(({ low, high }) => port >= low && port <= high);
    draft.reserve(service ?? { low: port, high: port, name: 'a listener', source: 'listener' });
  }
  if (draft.isExhausted) {
    draft.widen(widestRange(situation), `Every port of the range ${settings.localPortRange.low}-${settings.localPortRange.high} is reserved: no connect() and no bind(address, 0) finds one.`);
    draft.note('Every port of the range is reserved: no connect() finds one. Take ports out of net.ipv4.ip_local_reserved_ports that are nobody\'s.');
  }
  const worst = usage.tuples.length === 0 ? undefined : usage.tuples.at(0);
  const pool = usage.bindPools.find(({ protocol, source, ratio, used }) => protocol === 'tcp' && !source.isUnspecified && ratio >= HALF && used > 0);
  if (worst !== undefined && worst.ratio >= HALF) {
    draft.widen(widestRange(situation), `${tupleText(worst)} has ${grouped(worst.used)} of ${grouped(worst.capacity)} ports in use (${percent(worst.ratio)}): above half of them connect() takes 10 to 100 times as long, and when they are gone it fails.`);
    reuse(situation, draft, worst);
  } else if (pool !== undefined) {
    draft.widen(widestRange(situation), `bind(${pool.source.toString()}, 0) has ${grouped(pool.free)} of ${grouped(pool.capacity)} ports left (${percent(pool.ratio)} used).`);
    draft.note('The programs bind their source address: IP_BIND_ADDRESS_NO_PORT in them, or no source address, gives each destination its own ports, which no setting does.');
  }
  mend(situation, draft);
  if (settings.tcpTwReuse !== 0 && !settings.tcpTimestamps) timestamps(draft);
}

/** Lets connect() take over TIME_WAIT, where that is what fills the fullest tuple. */
function reuse({ settings }: Situation, draft: Draft, worst: TupleUsage): void {
  const young = worst.timeWait - worst.reusableTimeWait;
  const isCovered = settings.tcpTimestamps && settings.tcpTwReuse === 2 && (worst.source.isLoopback || worst.destination.isLoopback);
  if (young * 10 < worst.used || isCovered) return;
  const delay = settings.tcpTwReuseDelayMs;
  draft.number({
    key: 'net.ipv4.tcp_tw_reuse',
    value: 1,
    direction: 'exactly',
    why: `${grouped(young)} of the ${grouped(worst.used)} used ports of ${tupleText(worst)} are in TIME_WAIT${settings.tcpTwReuse === 2 ? ', and tcp_tw_reuse is 2, which covers loopback alone' : ''}.`,
    gain: (ports) => `A port is there again ${grouped(delay)} ms after its connection instead of 61 s: at most ${grouped(Math.floor(ports / (delay / 1000)))} connections a second to each destination instead of ${grouped(Math.floor(ports / 61.1))}.`,
    risk: 'Both ends need TCP timestamps. It helps outgoing connections alone, not a server that cannot bind.',
  });
  if (!settings.tcpTimestamps) timestamps(draft);
}

function timestamps(draft: Draft): void {
  draft.number({ key: 'net.ipv4.tcp_timestamps', value: 1, direction: 'exactly', why: 'TCP timestamps are off: without them tcp_tw_reuse does nothing.', gain: 'TIME_WAIT of outgoing connections can be reused, when the other side has timestamps too.', risk: '12 bytes more a segment, of new connections.' });
}

/** Settings that do harm, and queues and tables that overflow. */
function mend({ settings, counters, usage, read }: Situation, draft: Draft): void {
  const fin = settings.tcpFinTimeoutSeconds;
  if (fin !== undefined && (fin < 1 || (fin > 60 && fin < 90))) {
    draft.number({ key: 'net.ipv4.tcp_fin_timeout', value: 60, direction: 'exactly', why: `tcp_fin_timeout is ${fin}: FIN_WAIT2 then lasts ${fin < 1 ? 'less than a second' : `${2 * (fin - 60)} s`}, shorter than with 60.`, gain: 'Peers that are slow to close are not reset.', risk: 'None: it is the default.' });
  }
  const overflows = counters['TcpExt.ListenOverflows'] ?? 0;
  if (overflows > 0) {
    draft.number({ key: 'net.core.somaxconn', value: 4096, direction: 'at-least', why: `Accept queues overflowed ${plural(overflows, 'time')}, and somaxconn is below the default.`, gain: 'A listener can hold 4,096 connections that wait for accept(), if its own backlog allows it.', risk: 'Services must call listen() again: restart them. Longer queues hide a slow service.' });
  }
  const limit = settings.tcpMaxTwBuckets;
  const held = usage.sockets.timeWait;
  if (limit !== undefined && limit >= 0 && ((counters['TcpExt.TCPTimeWaitOverflow'] ?? 0) > 0 || held >= limit * NEARLY_FULL) && limit < 131_072) {
    draft.number({ key: 'net.ipv4.tcp_max_tw_buckets', value: 262_144, direction: 'at-least', why: `TIME_WAIT was skipped ${plural(counters['TcpExt.TCPTimeWaitOverflow'] ?? 0, 'time')} at a limit of ${grouped(limit)}, with ${grouped(held)} there now.`, gain: 'Late packets of a connection do not meet its successor.', risk: 'About 0.3 kB of kernel memory for each TIME_WAIT, and each holds its port for 61 s.' });
  }
  const count = counters['conntrack.count'];
  const most = settings.conntrackMax;
  if (count !== undefined && most !== undefined && most > 0 && count / most >= NEARLY_FULL && read('net.netfilter.nf_conntrack_max') !== undefined) {
    draft.number({ key: 'net.netfilter.nf_conntrack_max', value: most * 2, direction: 'at-least', why: `Connection tracking is ${percent(count / most)} full: ${grouped(count)} of ${grouped(most)} entries. Full, it drops new connections.`, gain: `${grouped(most)} connections more.`, risk: `Up to ${grouped(Math.round((most * 320) / 2 ** 20))} MiB of kernel memory more.` });
  }
}

function tupleText(tuple: TupleUsage): string {
  return `${tuple.source.toString()} → ${endpointText(tuple.destination, tuple.destinationPort)}`;
}
