import { getOption, loadLibc, SOL_TCP } from '../../src/kernel/libc.ts';
import { ruleBind, ruleListen, type BindRules, type LawHolder } from '../../src/law/index.ts';
import { Address, TcpState, type PortRange } from '../../src/model/index.ts';
import { attempt, type Outcome, type Trial } from './law-trials.ts';
import { LawWorld, OTHER_DEVICE, type SocketSpec, type WorldSpec, type WorldStep } from './law-world.ts';
import { bindSocket, closeSocket, connectSocket, listenSocket, makeSocket } from './sockets.ts';

/** The port that the matrix is about. */
export const PORT = 20_000;
const A = '127.0.0.1';
const B = '127.0.0.2';
const ONE_PORT: PortRange = { low: PORT, high: PORT };
const SERVER = 80;
const OTHER_SERVER = 443;
/** A listener there takes no more: who connects stays in SYN_SENT. */
const FULL_SERVER = 81;
/** Where the client of an accepted connection sits. */
const CLIENT_PORT = 6000;
/** For those who fill the full server. */
const FILLER_PORT = 6001;
/** A port below ip_unprivileged_port_start that nobody uses. */
const LOW_PORT = 1000;
const FIONBIO = 0x5421;
const TCP_INFO = 11;
const SHUT_WR = 1;

type Flags = '-' | 'R' | 'P' | 'RP';
const allFlags: readonly Flags[] = ['-', 'R', 'P', 'RP'];
const defaults: WorldSpec = { range: { low: PORT, high: PORT + 1 }, reserved: [], twReuse: 0, twReuseDelayMs: 60_000, timestamps: true, autobindReuse: false, unprivilegedPortStart: 1024 };

function socket(flags: Flags, fields: Partial<SocketSpec> = {}): SocketSpec {
  return { ipv6: false, reuseAddress: flags.includes('R'), reusePort: flags.includes('P'), v6Only: false, device: '', uid: 0, ...fields };
}

/** Somebody on the port, and how that came about. */
export interface MatrixRow {
  readonly name: string;
  readonly flags: Flags;
  readonly world: WorldSpec;
  readonly steps: readonly WorldStep[];
  /** What no step of a population does. */
  readonly further?: 'syn-sent' | 'half-closed';
  /** The state that somebody on the port must be in, or the scene is not what its name says; of UDP `close`. */
  readonly state: number;
  readonly isBucket: boolean;
  /** The port at the other end, for the same four-tuple once more. */
  readonly peer: number;
  /** A row of the compressed matrix: an IPv4 socket of the usual user and device, on 127.0.0.1 or the wildcard. */
  readonly compressed?: 'listening' | 'not listening';
}

interface Kind extends Partial<Omit<MatrixRow, 'flags' | 'world' | 'steps'>> {
  readonly name: string;
  readonly state: number;
  readonly steps: (flags: Flags) => readonly WorldStep[];
}

const { boundInactive, listen, established, finWait2, closeWait, timeWait, synSent, close } = TcpState;

const bound = (address: string, fields: Partial<SocketSpec> = {}) => (flags: Flags): WorldStep[] => [{ do: 'bind', spec: socket(flags, fields), address, port: PORT }];
const listener = (address: string, fields: Partial<SocketSpec> = {}) => (flags: Flags): WorldStep[] => [{ do: 'listen', spec: socket(flags, fields), address, port: PORT }];
const connection = (manner: 'plain' | 'no-port' | 'bind-any' | 'bind-port', address = A, fields: Partial<SocketSpec> = {}) => (flags: Flags): WorldStep[] => [{ do: 'connect', spec: socket(flags, fields), manner, source: address, port: PORT, destination: address, destinationPort: SERVER, own: ONE_PORT }];
const accepted = (flags: Flags): WorldStep[] => [...listener(A)(flags), { do: 'join', listener: 0, client: socket('R'), port: CLIENT_PORT }];
const datagram = (address: string, flags: Flags, fields: Partial<SocketSpec> = {}): WorldStep => ({ do: 'udp', spec: socket(flags, fields), address, port: PORT, connects: false });
const stopped: WorldStep = { do: 'stop', listener: 0 };
const ended = (how: Extract<WorldStep, { do: 'end' }>['how']): WorldStep => ({ do: 'end', connection: 0, how });
const set = (value: boolean): WorldStep => ({ do: 'set', socket: 0, option: 'reuseAddress', value });
const still = 'not listening' as const;

const kindsOfAllFlags: readonly Kind[] = [
  { name: 'bound, on 127.0.0.1', state: boundInactive, steps: bound(A), compressed: still },
  { name: 'bound, on the wildcard', state: boundInactive, steps: bound('0.0.0.0'), compressed: still },
  { name: 'listening, on 127.0.0.1', state: listen, steps: listener(A), compressed: 'listening' },
  { name: 'listening, on the wildcard', state: listen, steps: listener('0.0.0.0'), compressed: 'listening' },
  { name: 'connected by connect()', state: established, steps: connection('plain'), compressed: still },
  { name: 'connected after bind() with IP_BIND_ADDRESS_NO_PORT', state: established, steps: connection('no-port'), compressed: still },
  { name: 'connected after bind(127.0.0.1, port)', state: established, steps: connection('bind-port'), compressed: still },
  { name: 'accepted, beside its listener', state: established, steps: accepted, peer: CLIENT_PORT, compressed: 'listening' },
  { name: 'accepted, its listener gone', state: established, steps: (flags) => [...accepted(flags), stopped], peer: CLIENT_PORT, compressed: still },
  { name: 'FIN_WAIT2 without a process', state: finWait2, isBucket: true, steps: (flags) => [...connection('plain')(flags), ended('client only')], compressed: still },
  { name: 'TIME_WAIT after connect()', state: timeWait, isBucket: true, steps: (flags) => [...connection('plain')(flags), ended('client first')], compressed: still },
  { name: 'TIME_WAIT of a server, its listener gone', state: timeWait, isBucket: true, steps: (flags) => [...accepted(flags), ended('server first'), stopped], peer: CLIENT_PORT, compressed: still },
];

const kindsOfTwoFlags: readonly Kind[] = [
  { name: 'connected after bind(127.0.0.1, 0)', state: established, steps: connection('bind-any'), compressed: still },
  { name: 'SYN_SENT', state: synSent, steps: () => [], further: 'syn-sent', peer: FULL_SERVER, compressed: still },
  { name: 'FIN_WAIT2 with its process', state: finWait2, steps: () => [], further: 'half-closed', compressed: still },
  { name: 'CLOSE_WAIT', state: closeWait, steps: (flags) => [...connection('plain')(flags), ended('server only')], compressed: still },
  { name: 'TIME_WAIT after bind(127.0.0.1, port)', state: timeWait, isBucket: true, steps: (flags) => [...connection('bind-port')(flags), ended('client first')], compressed: still },
  { name: 'listening on [::]', state: listen, steps: listener('::', { ipv6: true }) },
];

type Special = Kind & { readonly flags: Flags; readonly world?: Partial<WorldSpec> };

const specials: readonly Special[] = [
  { name: 'listening on [::], IPv6 only', flags: '-', state: listen, steps: listener('::', { ipv6: true, v6Only: true }) },
  { name: 'bound, on [::1]', flags: '-', state: boundInactive, steps: bound('::1', { ipv6: true }) },
  { name: 'connected by connect() from [::1]', flags: 'R', state: established, steps: connection('plain', '::1', { ipv6: true }) },
  { name: 'bound, on [::ffff:127.0.0.1]', flags: '-', state: boundInactive, steps: bound(`::ffff:${A}`, { ipv6: true }) },
  { name: 'connected by connect() from [::ffff:127.0.0.1]', flags: 'R', state: established, steps: connection('plain', `::ffff:${A}`, { ipv6: true }) },
  { name: 'listening on the wildcard of device lo', flags: '-', state: listen, steps: listener('0.0.0.0', { device: 'lo' }) },
  { name: 'listening on the wildcard of another device', flags: 'R', state: listen, steps: listener('0.0.0.0', { device: OTHER_DEVICE }) },
  { name: 'connected by connect(), another user', flags: 'RP', state: established, steps: connection('plain', A, { uid: 1000 }) },
  { name: 'listening on 127.0.0.1, another user', flags: 'P', state: listen, steps: listener(A, { uid: 1000 }) },
  // Beyond the sixty-nine: the settings of the namespace, flags set late, the other protocol.
  { name: 'TIME_WAIT after connect(), another user', flags: 'P', state: timeWait, isBucket: true, steps: (flags) => [...connection('plain', A, { uid: 1000 })(flags), ended('client first')] },
  { name: 'connected by connect(), SO_REUSEADDR set later', flags: '-', state: established, steps: (flags) => [...connection('plain')(flags), set(true)] },
  { name: 'connected by connect(), SO_REUSEADDR cleared later', flags: 'R', state: established, steps: (flags) => [...connection('plain')(flags), set(false)] },
  { name: 'connected by connect(), under ip_autobind_reuse', flags: 'R', state: established, steps: connection('plain'), world: { autobindReuse: true } },
  { name: 'connected by connect(), under ip_autobind_reuse', flags: 'RP', state: established, steps: connection('plain'), world: { autobindReuse: true } },
  { name: 'TIME_WAIT after bind(127.0.0.1, port), without timestamps', flags: 'R', state: timeWait, isBucket: true, steps: (flags) => [...connection('bind-port')(flags), ended('client first')], world: { timestamps: false } },
  { name: 'TIME_WAIT after connect(), old enough for tcp_tw_reuse', flags: 'R', state: timeWait, isBucket: true, steps: (flags) => [...connection('plain')(flags), ended('client first')], world: { twReuse: 1, twReuseDelayMs: 1 } },
  { name: 'bound, on 127.0.0.1, the port reserved', flags: '-', state: boundInactive, steps: bound(A), world: { reserved: [PORT] } },
  { name: 'bound, on the wildcard, and another on [::1]', flags: 'RP', state: boundInactive, steps: (flags) => [...bound('::1', { ipv6: true })('R'), ...bound('0.0.0.0')(flags)] },
  { name: 'UDP, on 127.0.0.1', flags: 'R', state: close, steps: (flags) => [datagram(A, flags)] },
  { name: 'UDP, on 127.0.0.1, and a younger one', flags: 'RP', state: close, steps: (flags) => [datagram(A, 'R'), datagram(A, flags)] },
  { name: 'UDP, on 127.0.0.1, and an older one', flags: 'R', state: close, steps: (flags) => [datagram(A, 'RP'), datagram(A, flags)] },
  { name: 'UDP, on 127.0.0.1, and a younger one on [::]', flags: 'RP', state: close, steps: (flags) => [datagram(A, 'R'), datagram('::', flags, { ipv6: true })] },
  { name: 'UDP, connected from [::1]', flags: '-', state: established, steps: () => [{ do: 'udp', spec: socket('-', { ipv6: true }), address: '::1', port: 0, connects: true }], world: { range: ONE_PORT } },
];

function rowOf({ steps, world, flags, ...kind }: Kind & { flags: Flags; world?: Partial<WorldSpec> }): MatrixRow {
  return { isBucket: false, peer: SERVER, ...kind, flags, world: { ...defaults, ...world }, steps: steps(flags) };
}

export const matrixRows: readonly MatrixRow[] = [
  ...kindsOfAllFlags.flatMap((kind) => allFlags.map((flags) => rowOf({ ...kind, flags }))),
  ...kindsOfTwoFlags.flatMap((kind) => (['-', 'R'] as const).map((flags) => rowOf({ ...kind, flags }))),
  ...specials.map(rowOf),
];

/** Something tried beside the holder. */
export interface MatrixOperation {
  readonly name: string;
  /** Of the new socket. */
  readonly flags: Flags;
  readonly attempt: (world: MatrixWorld, row: MatrixRow) => Outcome[];
  /** A column of the compressed matrix. */
  readonly isCompressed: boolean;
}

/** An operation that is one trial of the oracle's. */
function trying(name: string, flags: Flags, trial: (row: MatrixRow) => Trial, isCompressed = false): MatrixOperation {
  return { name, flags, attempt: (world, row) => attempt(world, trial(row)), isCompressed };
}

function binding(name: string, address: string, flags: Flags, fields: Partial<SocketSpec> = {}): MatrixOperation {
  return trying(`bind(${name})[${flags}], listen()`, flags, () => ({ try: 'bind', spec: socket(flags, fields), address, port: PORT, unprivileged: false, thenListen: true }), name === A || name === '0.0.0.0');
}

function bindingAny(name: string, address: string, flags: Flags): MatrixOperation {
  return trying(`bind(${name}, 0)[${flags}] in a range of this port alone`, flags, () => ({ try: 'bind', spec: socket(flags), address, port: 0, unprivileged: false, thenListen: false, own: ONE_PORT }));
}

function connecting(name: string, trial: { spec?: SocketSpec; source?: string; destination?: string; destinationPort?: number } = {}): MatrixOperation {
  return trying(`connect() ${name}`, '-', () => ({ try: 'connect', spec: socket('-'), source: undefined, destination: A, destinationPort: OTHER_SERVER, own: ONE_PORT, packetFree: false, ...trial }));
}

function datagramBinding(name: string, address: string, flags: Flags): MatrixOperation {
  return trying(`UDP bind(${name})[${flags}]`, flags, () => ({ try: 'bind', spec: socket(flags, { udp: true }), address, port: PORT, unprivileged: false, thenListen: false }));
}

/** Of an address, a port or a mapped address that is refused whoever holds what, without CAP_NET_BIND_SERVICE. */
function refused(name: string, address: string, fields: Partial<SocketSpec> = {}): MatrixOperation {
  return trying(`bind(${name}) below 1024, without the capability`, '-', () => ({ try: 'bind', spec: socket('-', fields), address, port: LOW_PORT, unprivileged: true, thenListen: false }));
}

/** Two sockets that share by SO_REUSEADDR: the second listens first. */
function listenBesideListener(world: MatrixWorld, row: MatrixRow): Outcome[] {
  const spec = socket('R');
  const address = Address.parse(A)!;
  const asker = world.socketOf(spec, address);
  const rules: BindRules = { localPortRange: row.world.range, reservedPorts: world.reserved, autobindReuse: row.world.autobindReuse, unprivilegedPortStart: row.world.unprivilegedPortStart };
  const bucket = world.bucketOf(PORT);
  const outcomes: Outcome[] = [];
  const trial: Trial = { try: 'bind', spec, address: A, port: PORT, unprivileged: false, thenListen: true };
  const made: { fd: number; holder: LawHolder; member: { isConnectChosen: boolean } }[] = [];
  for (const nth of ['the first', 'the second']) {
    const fd = world.make(spec);
    const ruling = ruleBind({ ...asker, port: PORT, isLocalAddress: true, isPrivileged: true }, [...world.holdersOn(PORT), ...made.map(({ holder }) => holder)], rules, bucket);
    const errno = bindSocket(fd, address, PORT, false);
    outcomes.push({ trial, ruling, errno, step: `bind() of ${nth}` });
    const one = { fd, holder: { ...asker, port: PORT, remote: Address.anyIpv4, remotePort: 0, state: boundInactive, isBucket: false, isConnectChosen: false, ageMs: 0, hadTimestamps: undefined }, member: { isConnectChosen: false } };
    made.push(one);
    if (errno !== 0) break;
    bucket.bind(asker, one.member);
  }
  if (outcomes.every(({ errno }) => errno === 0)) {
    const [first, second] = made as [(typeof made)[number], (typeof made)[number]];
    const others = world.holdersOn(PORT);
    const ruling = ruleListen(asker, [...others, first.holder], bucket);
    const errno = listenSocket(second.fd);
    outcomes.push({ trial, ruling, errno, step: 'listen() of the second' });
    const state = errno === 0 ? listen : boundInactive;
    outcomes.push({ trial, ruling: ruleListen(asker, [...others, { ...second.holder, state }], bucket), errno: listenSocket(first.fd), step: 'listen() of the first' });
  }
  for (const { fd, member } of made) {
    closeSocket(fd);
    bucket.leave(member);
  }
  return outcomes;
}

export const matrixOperations: readonly MatrixOperation[] = [
  ...allFlags.map((flags) => binding('127.0.0.1', A, flags)),
  ...allFlags.map((flags) => binding('0.0.0.0', '0.0.0.0', flags)),
  // Here the kernel's memory of the port decides, if the socket before left one.
  binding('127.0.0.1 once more', A, 'P'),
  binding('[::1]', '::1', 'P', { ipv6: true }),
  ...(['-', 'R'] as const).map((flags) => binding('127.0.0.2', B, flags)),
  ...allFlags.map((flags) => binding('[::]', '::', flags, { ipv6: true })),
  ...(['-', 'R'] as const).map((flags) => binding('[::], IPv6 only', '::', flags, { ipv6: true, v6Only: true })),
  binding('[::1]', '::1', '-', { ipv6: true }),
  ...(['-', 'RP'] as const).map((flags) => binding('[::ffff:127.0.0.1]', `::ffff:${A}`, flags, { ipv6: true })),
  bindingAny('127.0.0.1', A, '-'),
  bindingAny('127.0.0.1', A, 'R'),
  bindingAny('0.0.0.0', '0.0.0.0', '-'),
  bindingAny('127.0.0.2', B, '-'),
  connecting('to another destination'),
  connecting('to another destination, after bind() with IP_BIND_ADDRESS_NO_PORT', { source: A }),
  connecting('to another destination, from 127.0.0.2', { source: B }),
  connecting('to another destination over IPv6', { spec: socket('-', { ipv6: true }), destination: '::1' }),
  // In repair mode, so that it needs nobody at the other end.
  trying('connect() with the same four-tuple', '-', ({ peer }) => ({ try: 'connect', spec: socket('-'), source: A, destination: A, destinationPort: peer, own: ONE_PORT, packetFree: true })),
  datagramBinding('127.0.0.1', A, '-'),
  datagramBinding('127.0.0.1', A, 'P'),
  datagramBinding('127.0.0.6', '127.0.0.6', 'R'),
  binding('127.0.0.1, another user', A, 'RP', { uid: 1000 }),
  binding('0.0.0.0 of another device', '0.0.0.0', '-', { device: OTHER_DEVICE }),
  binding('0.0.0.0 of device lo', '0.0.0.0', 'R', { device: 'lo' }),
  refused('192.0.2.99', '192.0.2.99'),
  refused('[2001:db8::99]', '2001:db8::99', { ipv6: true }),
  trying('bind([::ffff:127.0.0.1]), IPv6 only', '-', () => ({ try: 'bind', spec: socket('-', { ipv6: true, v6Only: true }), address: `::ffff:${A}`, port: PORT, unprivileged: false, thenListen: false })),
  { name: 'bind(127.0.0.1)[R] twice, listen() twice', flags: 'R', attempt: listenBesideListener, isCompressed: false },
  trying('bind(127.0.0.1)[R], connect() to another destination', 'R', () => ({ try: 'bind and connect', spec: socket('R'), address: A, port: PORT, destination: A, destinationPort: OTHER_SERVER })),
  // Takes a TIME_WAIT over, and so comes last.
  trying('bind(127.0.0.1)[R], connect() to the first server', 'R', () => ({ try: 'bind and connect', spec: socket('R'), address: A, port: PORT, destination: A, destinationPort: SERVER })),
];

/** A population of which some sockets are in states that no step brings about. */
export class MatrixWorld extends LawWorld {
  readonly #further: LawHolder[] = [];
  readonly #fds: number[] = [];

  constructor(row: MatrixRow) {
    super(row.world, row.steps);
    if (row.further === 'syn-sent') this.#makeSynSent(row.flags);
    if (row.further === 'half-closed') this.#makeHalfClosed(row.flags);
  }

  override holdersOn(port: number): LawHolder[] {
    return [...super.holdersOn(port), ...this.#further.filter((holder) => holder.port === port)];
  }

  override close(): void {
    for (const fd of this.#fds) closeSocket(fd);
    super.close();
  }

  #makeSynSent(flags: Flags): void {
    const address = Address.parse(A)!;
    const full = this.#keep(makeSocket({ reuseAddress: true }));
    if (bindSocket(full, address, FULL_SERVER, false) !== 0 || listenSocket(full, 0) !== 0) throw new Error('the full server cannot listen');
    const filler = this.#keep(makeSocket());
    if (bindSocket(filler, address, FILLER_PORT, false) !== 0 || connectSocket(filler, address, FULL_SERVER, false) !== 0) throw new Error('the full server cannot be filled');
    const spec = socket(flags);
    const fd = this.#keep(this.make(spec, { range: ONE_PORT }));
    loadLibc().ioctl(fd, FIONBIO, new Uint8Array(Int32Array.of(1).buffer));
    connectSocket(fd, address, FULL_SERVER, false);
    this.#note(fd, spec, FULL_SERVER);
  }

  #makeHalfClosed(flags: Flags): void {
    const spec = socket(flags);
    const fd = this.#keep(this.make(spec, { range: ONE_PORT }));
    if (connectSocket(fd, Address.parse(A)!, SERVER, false) !== 0) throw new Error('no connection');
    this.#keep(this.acceptOne(SERVER));
    loadLibc().shutdown(fd, SHUT_WR);
    const deadline = Date.now() + 1000;
    while (stateOf(fd) !== finWait2) if (Date.now() > deadline) throw new Error(`half-closed, but in state ${stateOf(fd)}`);
    this.#note(fd, spec, SERVER);
  }

  #note(fd: number, spec: SocketSpec, remotePort: number): void {
    const address = Address.parse(A)!;
    this.#further.push({ ...this.socketOf(spec, address), port: PORT, remote: address, remotePort, state: stateOf(fd), isBucket: false, isConnectChosen: true, ageMs: 0, hadTimestamps: this.spec.timestamps });
    this.bucketOf(PORT).join({ isConnectChosen: true });
  }

  #keep(fd: number): number {
    this.#fds.push(fd);
    return fd;
  }
}

/** The first byte of struct tcp_info. */
function stateOf(fd: number): number {
  return (getOption(fd, SOL_TCP, TCP_INFO) ?? 0) & 0xff;
}
