import type { SocketCursor, SocketSink } from './socket-cursor.ts';
import { UNKNOWN } from './socket-cursor.ts';

/** The byte order of this machine, and so of the kernel's records. */
export const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Word offsets in struct inet_diag_msg (include/uapi/linux/inet_diag.h); an IPv4 address is the first word of its four. */
export const Word = { head: 0, ports: 1, local: 2, remote: 6, interface: 10, expires: 13, inode: 17 } as const;

/** The second word of an IPv4-mapped address, `::ffff:`, as it lies in memory. */
const MAPPED_MARK = isLittleEndian ? 0xffff_0000 | 0 : 0x0000_ffff;

/** The most records of one run: a datagram holds some 300. */
export const RECORDS = 1024;

/**
 * A run of socket records as the kernel wrote them, still in the receive buffer: nothing is copied or converted before
 * it is wanted, so that counting a million sockets costs some twenty nanoseconds each. Valid until the sink returns.
 */
export class SocketRecords {
  /** The buffer, in words; addresses and ports in network order, everything else in the host's. */
  readonly words: Int32Array;
  /** Where each record begins, in words. */
  readonly starts = new Int32Array(RECORDS);
  /** IP_BIND_ADDRESS_NO_PORT of each record: 1, 0, or UNKNOWN. */
  readonly noPort = new Int8Array(RECORDS).fill(UNKNOWN);
  /** Of each record the number of its process in the OwnerIndex, where the source knows it; -1 where its inode shall tell. */
  owners: Int32Array | undefined;
  length = 0;

  constructor(words: Int32Array) {
    this.words = words;
  }
}

/** A sink that also takes whole runs of connected TCP sockets; what is special comes one by one all the same. */
export interface RecordSink extends SocketSink {
  take(records: SocketRecords): void;
  /** True for one that has no use for `noPort`: to read it takes a look at the end of each record. */
  readonly ignoresNoPort?: boolean;
}

/** The first byte in memory: an address's first number, a record's family. */
export const firstByteOf = isLittleEndian ? (word: number): number => word & 0xff : (word: number): number => word >>> 24;
export const familyOf = firstByteOf;
export const stateOf = isLittleEndian ? (head: number): number => (head >>> 8) & 0xff : (head: number): number => (head >>> 16) & 0xff;
const timerOf = isLittleEndian ? (head: number): number => (head >>> 16) & 0xff : (head: number): number => (head >>> 8) & 0xff;
const retransmitsOf = isLittleEndian ? (head: number): number => head >>> 24 : (head: number): number => head & 0xff;

/** The local port of the word of ports, in host order. */
export const localPortOf = isLittleEndian ? (ports: number): number => ((ports & 0xff) << 8) | ((ports >>> 8) & 0xff) : (ports: number): number => ports >>> 16;
/** The remote port of the word of ports, as it is keyed by: in network order. */
export const remotePortOnWire = isLittleEndian ? (ports: number): number => ports >>> 16 : (ports: number): number => ports & 0xffff;

/** A port between host and network order, either way. */
export const swapPort = isLittleEndian ? (port: number): number => ((port & 0xff) << 8) | (port >>> 8) : (port: number): number => port;

/** An address word between host and network order, either way, as an unsigned number. */
export const swapWord = isLittleEndian
  ? (word: number): number => ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
  : (word: number): number => word >>> 0;

/** True when the four words from `at` are an IPv4-mapped address. */
export function isMappedAt(words: Int32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MAPPED_MARK;
}

/** Fills the cursor from record number `index`: what counting needs; queues, cookie, user, cgroup and mark stay as they were. */
export function readRecord(records: SocketRecords, index: number, into: SocketCursor): void {
  const { words } = records;
  const at = records.starts[index]!;
  const head = words[at]!;
  const ports = words[at + Word.ports]!;
  into.family = familyOf(head);
  into.state = stateOf(head);
  into.timer = timerOf(head);
  into.retransmits = retransmitsOf(head);
  into.localPort = localPortOf(ports);
  into.remotePort = swapPort(remotePortOnWire(ports));
  if (into.family === 2) {
    into.local0 = into.local1 = into.remote0 = into.remote1 = 0;
    into.local2 = into.remote2 = 0xffff;
    into.local3 = swapWord(words[at + Word.local]!);
    into.remote3 = swapWord(words[at + Word.remote]!);
  } else {
    into.local0 = swapWord(words[at + Word.local]!);
    into.local1 = swapWord(words[at + Word.local + 1]!);
    into.local2 = swapWord(words[at + Word.local + 2]!);
    into.local3 = swapWord(words[at + Word.local + 3]!);
    into.remote0 = swapWord(words[at + Word.remote]!);
    into.remote1 = swapWord(words[at + Word.remote + 1]!);
    into.remote2 = swapWord(words[at + Word.remote + 2]!);
    into.remote3 = swapWord(words[at + Word.remote + 3]!);
  }
  into.interfaceIndex = words[at + Word.interface]!;
  into.expiresMs = words[at + Word.expires]!;
  into.inode = words[at + Word.inode]! >>> 0;
  into.noPort = records.noPort[index]!;
  into.v6Only = UNKNOWN;
}
