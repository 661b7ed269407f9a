import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { rowsOf } from '../../../test/contract/hand-made.ts';
import { ALL_HASHED_STATES, Protocol, SocketCursor, SocketTable, TcpState } from '../../model/index.ts';
import { MalformedMessageError } from '../errors.ts';
import { readAll } from '../socket-source.ts';
import { ProcfsSource, SocketLines } from './sockets.ts';

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const LISTEN = '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 12345 1 00000000e246f85f 100 0 0 10 0\n';
const TIME_WAIT = '   4: 0100007F:7544 0100070A:1F54 06 00000000:00000000 03:0000176E 00000000     0        0 0 3 0000000029829d99\n';
const SYN_SENT = ' 123: 0100007F:754F 0100070A:1F5E 02 00000001:00000000 01:00000062 00000002  1000        0 4294967295 2 00000000c2bcd128 100 0 0 10 -1\n';
const IPV6 = '   1: B80D0120000000000000000007000000:7542 0000000000000000FFFF00000100007F:1F4A 01 00000010:00000020 02:000000FF 00000000     0        0 77 1 0000000000000000 20 4 30 10 -1\n';

function parse(text: string, family: 2 | 10 = 2, cut: readonly number[] = []): SocketCursor[] {
  const table = new SocketTable();
  const lines = new SocketLines(family, Protocol.tcp, table);
  const bytes = new TextEncoder().encode(text);
  let from = 0;
  for (const to of [...cut.filter((at) => at < bytes.length).sort((left, right) => left - right), bytes.length]) {
    lines.push(bytes.subarray(from, to));
    from = to;
  }
  lines.end();
  return rowsOf(table);
}

describe('SocketLines', () => {
  it('reads a listener', () => {
    expect(parse(HEADING + LISTEN)).toEqual([Object.assign(new SocketCursor(), { family: 2, state: TcpState.listen, local2: 0xffff, local3: 0x7f000001, localPort: 8080, remote2: 0xffff, receiveQueue: 3, inode: 12_345, mark: -1, noPort: -1, v6Only: -1 })]);
  });

  it('reads TIME_WAIT with its timer in milliseconds', () => {
    expect(parse(HEADING + TIME_WAIT)[0]).toMatchObject({ state: TcpState.timeWait, timer: 3, expiresMs: 0x176e * 10, inode: 0, localPort: 30_020, remotePort: 8020, remote3: 0x0a070001 });
  });

  it('reads retransmissions, a user, and an inode of 32 bits', () => {
    expect(parse(HEADING + SYN_SENT)[0]).toMatchObject({ state: TcpState.synSent, timer: 1, expiresMs: 980, retransmits: 2, uid: 1000, inode: 4_294_967_295, sendQueue: 1 });
  });

  it('reads IPv6, and mapped addresses as what they are', () => {
    const [socket] = parse(HEADING + IPV6, 10);
    expect([socket!.family, socket!.localAddress().toString(), socket!.localPort, socket!.remoteAddress().toString(), socket!.remotePort]).toEqual([10, '2001:db8::7', 30_018, '127.0.0.1', 8010]);
    expect(socket).toMatchObject({ sendQueue: 16, receiveQueue: 32, timer: 2 });
  });

  it('calls NEW_SYN_RECV what sock_diag calls it', () => {
    expect(parse(HEADING + LISTEN.replace(' 0A ', ' 0C '))[0]!.state).toBe(TcpState.synRecv);
  });

  it('reads a number of a line that has grown beyond its width', () => {
    expect(parse(HEADING + LISTEN.replace('   0:', '1234567:'))).toHaveLength(1);
  });

  it('is empty for a heading alone, and for nothing', () => {
    expect([parse(HEADING), parse('')]).toEqual([[], []]);
  });

  it('reads the same in whatever pieces the text comes', () => {
    const text = HEADING + LISTEN + TIME_WAIT + SYN_SENT + LISTEN;
    const expected = parse(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cut) => {
        expect(parse(text, 2, cut)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('reads the same byte by byte', () => {
    const text = HEADING + LISTEN + TIME_WAIT;
    expect(parse(text, 2, Array.from({ length: text.length }, (_, at) => at))).toEqual(parse(text));
  });

  it.each([
    ['a text that ends in the middle of a line', HEADING + LISTEN.slice(0, -1)],
    ['a heading without an end', HEADING.slice(0, -1)],
    ['a line without a number', `${HEADING}: 0100007F:1F90\n`],
    ['a line cut short', `${HEADING}   0: 0100007F:1F90 00000000:0000 0A 00000000\n`],
    ['an empty line', `${HEADING}\n`],
    ['an address that is no number', HEADING + LISTEN.replace('0100007F', '0100X07F')],
    ['an address that is too short', HEADING + LISTEN.replace('0100007F', '100007F')],
    ['an IPv6 address in the file of IPv4', HEADING + IPV6],
    ['a port that is too short', HEADING + LISTEN.replace(':1F90', ':F90')],
    ['a user that is negative', HEADING + LISTEN.replace('     0        0 12345', '    -1        0 12345')],
    ['an inode beyond 32 bits', HEADING + LISTEN.replace('12345', '4294967296')],
    ['a NUL', HEADING + LISTEN.replace('0A', '\0A')],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow(MalformedMessageError);
  });

  it('refuses a line without end before it has filled the memory', () => {
    const lines = new SocketLines(2, Protocol.tcp, new SocketTable());
    expect(() => {
      for (let piece = 0; piece < 1000; piece++) lines.push(new Uint8Array(1000).fill(48));
    }).toThrow(MalformedMessageError);
  });
});

describe('ProcfsSource', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-proc-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const read = (states: number, protocol: Protocol = Protocol.tcp): SocketCursor[] => {
    const table = new SocketTable();
    readAll(new ProcfsSource(folder).read({ protocol, states }, table));
    return rowsOf(table);
  };

  it('fails where the file of IPv4 is missing', () => {
    expect(() => read(ALL_HASHED_STATES, Protocol.udp)).toThrow(/ENOENT/);
  });

  it('reads both families, and does without IPv6', () => {
    writeFileSync(join(folder, 'tcp'), HEADING + LISTEN + TIME_WAIT);
    expect(read(ALL_HASHED_STATES)).toHaveLength(2);
    writeFileSync(join(folder, 'tcp6'), HEADING + IPV6);
    expect(read(ALL_HASHED_STATES).map((socket) => socket.family)).toEqual([2, 2, 10]);
  });

  it('delivers the states that are asked for', () => {
    expect(read(1 << TcpState.timeWait).map((socket) => socket.state)).toEqual([TcpState.timeWait]);
  });

  it('reads a file of many pieces', () => {
    writeFileSync(join(folder, 'tcp'), HEADING + TIME_WAIT.repeat(5000));
    expect(read(1 << TcpState.timeWait)).toHaveLength(5000);
  });
});
