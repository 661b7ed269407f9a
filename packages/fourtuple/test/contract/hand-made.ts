import fc from 'fast-check';
import { Address, defaultLocalPortRange, newestKernel, noOwners, PortSet, Protocol, SocketCursor, SocketTable, TcpState, UNKNOWN, type Counters, type Owner, type OwnerIndex, type PortProbes, type Settings } from '../../src/model/index.ts';
import type { Inspected } from '../../src/diagnose/index.ts';
import { ledgerOf, type NamespaceUsage } from '../../src/usage/index.ts';

/** Fields of a cursor that a test wants otherwise. */
export type SocketFields = Partial<Pick<SocketCursor, 'family' | 'interfaceIndex' | 'timer' | 'retransmits' | 'expiresMs' | 'receiveQueue' | 'sendQueue' | 'uid' | 'inode' | 'cgroupId' | 'mark' | 'noPort' | 'v6Only'>>;

/** `10.0.0.1:80`, `[2001:db8::1]:443`. */
export function endpoint(text: string): { address: Address; port: number } {
  const colon = text.lastIndexOf(':');
  const address = Address.parse(text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'));
  if (address === undefined) throw new Error(`no address: ${text}`);
  return { address, port: Number(text.slice(colon + 1)) };
}

/** One TCP socket as a source would report it. The family follows from the local address unless it is given. */
export function tcp(state: keyof typeof TcpState, local: string, remote?: string, fields: SocketFields = {}): SocketCursor {
  return makeSocket(Protocol.tcp, TcpState[state], local, remote, fields);
}

export function udp(local: string, remote?: string, fields: SocketFields = {}): SocketCursor {
  return makeSocket(Protocol.udp, remote === undefined ? TcpState.close : TcpState.established, local, remote, fields);
}

function makeSocket(protocol: number, state: number, local: string, remote: string | undefined, fields: SocketFields): SocketCursor {
  const here = endpoint(local);
  const there = endpoint(remote ?? (here.address.isIpv4 ? '0.0.0.0:0' : '[::]:0'));
  const socket = new SocketCursor();
  socket.protocol = protocol;
  socket.family = here.address.isIpv4 ? 2 : 10;
  socket.state = state;
  ({ w0: socket.local0, w1: socket.local1, w2: socket.local2, w3: socket.local3 } = here.address);
  socket.localPort = here.port;
  ({ w0: socket.remote0, w1: socket.remote1, w2: socket.remote2, w3: socket.remote3 } = there.address);
  socket.remotePort = there.port;
  socket.mark = UNKNOWN;
  socket.noPort = UNKNOWN;
  socket.v6Only = UNKNOWN;
  if (state === TcpState.timeWait) {
    socket.timer = 3;
    socket.expiresMs = 30_000;
  }
  return Object.assign(socket, fields);
}

export function tableOf(sockets: Iterable<SocketCursor>): SocketTable {
  const table = new SocketTable();
  for (const socket of sockets) table.accept(socket);
  return table;
}

export interface SettingsFields extends Partial<Omit<Settings, 'reservedPorts' | 'localPortRange'>> {
  readonly range?: readonly [number, number];
  readonly reserved?: string;
}

/** The kernel's defaults, but for what a test names. */
export function settingsOf({ range, reserved, ...others }: SettingsFields = {}): Settings {
  return {
    localPortRange: range === undefined ? defaultLocalPortRange : { low: range[0], high: range[1] },
    reservedPorts: PortSet.parseList(reserved ?? '')!,
    unprivilegedPortStart: 1024,
    autobindReuse: false,
    tcpTwReuse: 2,
    tcpTwReuseDelayMs: 1000,
    tcpTimestamps: true,
    tcpFinTimeoutSeconds: 60,
    tcpMaxTwBuckets: 131_072,
    tcpTwRecycle: undefined,
    somaxconn: 4096,
    tcpMaxSynBacklog: 1024,
    bindV6Only: false,
    conntrackMax: undefined,
    fileMax: undefined,
    openFiles: undefined,
    kernel: newestKernel,
    ...others,
  };
}

/** Owners by inode; the same name is the same process. */
export function ownersOf(byInode: Readonly<Record<number, string>>): OwnerIndex {
  const owners: Owner[] = [];
  const held = new Map<number, number>();
  for (const [inode, command] of Object.entries(byInode)) {
    let index = owners.findIndex((owner) => owner.command === command);
    if (index < 0) index = owners.push({ pid: 100 + owners.length, command, uid: 0, unit: undefined, container: undefined }) - 1;
    held.set(Number(inode), index);
  }
  return { owners, ownerOf: (inode) => held.get(inode) ?? -1, coverage: 'all', weights: owners.map(() => 1) };
}

export interface World {
  readonly name?: string;
  readonly inode?: number;
  readonly settings?: SettingsFields;
  readonly probes?: Partial<PortProbes>;
  readonly owners?: OwnerIndex;
  readonly counters?: Counters;
}

/** What the ledger makes of sockets. */
export function usageOf(sockets: Iterable<SocketCursor>, world: World = {}): NamespaceUsage {
  return ledgerOf(tableOf(sockets), settingsOf(world.settings)).finish({ inode: world.inode ?? 7, name: world.name ?? 'here' }, { explicit: [], shared: [], ...world.probes }, world.owners ?? noOwners);
}

/** What a rule looks at. */
export function inspectedOf(sockets: Iterable<SocketCursor>, world: World = {}): Inspected {
  const usage = usageOf(sockets, world);
  return { id: usage.id, settings: settingsOf(world.settings), counters: world.counters ?? {}, usage };
}

/** `count` sockets made from consecutive numbers. */
export function many(count: number, make: (index: number) => SocketCursor): SocketCursor[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const word = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 65535 });
const flag = fc.constantFrom(-1, 0, 1);

/** Any address, the ones with a meaning of their own often. */
export const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  word.map((bits) => Address.fromIpv4(bits)),
  fc.tuple(word, word, word, word).map(([w0, w1, w2, w3]) => new Address(w0, w1, w2, w3)),
  fc.tuple(fc.constantFrom(0, 1, 0xfe800000), fc.constantFrom(0, 1), fc.constantFrom(0, 1, 0xffff, 0xffff0000), fc.constantFrom(0, 1, 0x7f000001, 0xffffffff)).map(([w0, w1, w2, w3]) => new Address(w0, w1, w2, w3)),
);

/** Any socket that a source could report. */
export const anySocket: fc.Arbitrary<SocketCursor> = fc
  .record({
    protocol: fc.constantFrom(6, 17),
    family: fc.constantFrom(2, 10),
    state: fc.integer({ min: 1, max: 13 }),
    local: anyAddress,
    localPort: port,
    remote: anyAddress,
    remotePort: port,
    interfaceIndex: word,
    timer: fc.integer({ min: 0, max: 4 }),
    retransmits: fc.integer({ min: 0, max: 255 }),
    expiresMs: word,
    receiveQueue: word,
    sendQueue: word,
    uid: word,
    inode: word,
    cookieLow: word,
    cookieHigh: word,
    cgroupId: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    mark: fc.oneof(fc.constant(UNKNOWN), word),
    noPort: flag,
    v6Only: flag,
  })
  .map(({ local, remote, ...fields }) => {
    const socket = Object.assign(new SocketCursor(), fields);
    ({ w0: socket.local0, w1: socket.local1, w2: socket.local2, w3: socket.local3 } = local);
    ({ w0: socket.remote0, w1: socket.remote1, w2: socket.remote2, w3: socket.remote3 } = remote);
    return socket;
  });

/** Every row of a table, as plain objects. */
export function rowsOf(table: SocketTable): SocketCursor[] {
  const rows: SocketCursor[] = [];
  table.forEach((socket) => rows.push(Object.assign(new SocketCursor(), socket)));
  return rows;
}
