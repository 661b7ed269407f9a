import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelRelease, SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK } from '../../src/kernel/index.ts';
import { AF_INET, AF_INET6, NETLINK_SOCK_DIAG } from '../../src/kernel/libc.ts';
import { dump, NOTHING_TAKEN } from '../../src/kernel/netlink/dump.ts';
import { openKernelSocket, type KernelSocket } from '../../src/kernel/netlink/kernel-socket.ts';
import { encodeMessage, NLM_F_DUMP, NLM_F_REQUEST } from '../../src/kernel/netlink/message.ts';
import { decodeSocket } from '../../src/kernel/sock-diag/decode.ts';
import { RecordRun, takesRuns } from '../../src/kernel/sock-diag/record-run.ts';
import { encodeLegacyRequest, encodeRequest } from '../../src/kernel/sock-diag/request.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, Protocol, readRecord, SocketCursor, SocketTable, type RecordSink, type SocketRecords } from '../../src/model/index.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { rowsOf } from './hand-made.ts';
import { MixedPopulation, type Expected } from './mixed-population.ts';

export const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
/** Major and minor: what the folders of fixtures are named after. */
export const RELEASE = '6.18';

/** A captured conversation: what the kernel answered to one request, datagram by datagram. */
export interface Capture {
  /** `uname -r` of the kernel that answered. */
  readonly kernel: string;
  readonly description: string;
  readonly request: { readonly type: number; readonly protocol: number; readonly family: number; readonly states: number };
  readonly sequence: number;
  /** Lengths of the datagrams, which follow each other in the .bin file. */
  readonly datagrams: readonly number[];
  /** Errno with which it ended, if it did. */
  readonly errno: number | null;
  /** Every record, all fields, in the order of the dump. */
  readonly sockets: readonly Readonly<Record<string, number>>[];
  /** The sockets that were made for it, by their ports. */
  readonly made: readonly Expected[];
}

/** The bytes of a capture, cut into the datagrams that they were. */
export function readCapture(name: string): { capture: Capture; datagrams: Uint8Array[] } {
  const base = join(fixtures, 'netlink', RELEASE, name);
  const capture = JSON.parse(readFileSync(`${base}.json`, 'utf8')) as Capture;
  const bytes = new Uint8Array(readFileSync(`${base}.bin`));
  let at = 0;
  const datagrams = capture.datagrams.map((length) => bytes.slice(at, (at += length)));
  if (at !== bytes.length) throw new Error(`${name}.bin has ${bytes.length} bytes, its datagrams ${at}`);
  return { capture, datagrams };
}

export const captureNames = ['tcp-legacy', 'tcp-ipv4', 'tcp-ipv6', 'udp-ipv4', 'udp-ipv6', 'error-filter'] as const;

/** Keeps what it receives. */
class Recorder implements KernelSocket {
  readonly datagrams: Uint8Array[] = [];
  readonly #socket = openKernelSocket(NETLINK_SOCK_DIAG);

  send(message: Uint8Array): void {
    this.#socket.send(message);
  }

  receive(buffer: Uint8Array): number {
    const length = this.#socket.receive(buffer);
    this.datagrams.push(buffer.slice(0, length));
    return length;
  }

  close(): void {
    this.#socket.close();
  }
}

/**
 * Captures the fixtures anew from the running kernel: sock_diag's answers about a {@link MixedPopulation}, and the
 * files of /proc/net at the same moment. Run by `FOURTUPLE_CAPTURE=1 npx vitest run test/contract/fixtures.test.ts`.
 */
export function captureFixtures(): void {
  const population = new MixedPopulation();
  try {
    const states = ALL_HASHED_STATES | BOUND_INACTIVE_BIT;
    const conversation = (name: string, description: string, type: number, protocol: Protocol, family: number, bytecode?: Uint8Array): void => {
      const socket = new Recorder();
      const sequence = 1;
      const request = { protocol, states, ...(bytecode === undefined ? {} : { bytecode }) };
      socket.send(encodeMessage(type, NLM_F_REQUEST | NLM_F_DUMP, sequence, type === TCPDIAG_GETSOCK ? encodeLegacyRequest(request) : encodeRequest(request, family)));
      const buffer = new Uint8Array(65_536);
      let errno: number | null = null;
      for (;;) {
        const view = new DataView(buffer.buffer, 0, socket.receive(buffer));
        const last = lastMessage(view);
        if (last.type === 2) errno = -view.getInt32(last.at + 16, true);
        if (last.type === 2 || last.type === 3) break;
      }
      socket.close();
      const folder = join(fixtures, 'netlink', RELEASE);
      mkdirSync(folder, { recursive: true });
      const sockets = errno === null ? rowsOf(replay(socket.datagrams, protocol)).map((row) => Object.fromEntries(Object.entries(row)) as Record<string, number>) : [];
      const capture: Capture = { kernel: kernelRelease(), description, request: { type, protocol, family, states }, sequence, datagrams: socket.datagrams.map((bytes) => bytes.length), errno, sockets, made: errno === null ? population.expected.filter((one) => one.protocol === (protocol === Protocol.tcp ? 'tcp' : 'udp')) : [] };
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(capture, null, 1)}\n`);
      writeFileSync(join(folder, `${name}.bin`), Buffer.concat(socket.datagrams));
    };
    conversation('tcp-legacy', 'TCPDIAG_GETSOCK: both families in one walk', TCPDIAG_GETSOCK, Protocol.tcp, 0);
    conversation('tcp-ipv4', 'SOCK_DIAG_BY_FAMILY, AF_INET, TCP', SOCK_DIAG_BY_FAMILY, Protocol.tcp, AF_INET);
    conversation('tcp-ipv6', 'SOCK_DIAG_BY_FAMILY, AF_INET6, TCP', SOCK_DIAG_BY_FAMILY, Protocol.tcp, AF_INET6);
    conversation('udp-ipv4', 'SOCK_DIAG_BY_FAMILY, AF_INET, UDP', SOCK_DIAG_BY_FAMILY, Protocol.udp, AF_INET);
    conversation('udp-ipv6', 'SOCK_DIAG_BY_FAMILY, AF_INET6, UDP', SOCK_DIAG_BY_FAMILY, Protocol.udp, AF_INET6);
    conversation('error-filter', 'a filter program that the kernel refuses', TCPDIAG_GETSOCK, Protocol.tcp, 0, Uint8Array.of(99, 4, 8, 0));
    const net = join(fixtures, 'proc', RELEASE, 'net');
    mkdirSync(net, { recursive: true });
    for (const file of ['tcp', 'tcp6', 'udp', 'udp6', 'netstat', 'snmp', 'sockstat', 'sockstat6']) {
      writeFileSync(join(net, file), readFileSync(`/proc/thread-self/net/${file}`));
    }
  } finally {
    population.close();
  }
}

function lastMessage(view: DataView): { type: number; at: number } {
  let at = 0;
  let last = { type: 0, at: 0 };
  while (at + 16 <= view.byteLength) {
    last = { type: view.getUint16(at + 4, true), at };
    at += (view.getUint32(at, true) + 3) & ~3;
  }
  return last;
}

/**
 * Runs one captured conversation through dump() and decodeSocket(), or in runs, as sockets are counted.
 * @throws what the kernel answered, if it refused.
 */
export function replay(datagrams: readonly Uint8Array[], protocol: Protocol, inRuns = false): SocketTable {
  const table = inRuns ? new RunTable() : new SocketTable();
  const cursor = new SocketCursor();
  cursor.protocol = protocol;
  const run = takesRuns(table, protocol) ? new RecordRun(table) : undefined;
  const kernel = new FakeKernel(({ sequence }) => datagrams.map((bytes) => renumbered(bytes, sequence)));
  dump(kernel, 0, new Uint8Array(0), 'a replayed dump', {
    message: (_, view, offset, length) => {
      decodeSocket(view, offset, length, cursor);
      table.accept(cursor);
    },
    takeRun: (buffer, length, sequence) => run?.take(buffer, length, sequence) ?? NOTHING_TAKEN,
    restart: () => table.reset(),
  });
  return table;
}

/** A copy of which every message has the number of the request that it now answers. */
export function renumbered(datagram: Uint8Array, sequence: number): Uint8Array {
  const bytes = datagram.slice();
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 16 <= bytes.length; at += (view.getUint32(at, true) + 3) & ~3) view.setUint32(at + 8, sequence, true);
  return bytes;
}

/** Keeps what comes in runs as well. */
export class RunTable extends SocketTable implements RecordSink {
  inRuns = 0;

  take(records: SocketRecords): void {
    const cursor = new SocketCursor();
    for (let index = 0; index < records.length; index++) {
      readRecord(records, index, cursor);
      this.accept(cursor);
    }
    this.inRuns += records.length;
  }
}
