import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySocket, tcp } from '../../../test/contract/hand-made.ts';
import { datagram, done, encodeSocket, part } from '../../../test/support/fake-kernel.ts';
import { Protocol, readRecord, RECORDS, SocketCursor, TcpState, type RecordSink, type SocketRecords } from '../../model/index.ts';
import type { ReceiveBuffer, RunTaken } from '../netlink/dump.ts';
import { encodeAttribute, encodeMessage, NLM_F_DUMP_INTR } from '../netlink/message.ts';
import { decodeSocket } from './decode.ts';
import { RecordRun, takesRuns } from './record-run.ts';

const SEQUENCE = 7;

function bufferOf(...messages: readonly Uint8Array[]): { buffer: ReceiveBuffer; length: number } {
  const all = datagram(...messages);
  const memory = new ArrayBuffer(Math.max(65_536, (all.length + 7) & ~7));
  const bytes = new Uint8Array(memory);
  bytes.set(all);
  return { buffer: { bytes, view: new DataView(memory), words: new Int32Array(memory) }, length: all.length };
}

/** Runs one datagram through a run. @returns the sockets that it took, copied, and what it says of it. */
function run(...messages: readonly Uint8Array[]): { sockets: SocketCursor[]; taken: RunTaken } {
  return runInto(false, ...messages);
}

function runInto(ignoresNoPort: boolean, ...messages: readonly Uint8Array[]): { sockets: SocketCursor[]; taken: RunTaken } {
  const sockets: SocketCursor[] = [];
  const sink: RecordSink = {
    ignoresNoPort,
    accept: () => undefined,
    reset: () => undefined,
    take(records: SocketRecords) {
      for (let index = 0; index < records.length; index++) {
        const cursor = new SocketCursor();
        readRecord(records, index, cursor);
        sockets.push(cursor);
      }
    },
  };
  const { buffer, length } = bufferOf(...messages);
  return { sockets, taken: new RecordRun(sink).take(buffer, length, SEQUENCE) };
}

const record = (socket: SocketCursor, extra: readonly Uint8Array[] = []): Uint8Array => part(SEQUENCE, 20, encodeSocket(socket, extra));
const connection = tcp('established', '10.0.0.1:40000', '10.0.0.9:443', { inode: 5, noPort: 1 });
const counted = ['family', 'state', 'timer', 'retransmits', 'local0', 'local1', 'local2', 'local3', 'localPort', 'remote0', 'remote1', 'remote2', 'remote3', 'remotePort', 'interfaceIndex', 'expiresMs', 'inode', 'noPort'] as const;
const fieldsOf = (socket: SocketCursor): unknown[] => counted.map((field) => socket[field]);

describe('RecordRun', () => {
  it('reads IP_BIND_ADDRESS_NO_PORT for who has a use for it', () => {
    expect([false, true].map((ignores) => runInto(ignores, record(connection)).sockets[0]!.noPort)).toEqual([1, -1]);
  });

  it('reads a record as the ordinary decoder does, whatever its fields and attributes', () => {
    fc.assert(
      fc.property(anySocket, fc.boolean(), (any, hasAttributes) => {
        const socket = Object.assign(new SocketCursor(), any, { protocol: 6, state: any.state === TcpState.listen || any.state === TcpState.close || any.state === 13 ? TcpState.established : any.state });
        // The kernel tells no IPv6 address of an AF_INET socket, and of an option all or nothing.
        if (socket.family === 2) Object.assign(socket, { local0: 0, local1: 0, local2: 0xffff, remote0: 0, remote1: 0, remote2: 0xffff });
        if (!hasAttributes) Object.assign(socket, { v6Only: -1, mark: -1, cgroupId: 0, noPort: -1 });
        const { sockets, taken } = run(record(socket));
        expect([sockets.length, taken.messages]).toEqual([1, 1]);
        const decoded = new SocketCursor();
        const bytes = encodeSocket(socket);
        decodeSocket(new DataView(bytes.buffer), 0, bytes.length, decoded);
        expect(fieldsOf(sockets[0]!)).toEqual(fieldsOf(decoded));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes all of a datagram, and says how far it came', () => {
    const messages = Array.from({ length: 20 }, () => record(connection));
    const { sockets, taken } = run(...messages);
    expect([sockets.length, taken]).toEqual([20, { messages: 20, bytes: datagram(...messages).length }]);
  });

  it.each([
    ['the end of the dump', done(SEQUENCE)],
    ['an error', encodeMessage(2, 0, SEQUENCE, new Uint8Array(20))],
    ['a flag: the table changed', part(SEQUENCE, 20, encodeSocket(connection), NLM_F_DUMP_INTR)],
    ["another request's answer", part(SEQUENCE + 1, 20, encodeSocket(connection))],
    ['another type of message', part(SEQUENCE, 99, encodeSocket(connection))],
    ['a record that is too short', part(SEQUENCE, 20, new Uint8Array(40))],
    ['a listener, whose attributes matter', record(tcp('listen', '0.0.0.0:80'))],
    ['a bound socket', record(tcp('boundInactive', '0.0.0.0:80'))],
  ])('stops before what is special, and leaves it to the ordinary way: %s', (_, special) => {
    const { sockets, taken } = run(record(connection), record(connection), special, record(connection));
    expect([sockets.length, taken.messages, taken.bytes]).toEqual([2, 2, record(connection).length * 2]);
    expect(run(special).taken).toEqual({ messages: 0, bytes: 0 });
  });

  it('stops before a length that does not fit', () => {
    const good = record(connection);
    for (const size of [0, 15, 87, good.length - 1, good.length + 4, 0x7fff_fff0, -4]) {
      const bad = good.slice();
      new DataView(bad.buffer).setInt32(0, size, true);
      expect(run(good, bad).taken.messages).toBe(1);
    }
    const { buffer } = bufferOf(good);
    const sink: RecordSink = { accept: () => undefined, reset: () => undefined, take: () => undefined };
    // Cut short: the rest of the buffer is what an earlier datagram left.
    expect(new RecordRun(sink).take(buffer, good.length - 8, SEQUENCE)).toEqual({ messages: 0, bytes: 0 });
  });

  it('never takes more than a run may have', () => {
    const plain = record(tcp('established', '10.0.0.1:40000', '10.0.0.9:443'));
    const { sockets, taken } = run(...Array.from({ length: RECORDS + 3 }, () => plain));
    expect([sockets.length, taken.messages]).toEqual([RECORDS, RECORDS]);
  });

  it('an attribute that looks like an option but is none says nothing', () => {
    const bare = tcp('established', '10.0.0.1:40000', '10.0.0.9:443');
    expect(run(record(bare)).sockets[0]!.noPort).toBe(-1);
    // INET_DIAG_SHUTDOWN last, as a kernel without the option writes it.
    expect(run(record(bare, [encodeAttribute(8, Uint8Array.of(3))])).sockets[0]!.noPort).toBe(-1);
    expect(run(record(Object.assign(new SocketCursor(), bare, { noPort: 0 }))).sockets[0]!.noPort).toBe(0);
    expect(run(record(Object.assign(new SocketCursor(), bare, { noPort: 1 }))).sockets[0]!.noPort).toBe(1);
  });

  it('is for TCP alone, and for sinks that take runs', () => {
    const sink: RecordSink = { accept: () => undefined, reset: () => undefined, take: () => undefined };
    expect([takesRuns(sink, Protocol.tcp), takesRuns(sink, Protocol.udp), takesRuns({ accept: () => undefined, reset: () => undefined }, Protocol.tcp)]).toEqual([true, false, false]);
  });
});
