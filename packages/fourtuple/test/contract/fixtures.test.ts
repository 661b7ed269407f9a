import { describe, expect, it } from 'vitest';
import { ProcFs, ProcfsSource, readAll, readCounters } from '../../src/kernel/index.ts';
import { ALL_HASHED_STATES, Protocol, SocketTable, TcpState, type SocketCursor } from '../../src/model/index.ts';
import { captureFixtures, captureNames, fixtures, readCapture, RELEASE, replay } from './capture.ts';
import { rowsOf } from './hand-made.ts';
import { keyOf } from './mixed-population.ts';

// Captured messages of a real kernel must be read for ever as they were read when they were captured.

const key = (socket: SocketCursor): string => keyOf(socket.protocol === Protocol.udp ? 'udp' : 'tcp', socket.state, `${socket.localAddress().toString()} ${socket.localPort}`, `${socket.remoteAddress().toString()} ${socket.remotePort}`);
/** The fields of a cursor alone. */
const plain = (socket: SocketCursor): Record<string, number> => Object.fromEntries(Object.entries(socket));
const proc = new ProcFs(`${fixtures}/proc/${RELEASE}`);

if (process.env['FOURTUPLE_CAPTURE'] === '1') captureFixtures();

describe.each(captureNames.filter((name) => name !== 'error-filter'))('sock_diag, Linux 6.18: %s', (name) => {
  const { capture, datagrams } = readCapture(name);

  it('is read field by field as it was', () => {
    expect(rowsOf(replay(datagrams, capture.request.protocol as Protocol)).map(plain)).toEqual(capture.sockets);
  });

  it('is read alike in runs, but for what runs leave out', () => {
    const left = { receiveQueue: 0, sendQueue: 0, cookieLow: 0, cookieHigh: 0, uid: 0, cgroupId: 0, mark: 0 };
    expect(rowsOf(replay(datagrams, capture.request.protocol as Protocol, true)).map((row) => ({ ...plain(row), ...left }))).toEqual(capture.sockets.map((row) => ({ ...row, ...left })));
  });

  it('holds the sockets that were made for it, with the options that they were given', () => {
    const found = new Map(capture.sockets.map((row) => {
      const socket = rowsOf(SocketTable.fromColumns(columnsOf(row)))[0]!;
      return [key(socket), socket];
    }));
    const wanted = capture.made.filter(({ local }) => capture.request.family === 0 || local.includes(':') === (capture.request.family === 10));
    const missing = wanted.filter((one) => !found.has(keyOf(one.protocol, TcpState[one.state], one.local, one.remote)));
    // Mapped sockets are AF_INET6 by family and IPv4 by address.
    expect(missing.filter((one) => capture.request.family === 0 || one.local.includes(':')).map((one) => keyOf(one.protocol, one.state, one.local, one.remote))).toEqual([]);
    const wrong = wanted.flatMap((one) => {
      const socket = found.get(keyOf(one.protocol, TcpState[one.state], one.local, one.remote));
      if (socket === undefined) return [];
      const { hasInode = socket.inode !== 0, ...fields } = one.fields ?? {};
      const differing = Object.entries(fields).filter(([name, value]) => plain(socket)[name] !== value);
      return [...differing, ...(hasInode === (socket.inode !== 0) ? [] : ['inode'])].map((what) => `${one.local}: ${String(what)}`);
    });
    expect(wrong).toEqual([]);
  });
});

/** One captured row as a table. */
function columnsOf(row: Readonly<Record<string, number>>): Parameters<typeof SocketTable.fromColumns>[0] {
  const table = new SocketTable();
  table.accept(Object.assign(Object.create(null) as SocketCursor, row));
  return table.toColumns();
}

describe('sock_diag, Linux 6.18: a refused filter', () => {
  it('is an error of the kernel', () => {
    const { capture, datagrams } = readCapture('error-filter');
    expect(capture.errno).toBe(22);
    expect(() => replay(datagrams, Protocol.tcp)).toThrow('EINVAL');
  });
});

describe('/proc/net, Linux 6.18', () => {
  const read = (protocol: Protocol): SocketCursor[] => {
    const table = new SocketTable();
    readAll(new ProcfsSource(`${proc.root}/net`).read({ protocol, states: ALL_HASHED_STATES }, table));
    return rowsOf(table);
  };

  it.each([
    ['TCP', Protocol.tcp, ['tcp-legacy']],
    ['UDP', Protocol.udp, ['udp-ipv4', 'udp-ipv6']],
  ] as const)('%s: the same sockets as sock_diag, but for bound ones', (_, protocol, names) => {
    const diag = names.flatMap((name) => readCapture(name).capture.sockets).filter((row) => row['state'] !== TcpState.boundInactive);
    const identity = (row: SocketCursor | Readonly<Record<string, number>>): unknown[] => ['family', 'state', 'local0', 'local1', 'local2', 'local3', 'localPort', 'remote0', 'remote1', 'remote2', 'remote3', 'remotePort', 'uid', 'inode'].map((name) => (row as Readonly<Record<string, number>>)[name]);
    const sorted = (rows: readonly unknown[][]): string[] => rows.map((row) => row.join(' ')).sort();
    expect(sorted(read(protocol).map(identity))).toEqual(sorted(diag.map(identity)));
    expect(diag.length).toBeGreaterThan(3);
  });

  it('counters are read by the names that the kernel gives them', () => {
    const counters = readCounters(proc, 'net');
    expect(counters).toMatchObject({ 'sockstat.TCP.tw': expect.any(Number) as number, 'TcpExt.TW': expect.any(Number) as number, 'Tcp.ActiveOpens': expect.any(Number) as number, 'sockstat6.TCP6.inuse': expect.any(Number) as number });
    expect(counters['sockstat.TCP.tw']).toBe(3);
    expect(counters['TcpExt.ListenOverflows']).toBeGreaterThan(0);
  });
});
