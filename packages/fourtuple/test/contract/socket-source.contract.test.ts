import { closeSync, fstatSync, openSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFilter } from '../../src/filter/index.ts';
import { countTcp, currentNamespace, DescriptorSource, KernelError, OWN_NET, ProcFs, ProcfsSource, readAll, SockDiagSource, type DiagRequest, type SocketSource } from '../../src/kernel/index.ts';
import { NETLINK_SOCK_DIAG } from '../../src/kernel/libc.ts';
import { openKernelSocket, type KernelSocket } from '../../src/kernel/netlink/kernel-socket.ts';
import { Address, ALL_HASHED_STATES, BOUND_INACTIVE_BIT, decodeSnapshot, defaultLocalPortRange, encodeSnapshot, Protocol, SocketTable, stateBit, stateName, TcpState, type SocketCursor, type SocketSink } from '../../src/model/index.ts';
import { readSockets, runStepsSliced, takeSnapshot } from '../../src/observe/index.ts';
import { refusal } from '../support/fake-kernel.ts';
import { liveTestObstacle } from '../support/namespace.ts';
import { bindSocket, closeSocket, listenSocket, makeSocket } from '../support/sockets.ts';
import { anyExpression, madeUpNames, textOf } from './expressions.ts';
import { RunTable } from './capture.ts';
import { rowsOf } from './hand-made.ts';
import { keyOf, MixedPopulation } from './mixed-population.ts';

const EVERY_STATE = ALL_HASHED_STATES | BOUND_INACTIVE_BIT;
const EINVAL = 22;

/** A field that a source reports otherwise than sock_diag does, and why that is right. */
interface Difference {
  readonly fields: readonly (keyof SocketCursor)[];
  readonly reason: string;
  /** Sockets that it concerns; all when left out. */
  readonly of?: (socket: SocketCursor) => boolean;
  /** What the field says instead; anything when left out. */
  readonly value?: number;
}

interface Implementation {
  readonly name: SocketSource['name'] | 'sock_diag by family';
  readonly open: () => SocketSource;
  /** States that it cannot deliver. */
  readonly unseen: readonly number[];
  readonly differences: readonly Difference[];
}

/** Timers run on between two reads. */
const timers: Difference = { fields: ['expiresMs', 'retransmits'], reason: 'timers run on between two reads' };

/** Of TCP, and held by a descriptor: read by BPF. */
const isHeld = (socket: SocketCursor): boolean => socket.protocol === Protocol.tcp && socket.inode !== 0;

const implementations: readonly Implementation[] = [
  { name: 'sock_diag', open: () => new SockDiagSource(true), unseen: [], differences: [timers] },
  { name: 'sock_diag by family', open: () => new SockDiagSource(true, new WithoutLegacy()), unseen: [], differences: [timers] },
  {
    name: 'procfs',
    open: () => new ProcfsSource('/proc/thread-self/net'),
    unseen: [TcpState.boundInactive],
    differences: [
      { ...timers, reason: 'timers run on between two reads, and are told in steps of 10 ms' },
      { fields: ['interfaceIndex'], reason: 'no column for SO_BINDTODEVICE', value: 0 },
      { fields: ['mark', 'noPort', 'v6Only'], reason: 'no column for socket options', value: -1 },
      { fields: ['cgroupId', 'cookieLow', 'cookieHigh'], reason: 'no column for it', value: 0 },
      { fields: ['sendQueue'], reason: 'the backlog of a listener is not shown', of: (socket) => socket.state === TcpState.listen, value: 0 },
    ],
  },
  {
    name: 'bpf',
    open: () => new DescriptorSource(new SockDiagSource(true), new ProcFs(), currentNamespace().inode, () => countTcp(new ProcFs(), OWN_NET)),
    unseen: [],
    differences: [
      { fields: ['expiresMs', 'timer', 'retransmits', 'receiveQueue', 'sendQueue', 'cookieLow', 'cookieHigh', 'cgroupId'], reason: 'not read of what a descriptor holds', of: isHeld, value: 0 },
      { fields: ['mark'], reason: 'not read of what a descriptor holds', of: isHeld, value: -1 },
      { fields: ['v6Only'], reason: 'read of every IPv6 socket, of which sock_diag tells those alone that listen or are bound', of: isHeld },
      { fields: ['noPort'], reason: 'read of bound sockets too', of: isHeld },
      timers,
    ],
  },
  { name: 'file', open: () => new RecordedSource(), unseen: [], differences: [timers] },
];

/** A kernel (or a seccomp filter) that no longer serves TCPDIAG_GETSOCK. */
class WithoutLegacy implements KernelSocket {
  readonly #socket = openKernelSocket(NETLINK_SOCK_DIAG);
  #refusal: Uint8Array | undefined;

  send(message: Uint8Array): void {
    const view = new DataView(message.buffer);
    if (view.getUint16(4, true) === 18) this.#refusal = refusal(view.getUint32(8, true), { errno: EINVAL });
    else this.#socket.send(message);
  }

  receive(buffer: Uint8Array): number {
    if (this.#refusal === undefined) return this.#socket.receive(buffer);
    const refused = this.#refusal;
    this.#refusal = undefined;
    buffer.set(refused);
    return refused.length;
  }

  close(): void {
    this.#socket.close();
  }
}

/** A recording, written and read back, as a source. */
class RecordedSource implements SocketSource {
  readonly name = 'file';
  readonly limits: readonly string[];
  readonly seesBoundInactive: boolean;
  readonly #sockets: SocketTable;

  constructor() {
    const snapshot = decodeSnapshot(encodeSnapshot(takeSnapshot([currentNamespace()], { owners: 'none', probes: 'none' }, new Date(0))));
    this.#sockets = snapshot.namespaces[0]!.sockets;
    this.seesBoundInactive = snapshot.namespaces[0]!.hasBoundInactive;
    this.limits = snapshot.limits;
  }

  *read(request: DiagRequest, sink: SocketSink): Generator<void> {
    this.#sockets.forEach((socket) => {
      if (socket.protocol === request.protocol && (request.states & stateBit(socket.state)) !== 0) sink.accept(socket);
    });
    yield;
  }

  close(): void {
    // Nothing is open.
  }
}

function read(source: SocketSource, request: DiagRequest): SocketCursor[] {
  const table = new SocketTable();
  readAll(source.read(request, table));
  return rowsOf(table);
}

function readEverything(source: SocketSource): SocketCursor[] {
  return [Protocol.tcp, Protocol.udp].flatMap((protocol) => read(source, { protocol, states: EVERY_STATE }));
}

const key = (socket: SocketCursor): string => keyOf(socket.protocol === Protocol.udp ? 'udp' : 'tcp', stateName(socket.state), `${socket.localAddress().toString()} ${socket.localPort}`, `${socket.remoteAddress().toString()} ${socket.remotePort}`);
const keys = (sockets: readonly SocketCursor[]): string[] => sockets.map(key).sort();

const obstacle = liveTestObstacle();
const suite = obstacle === undefined ? describe : describe.skip;
let population: MixedPopulation;

beforeAll(() => {
  if (obstacle === undefined) population = new MixedPopulation();
});

afterAll(() => {
  if (obstacle === undefined) population.close();
});

suite.each(implementations)(`the contract of a SocketSource: $name${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, ({ name, open, unseen, differences }) => {
  let source: SocketSource;
  let reference: Map<string, SocketCursor>;

  beforeAll(() => {
    const diag = new SockDiagSource(true);
    reference = new Map(readEverything(diag).map((socket) => [key(socket), socket]));
    diag.close();
    source = open();
  });

  afterAll(() => {
    source.close();
  });

  it('delivers every socket that there is, and no other', () => {
    const made = population.expected.filter(({ state }) => !unseen.includes(TcpState[state])).map((one) => keyOf(one.protocol, stateName(TcpState[one.state]), one.local, one.remote));
    expect(keys(readEverything(source))).toEqual(made.sort());
  });

  it('tells of each what sock_diag tells, but for the differences that are listed', () => {
    const wrong: string[] = [];
    for (const socket of readEverything(source)) {
      const expected = reference.get(key(socket))!;
      for (const field of Object.keys(socket) as (keyof SocketCursor)[]) {
        const difference = differences.find((one) => one.fields.includes(field) && one.of?.(socket) !== false);
        if (difference === undefined ? socket[field] !== expected[field] : difference.value !== undefined && socket[field] !== difference.value) wrong.push(`${key(socket)}: ${field} ${String(socket[field])}, not ${String(difference?.value ?? expected[field])}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('tells timers within what has passed since, in steps of 10 ms', () => {
    const running = readEverything(source).filter((socket) => socket.timer === 3);
    expect(running.length).toBe(3);
    const passed = running.map((socket) => reference.get(key(socket))!.expiresMs - socket.expiresMs);
    expect(passed.filter((ms) => ms < -10 || ms > 10_000)).toEqual([]);
  });

  it.each(Object.values(TcpState).filter((state) => state !== TcpState.newSynRecv))('honours a mask of state %i alone', (state) => {
    const found = read(source, { protocol: Protocol.tcp, states: stateBit(state) });
    const wanted = [...reference.values()].filter((socket) => socket.protocol === Protocol.tcp && socket.state === state && !unseen.includes(state));
    expect(keys(found)).toEqual(keys(wanted));
  });

  it('honours a mask for UDP', () => {
    for (const state of [TcpState.established, TcpState.close]) {
      const found = read(source, { protocol: Protocol.udp, states: stateBit(state) });
      expect(keys(found)).toEqual(keys([...reference.values()].filter((socket) => socket.protocol === Protocol.udp && socket.state === state)));
    }
  });

  it('delivers nothing for an empty mask', () => {
    expect(read(source, { protocol: Protocol.tcp, states: 0 })).toEqual([]);
  });

  it('delivers one protocol at a time', () => {
    expect(new Set(read(source, { protocol: Protocol.udp, states: EVERY_STATE }).map((socket) => socket.protocol))).toEqual(new Set([Protocol.udp]));
    expect(new Set(read(source, { protocol: Protocol.tcp, states: EVERY_STATE }).map((socket) => socket.protocol))).toEqual(new Set([Protocol.tcp]));
  });

  it('can be read again and again', () => {
    expect(keys(readEverything(source))).toEqual(keys(readEverything(source)));
  });

  it('can be read while the event loop goes on', async () => {
    const table = new SocketTable();
    await runStepsSliced(source.read({ protocol: Protocol.tcp, states: EVERY_STATE }, table), 0);
    expect(keys(rowsOf(table))).toEqual(keys(read(source, { protocol: Protocol.tcp, states: EVERY_STATE })));
  });

  it('delivers the same sockets to a sink that takes runs', () => {
    const whole = read(source, { protocol: Protocol.tcp, states: EVERY_STATE });
    const table = new RunTable();
    readAll(source.read({ protocol: Protocol.tcp, states: EVERY_STATE }, table));
    const taken = rowsOf(table);
    expect(keys(taken)).toEqual(keys(whole));
    const isConnected = (socket: SocketCursor): boolean => socket.state !== TcpState.listen && socket.state !== TcpState.boundInactive;
    const relevant = (socket: SocketCursor): unknown[] => [key(socket), socket.inode, socket.interfaceIndex, socket.timer, socket.noPort];
    expect(taken.filter(isConnected).map(relevant)).toEqual(whole.filter(isConnected).map(relevant));
    // A datagram that begins with a listener is read one by one.
    const connected = new RunTable();
    readAll(source.read({ protocol: Protocol.tcp, states: ALL_HASHED_STATES & ~stateBit(TcpState.listen) }, connected));
    expect(keys(rowsOf(connected))).toEqual(keys(whole.filter(isConnected)));
    const inRuns: Partial<Record<SocketSource['name'], number>> = { sock_diag: connected.length, bpf: whole.filter((socket) => isConnected(socket) && socket.inode !== 0).length };
    expect(connected.inRuns).toBe(inRuns[source.name] ?? 0);
  });

  it('may be left in the middle: the next read is whole', () => {
    const first = open();
    const seen: SocketCursor[] = [];
    const steps = first.read({ protocol: Protocol.tcp, states: EVERY_STATE }, { accept: (socket) => seen.push(socket), reset: () => (seen.length = 0) });
    steps.next();
    steps.return?.(undefined);
    expect(seen.length).toBeGreaterThan(0);
    expect(keys(readEverything(first))).toEqual(keys(readEverything(source)));
    first.close();
  });

  it('does not survive what a sink throws, but its next read does', () => {
    const first = open();
    const steps = first.read({ protocol: Protocol.tcp, states: EVERY_STATE }, { accept: () => { throw new RangeError('full'); }, reset: () => undefined });
    expect(() => readAll(steps)).toThrow(RangeError);
    expect(keys(readEverything(first))).toEqual(keys(readEverything(source)));
    first.close();
  });

  it('says by itself what it cannot see', () => {
    expect(source.seesBoundInactive).toBe(!unseen.includes(TcpState.boundInactive));
    expect(/bound/.test(source.limits.join(' '))).toBe(unseen.length > 0);
    expect(source.limits.filter((limit) => !/^[A-Z].*\.$/s.test(limit))).toEqual([]);
    expect(source.name).toBe(name === 'sock_diag by family' ? 'sock_diag' : name);
  });

  it('selects by a filter what the filter says, in the kernel or here', () => {
    const all = readEverything(source);
    for (const text of ['sport = :8020', 'dst 10.7.0.1', 'src 2001:db8::/32 or dport = :53', 'not dst 127/8', 'state established src *:8010', 'state bound-inactive', 'exclude listening sport >= 30000']) {
      const filter = parseFilter(text, madeUpNames);
      const selected = readSockets(source, [Protocol.tcp, Protocol.udp], filter, defaultLocalPortRange);
      const wanted = readSockets(new ListSource(all), [Protocol.tcp, Protocol.udp], filter, defaultLocalPortRange);
      expect([text, keys(rowsOf(selected))]).toEqual([text, keys(rowsOf(wanted))]);
    }
  });
});

/** Sockets that are already there: filters are then evaluated here, on each of them. */
class ListSource implements SocketSource {
  readonly name = 'file';
  readonly limits: readonly string[] = [];
  readonly seesBoundInactive = true;
  readonly #sockets: readonly SocketCursor[];

  constructor(sockets: readonly SocketCursor[]) {
    this.#sockets = sockets;
  }

  *read(request: DiagRequest, sink: SocketSink): Generator<void> {
    for (const socket of this.#sockets) if (socket.protocol === request.protocol && (request.states & stateBit(socket.state)) !== 0) sink.accept(socket);
    yield;
  }

  close(): void {
    // Nothing is open.
  }
}

suite('sock_diag alone', () => {
  it('selects in the kernel what matches() selects here, whatever the expression', () => {
    const source = new SockDiagSource(true);
    const all = new ListSource(readEverything(source));
    let selected = 0;
    // What the kernel knows of autobound sockets no record tells; marks and cgroups of bound-inactive and TIME_WAIT sockets neither.
    const expressible = anyExpression.filter((expression) => !/autobound|fwmark|cgroup/.test(textOf(expression)));
    fc.assert(
      fc.property(expressible, (expression) => {
        const filter = { states: EVERY_STATE, expression };
        const inKernel = keys(rowsOf(readSockets(source, [Protocol.tcp, Protocol.udp], filter, defaultLocalPortRange)));
        selected += inKernel.length;
        expect(inKernel).toEqual(keys(rowsOf(readSockets(all, [Protocol.tcp, Protocol.udp], filter, defaultLocalPortRange))));
      }),
      { numRuns: 300 },
    );
    expect(selected).toBeGreaterThan(100);
    source.close();
  });

  it('lets the kernel select by mark and cgroup too, where the record tells them', () => {
    const source = new SockDiagSource(true);
    const all = readEverything(source);
    const marked = all.filter((socket) => socket.mark === 0x2a);
    expect(keys(rowsOf(readSockets(source, [Protocol.tcp], parseFilter('fwmark 0x2a', madeUpNames), defaultLocalPortRange)))).toEqual(keys(marked));
    expect(marked.length).toBeGreaterThan(0);
    source.close();
  });

  it('does not ask for bound sockets where the kernel cannot tell them, and says so', () => {
    const source = new SockDiagSource(false);
    expect(read(source, { protocol: Protocol.tcp, states: EVERY_STATE }).filter((socket) => socket.state === TcpState.boundInactive)).toEqual([]);
    expect(source.limits.join()).toMatch(/6\.8/);
    source.close();
  });

  it('a read that was left in the middle of many datagrams does not spoil the next one (the kernel answers EBUSY while the first dump runs)', () => {
    const fds = Array.from({ length: 3000 }, (_, index) => {
      const fd = makeSocket({ reuseAddress: true });
      if (bindSocket(fd, Address.fromIpv4(0x7f000002 + (index >> 10)), 20_000 + (index & 1023), false) !== 0 || listenSocket(fd) !== 0) throw new Error('no listener');
      return fd;
    });
    try {
      const source = new SockDiagSource(true);
      let count = 0;
      const steps = source.read({ protocol: Protocol.tcp, states: stateBit(TcpState.listen) }, { accept: () => count++, reset: () => (count = 0) });
      steps.next();
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(3000);
      steps.return?.(undefined);
      const table = new SocketTable();
      readAll(source.read({ protocol: Protocol.tcp, states: stateBit(TcpState.listen) }, table));
      expect(rowsOf(table).filter((socket) => socket.localPort >= 20_000 && socket.localPort < 21_024)).toHaveLength(3000);
      source.close();
    } finally {
      for (const fd of fds) closeSocket(fd);
    }
  });

  it('cannot be read after close(), and says so with an error of the kernel', () => {
    const source = new SockDiagSource(true);
    source.close();
    expect(() => read(source, { protocol: Protocol.tcp, states: EVERY_STATE })).toThrow(KernelError);
  });

  it('closed twice, closes nobody else\'s descriptor', () => {
    const source = new SockDiagSource(true);
    source.close();
    const fds = Array.from({ length: 5 }, () => openSync('/dev/null', 'r'));
    source.close();
    const gone = fds.filter((fd) => {
      try {
        fstatSync(fd);
        closeSync(fd);
        return false;
      } catch {
        return true;
      }
    });
    expect(gone).toEqual([]);
  });
});

suite('procfs alone', () => {
  it('fails with the file system\'s error where there are no files', () => {
    expect(() => read(new ProcfsSource('/nonexistent'), { protocol: Protocol.tcp, states: EVERY_STATE })).toThrow(/ENOENT/);
  });
});
