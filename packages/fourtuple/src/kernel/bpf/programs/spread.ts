import type { Prefix } from '../../../model/prefix.ts';
import { Assembler } from '../assembler.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r4, r6, r7, r8, r9 } from '../registers.ts';

/** Which connections are spread. */
export interface SpreadRules {
  /** Number of IPv4 addresses, then of IPv6 ones, in the map of addresses. */
  readonly ipv4: number;
  readonly ipv6: number;
  /** Destinations; all of them when there is none. */
  readonly destinations: readonly Prefix[];
  /** Destination ports; all of them when there is none. */
  readonly ports: readonly { readonly low: number; readonly high: number }[];
  /** Destinations on the host itself too. */
  readonly includesLoopback: boolean;
}

export interface SpreadMaps {
  /** Array: number of the address -> {@link spreadAddress}. */
  readonly addresses: number;
  /** LRU hash: {@link spreadDestination} -> how many connections it had, 64 bits. */
  readonly destinations: number;
  /** Array of one {@link spreadInfo}. */
  readonly info: number;
}

/** Layout of an address and its counts: IPv4 fills the first 4 bytes. */
export const spreadAddress = { address: 0, chosen: 16, refused: 24, bytes: 32 } as const;

/** Layout of a destination: IPv4 fills the first 4 bytes; the port as on the wire. */
export const spreadDestination = { address: 0, port: 16, family: 18, bytes: 24 } as const;

/** Layout of what is told about a spread, and what it counts of connections that it leaves alone. */
export const spreadInfo = {
  version: 0,
  pid: 4,
  cgroupId: 8,
  startedAtMs: 16,
  ipv4: 24,
  ipv6: 28,
  /** The program had bound the socket. */
  alreadyBound: 32,
  /** The destination is the host itself. */
  loopback: 40,
  /** Not the destination or port that is asked for. */
  notSelected: 48,
  /** No TCP. */
  otherProtocol: 56,
  /** No address of its family is given. */
  noAddress: 64,
  /** No address could be bound: the connection goes on from the host's own. */
  keptDefault: 72,
  bytes: 80,
} as const;

type Counter = 'alreadyBound' | 'loopback' | 'notSelected' | 'otherProtocol' | 'noAddress' | 'keptDefault';
const counters: readonly Counter[] = ['alreadyBound', 'loopback', 'notSelected', 'otherProtocol', 'noAddress', 'keptDefault'];

/** struct bpf_sock_addr */
const context = { ip4: 4, ip6: 8, port: 24, protocol: 36, socket: 64 } as const;
/** struct bpf_sock */
const socket = { source4: 24, source6: 28, sourcePort: 44 } as const;

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
/** `::ffff` before an IPv4 address, as a little-endian machine reads these four bytes. */
const MAPPED = 0xffff_0000;
/** An address that was taken from the host: so many others are tried. */
const MOST_TRIES = 3;

const KEY = -spreadDestination.bytes;
const COUNT = KEY - 8;
const INDEX = COUNT - 8;
const SOCKET_ADDRESS = INDEX - 32;

/**
 * For cgroup/connect4 and connect6: before a connection of TCP looks for its port, gives the socket the next source
 * address, in turn for each destination, without a port (bpf_bind, which binds as IP_BIND_ADDRESS_NO_PORT does). It
 * always lets the connection go on.
 */
export function spreadProgram(family: 4 | 6, rules: SpreadRules, maps: SpreadMaps): Uint8Array {
  const program = new Assembler().mov(r6, r1).load(32, r2, r6, context.protocol).jumpIf32(r2, '!=', IPPROTO_TCP, 'otherProtocol').load(64, r7, r6, context.socket).jumpIf(r7, '==', 0, 'out');
  program.load(32, r2, r7, socket.sourcePort).jumpIf32(r2, '!=', 0, 'alreadyBound');
  if (family === 4) {
    program.load(32, r2, r7, socket.source4).jumpIf32(r2, '!=', 0, 'alreadyBound');
    toIpv4(program, rules, maps, 'v4', context.ip4, AF_INET);
  } else {
    for (const word of [0, 4, 8, 12]) program.load(32, r2, r7, socket.source6 + word).jumpIf32(r2, '!=', 0, 'alreadyBound');
    // A mapped destination is IPv4's: its source has to be one too.
    for (const word of [0, 4]) program.load(32, r2, r6, context.ip6 + word).jumpIf32(r2, '!=', 0, 'v6');
    program.load(32, r2, r6, context.ip6 + 8).jumpIf32(r2, '!=', MAPPED, 'v6');
    toIpv4(program, rules, maps, 'mapped', context.ip6 + 12, AF_INET6);
    program.label('v6');
    toIpv6(program, rules, maps);
  }
  return finish(program, maps);
}

/** @param at place of the destination in the context @param bound family of the address to bind, which is the socket's */
function toIpv4(program: Assembler, rules: SpreadRules, maps: SpreadMaps, name: string, at: number, bound: typeof AF_INET | typeof AF_INET6): void {
  program.load(32, r8, r6, at).toBigEndian(r8, 32);
  if (!rules.includesLoopback) program.mov(r2, r8).alu32('rsh', r2, 24).jumpIf32(r2, '==', 127, 'loopback').jumpIf32(r8, '==', 0, 'loopback');
  selectPort(program, rules, name);
  const prefixes = rules.destinations.filter(({ address }) => address.isIpv4);
  if (rules.destinations.length > 0) {
    for (const { address, bits } of prefixes) program.mov(r2, r8).alu32('and', r2, mask(bits)).jumpIf32(r2, '==', (address.w3 & mask(bits)) >>> 0, `${name} to`);
    program.jump('notSelected');
    if (prefixes.length === 0) return;
    program.label(`${name} to`);
  }
  if (rules.ipv4 === 0) return void program.jump('noAddress');
  for (let offset = 0; offset < spreadDestination.bytes; offset += 8) program.store(64, fp, KEY + offset, 0);
  program.load(32, r2, r6, at).store(32, fp, KEY + spreadDestination.address, r2).store(16, fp, KEY + spreadDestination.family, AF_INET);
  choose(program, maps, name, 0, rules.ipv4, () => {
    if (bound === AF_INET) {
      program.store(32, fp, SOCKET_ADDRESS, AF_INET).load(32, r2, r8, spreadAddress.address).store(32, fp, SOCKET_ADDRESS + 4, r2).store(64, fp, SOCKET_ADDRESS + 8, 0);
      return 16;
    }
    program.store(64, fp, SOCKET_ADDRESS, AF_INET6).store(64, fp, SOCKET_ADDRESS + 8, 0).store(32, fp, SOCKET_ADDRESS + 16, MAPPED);
    program.load(32, r2, r8, spreadAddress.address).store(32, fp, SOCKET_ADDRESS + 20, r2).store(32, fp, SOCKET_ADDRESS + 24, 0);
    return 28;
  });
}

function toIpv6(program: Assembler, rules: SpreadRules, maps: SpreadMaps): void {
  if (!rules.includesLoopback) {
    for (const word of [0, 4, 8]) program.load(32, r2, r6, context.ip6 + word).jumpIf32(r2, '!=', 0, 'v6 afar');
    program.load(32, r2, r6, context.ip6 + 12).toBigEndian(r2, 32).jumpIf32(r2, '<=', 1, 'loopback').label('v6 afar');
  }
  selectPort(program, rules, 'v6');
  const prefixes = rules.destinations.filter(({ address }) => !address.isIpv4);
  if (rules.destinations.length > 0 && prefixes.every(({ bits }) => bits > 0)) {
    prefixes.forEach(({ address, bits }, number) => {
      const next = `v6 not ${number}`;
      [address.w0, address.w1, address.w2, address.w3].forEach((word, index) => {
        const own = Math.min(32, Math.max(0, bits - 32 * index));
        if (own === 0) return;
        program.load(32, r2, r6, context.ip6 + 4 * index).toBigEndian(r2, 32).alu32('and', r2, mask(own)).jumpIf32(r2, '!=', (word & mask(own)) >>> 0, next);
      });
      program.jump('v6 to').label(next);
    });
    program.jump('notSelected');
    if (prefixes.length === 0) return;
    program.label('v6 to');
  }
  if (rules.ipv6 === 0) return void program.jump('noAddress');
  program.store(64, fp, KEY + 16, 0);
  for (const word of [0, 4, 8, 12]) program.load(32, r2, r6, context.ip6 + word).store(32, fp, KEY + word, r2);
  program.store(16, fp, KEY + spreadDestination.family, AF_INET6);
  choose(program, maps, 'v6', rules.ipv4, rules.ipv6, () => {
    program.store(64, fp, SOCKET_ADDRESS, AF_INET6).store(32, fp, SOCKET_ADDRESS + 24, 0);
    for (const half of [0, 8]) program.load(64, r2, r8, spreadAddress.address + half).store(64, fp, SOCKET_ADDRESS + 8 + half, r2);
    return 28;
  });
}

function selectPort(program: Assembler, { ports }: SpreadRules, name: string): void {
  if (ports.length === 0) return;
  program.load(32, r2, r6, context.port).toBigEndian(r2, 16);
  ports.forEach(({ low, high }, index) => {
    program.jumpIf32(r2, '<', low, `${name} port not ${index}`).jumpIf32(r2, '<=', high, `${name} port`).label(`${name} port not ${index}`);
  });
  program.jump('notSelected').label(`${name} port`);
}

/**
 * The next address of this destination, and others while the kernel refuses it.
 * @param first number of the family's first address
 * @param write puts the socket address on the stack, from the address in r8 @returns its length
 */
function choose(program: Assembler, maps: SpreadMaps, name: string, first: number, count: number, write: () => number): void {
  program.load(32, r2, r6, context.port).store(16, fp, KEY + spreadDestination.port, r2);
  const lookUp = (): Assembler => program.loadMap(r1, maps.destinations).mov(r2, fp).add(r2, KEY);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '!=', 0, `${name} known`).store(64, fp, COUNT, 0);
  // Of two that are the first at once, the later one finds the entry of the other.
  lookUp().mov(r3, fp).add(r3, COUNT).mov(r4, 1).call(helpers.mapUpdate);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '!=', 0, `${name} known`);
  program.call(helpers.randomU32).mov(r9, r0).jump(`${name} choose`);
  program.label(`${name} known`).mov(r9, 1).atomic(64, 'fetchAdd', r0, 0, r9).label(`${name} choose`);
  for (let attempt = 0; attempt < Math.min(MOST_TRIES, count); attempt++) {
    program.mov(r1, r9);
    // Another one each time that its turn comes: else the neighbour of an address that is gone would get twice as many.
    if (attempt > 0) program.alu('div', r1, count).alu('mod', r1, count - 1).add(r1, 1).alu('mul', r1, attempt).alu('add', r1, r9);
    program.alu('mod', r1, count).add(r1, first).store(32, fp, INDEX, r1);
    program.loadMap(r1, maps.addresses).mov(r2, fp).add(r2, INDEX).call(helpers.mapLookup).jumpIf(r0, '==', 0, 'out').mov(r8, r0);
    const length = write();
    program.mov(r1, r6).mov(r2, fp).add(r2, SOCKET_ADDRESS).mov(r3, length).call(helpers.bind).jumpIf(r0, '==', 0, `${name} chosen`);
    program.mov(r2, 1).atomic(64, 'add', r8, spreadAddress.refused, r2);
  }
  program.jump('keptDefault').label(`${name} chosen`).mov(r2, 1).atomic(64, 'add', r8, spreadAddress.chosen, r2).jump('out');
}

/** The counters that something leads to, and the way out. */
function finish(program: Assembler, maps: SpreadMaps): Uint8Array {
  for (const counter of counters) {
    if (program.isAimedAt(counter)) program.label(counter).loadMapValue(r1, maps.info, spreadInfo[counter]).jump('count');
  }
  return program.label('count').mov(r2, 1).atomic(64, 'add', r1, 0, r2).label('out').mov(r0, 1).exit().build();
}

/** Of so many bits of 32, as a number without a sign. */
function mask(bits: number): number {
  return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
}
