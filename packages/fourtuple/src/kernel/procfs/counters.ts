import type { Counters } from '../../model/counters.ts';
import type { ProcFs } from './files.ts';

type Mutable = Record<string, number>;

/** The counters that say something about ports, of the four hundred that the kernel keeps. */
export const portCounters: ReadonlySet<string> = new Set([
  'Tcp.ActiveOpens',
  'Tcp.PassiveOpens',
  'Tcp.AttemptFails',
  'Tcp.EstabResets',
  'Tcp.CurrEstab',
  'TcpExt.TW',
  'TcpExt.TWRecycled',
  'TcpExt.TWKilled',
  'TcpExt.TCPTimeWaitOverflow',
  'TcpExt.PAWSActive',
  'TcpExt.PAWSEstab',
  'TcpExt.ListenOverflows',
  'TcpExt.ListenDrops',
  'TcpExt.TCPReqQFullDoCookies',
  'TcpExt.TCPReqQFullDrop',
  'TcpExt.SyncookiesSent',
  'TcpExt.TCPSynRetrans',
  'TcpExt.TCPAbortOnMemory',
  'TcpExt.TCPAbortOnTimeout',
  'Udp.NoPorts',
  'Udp.RcvbufErrors',
  'Udp.SndbufErrors',
]);

/** Reads the counters that say something about ports, of one namespace. Missing files are left out. */
export function readCounters(proc: ProcFs, net: string): Mutable {
  const counters: Mutable = {};
  for (const file of ['netstat', 'snmp']) parsePairs(proc.tryRead(`${net}/${file}`) ?? '', counters, portCounters);
  for (const file of ['sockstat', 'sockstat6']) parseSockstat(proc.tryRead(`${net}/${file}`) ?? '', file, counters);
  const conntrackCount = proc.tryRead('sys/net/netfilter/nf_conntrack_count');
  if (conntrackCount !== undefined) counters['conntrack.count'] = Number(conntrackCount);
  parseConntrack(proc.tryRead(`${net}/stat/nf_conntrack`) ?? '', counters);
  return counters;
}

/** The kernel's own counts of a namespace's TCP sockets. */
export interface TcpCount {
  /** Listening, connecting, connected, closing: those in its hash tables. */
  readonly hashed: number;
  /** TIME_WAIT, and FIN_WAIT2 of closed sockets. */
  readonly buckets: number;
}

/** @param net folder of the namespace in /proc */
export function countTcp(proc: ProcFs, net: string): TcpCount {
  const counters: Mutable = {};
  for (const file of ['sockstat', 'sockstat6']) parseSockstat(proc.tryRead(`${net}/${file}`) ?? '', file, counters);
  return tcpCountOf(counters);
}

/** A namespace's sockets of all families, and its TIME_WAIT: in one small file, to tell a busy host from others. */
export function countSockets(proc: ProcFs, net: string): number {
  const text = proc.tryRead(`${net}/sockstat`) ?? '';
  const numberAfter = (name: string): number => {
    const at = text.indexOf(name);
    return at < 0 ? 0 : Number.parseInt(text.slice(at + name.length), 10);
  };
  return numberAfter('used ') + numberAfter('tw ');
}

/** The same of counters that were read already. */
export function tcpCountOf(counters: Counters): TcpCount {
  const of = (name: string): number => counters[name] ?? 0;
  return { hashed: of('sockstat.TCP.inuse') + of('sockstat6.TCP6.inuse'), buckets: of('sockstat.TCP.tw') };
}

/** /proc/net/netstat and snmp: pairs of lines `Group: names…` and `Group: values…`. @param wanted all when left out. */
export function parsePairs(text: string, into: Mutable, wanted?: ReadonlySet<string>): void {
  const lines = text.split('\n');
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const colon = lines[index]!.indexOf(':');
    const group = lines[index]!.slice(0, colon);
    if (colon < 0 || !lines[index + 1]!.startsWith(`${group}:`)) continue;
    if (wanted !== undefined && group !== 'TcpExt' && group !== 'Tcp' && group !== 'Udp') continue;
    const names = lines[index]!.split(' ');
    const values = lines[index + 1]!.split(' ');
    for (let field = 1; field < names.length; field++) {
      const name = `${group}.${names[field]!}`;
      if (names[field] === '' || values[field] === undefined || (wanted !== undefined && !wanted.has(name))) continue;
      const value = Number(values[field]);
      if (Number.isFinite(value)) into[name] = value;
    }
  }
}

/** /proc/net/sockstat: lines `TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1`. Only inuse and tw are of one namespace. */
export function parseSockstat(text: string, file: string, into: Mutable): void {
  for (const line of text.split('\n')) {
    const [group, ...fields] = line.trim().split(/\s+/);
    if (group?.endsWith(':') !== true) continue;
    for (let field = 0; field + 1 < fields.length; field += 2) {
      const value = Number(fields[field + 1]);
      if (Number.isFinite(value)) into[`${file}.${group.slice(0, -1)}.${fields[field]!}`] = value;
    }
  }
}

/** /proc/net/stat/nf_conntrack: a line of names, then one line of hexadecimal counts a CPU. */
export function parseConntrack(text: string, into: Mutable): void {
  const [head, ...rows] = text.trim().split('\n');
  if (head === undefined || head === '') return;
  const names = head.trim().split(/\s+/);
  for (const row of rows) {
    const values = row.trim().split(/\s+/);
    names.forEach((name, index) => {
      const value = Number.parseInt(values[index] ?? '', 16);
      // `entries` repeats the whole namespace's count on every line.
      if (name !== 'entries' && Number.isFinite(value)) into[`conntrack.${name}`] = (into[`conntrack.${name}`] ?? 0) + value;
    });
  }
}
