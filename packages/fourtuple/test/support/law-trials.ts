import { constants } from 'node:os';
import { loadFfi } from '../../src/kernel/ffi.ts';
import { kernelTraits, ProcFs } from '../../src/kernel/index.ts';
import { isSameFourTuple, ruleBind, ruleBindAny, ruleConnect, ruleConnectBound, ruleListen, type BindOperation, type BindRules, type ConnectOperation, type ConnectRules, type Ruling } from '../../src/law/index.ts';
import { Address, type PortRange } from '../../src/model/index.ts';
import { errnoName, ipv4Addresses, ipv6Addresses, nameOf, OTHER_DEVICE, SERVER_PORTS, uids, type LawWorld, type SocketSpec, type WorldSpec, type WorldStep } from './law-world.ts';
import type { Random } from './random.ts';
import { bindSocket, closeSocket, connectSocket, listenSocket, resetSocket } from './sockets.ts';

/** One operation to try for real. */
export type Trial =
  | { readonly try: 'bind'; readonly spec: SocketSpec; readonly address: string; readonly port: number; readonly unprivileged: boolean; readonly thenListen: boolean; readonly own?: PortRange }
  | { readonly try: 'listen unbound'; readonly spec: SocketSpec }
  | { readonly try: 'connect'; readonly spec: SocketSpec; readonly source: string | undefined; readonly destination: string; readonly destinationPort: number; readonly own?: PortRange; readonly packetFree: boolean }
  | { readonly try: 'bind and connect'; readonly spec: SocketSpec; readonly address: string; readonly port: number; readonly destination: string; readonly destinationPort: number }
  | { readonly try: 'udp connect'; readonly spec: SocketSpec; readonly destination: string };

/** What the law said and what the kernel did. */
export interface Outcome {
  readonly trial: Trial;
  readonly ruling: Ruling;
  /** 0 or an errno. */
  readonly errno: number;
  /** What was judged: the operation, or the listen() after it. */
  readonly step: string;
}

export function agrees({ ruling, errno }: Outcome): boolean {
  if (ruling.outcome === 'unknown') return errno === 0 || errnoName(errno) === ruling.errno;
  return (ruling.outcome === 'succeeds' ? 'ok' : ruling.errno) === errnoName(errno);
}

const CAP_NET_BIND_SERVICE = 10;
const { ECONNREFUSED } = constants.errno;
let capabilities: { capget: (header: Uint8Array, data: Uint8Array) => number; capset: (header: Uint8Array, data: Uint8Array) => number } | undefined;

/** Runs work without CAP_NET_BIND_SERVICE in effect. */
function withoutBindService<T>(work: () => T): T {
  if (capabilities === undefined) {
    const library = loadFfi().load(null);
    capabilities = { capget: library.func('int capget(void *, void *)'), capset: library.func('int capset(void *, void *)') };
  }
  const header = new Uint8Array(Uint32Array.of(0x20080522, 0).buffer);
  const before = new Uint8Array(24);
  if (capabilities.capget(header, before) !== 0) throw new Error('capget failed');
  const during = before.slice();
  const words = new Uint32Array(during.buffer);
  words[0]! &= ~(1 << CAP_NET_BIND_SERVICE);
  if (capabilities.capset(header, during) !== 0) throw new Error('capset failed');
  try {
    return work();
  } finally {
    capabilities.capset(header, before);
  }
}

/** Tries an operation for real and asks the law about it first; leaves the population as it was. */
export function attempt(world: LawWorld, trial: Trial): Outcome[] {
  const bindRules: BindRules = { localPortRange: world.spec.range, reservedPorts: world.reserved, autobindReuse: world.spec.autobindReuse, unprivilegedPortStart: world.spec.unprivilegedPortStart };
  const connectRules: ConnectRules = { localPortRange: world.spec.range, reservedPorts: world.reserved, tcpTwReuse: world.spec.twReuse, tcpTwReuseDelayMs: world.spec.twReuseDelayMs, kernel: kernelTraits(new ProcFs()) };
  const holdersOn = (port: number): ReturnType<LawWorld['holdersOn']> => world.holdersOn(port);
  const socket = (spec: SocketSpec, address: Address, port: number, isPrivileged = true): BindOperation => ({
    ...world.socketOf(spec, address),
    // As it is before bind().
    v6Only: spec.ipv6 && spec.v6Only,
    port,
    // ::1, which has the scope of the host, must be on the very device (ipv6_chk_addr).
    isLocalAddress: address.isUnspecified || (isLocal(address) && !(address.equals(Address.loopbackIpv6) && spec.device === OTHER_DEVICE)),
    isPrivileged,
  });
  const outcomes: Outcome[] = [];
  const note = (step: string, ruling: Ruling, errno: number): void => void outcomes.push({ trial, ruling, errno, step });
  switch (trial.try) {
    case 'bind': {
      const address = Address.parse(trial.address)!;
      const operation = socket(trial.spec, address, trial.port, !trial.unprivileged);
      const ruling = trial.port === 0 ? ruleBindAny({ ...operation, ownRange: trial.own }, holdersOn, bindRules) : ruleBind(operation, holdersOn(trial.port), bindRules, world.bucketOf(trial.port));
      const fd = world.make(trial.spec, trial.own === undefined ? {} : { range: trial.own });
      const bind = (): number => bindSocket(fd, address, trial.port, trial.spec.ipv6);
      const errno = trial.unprivileged ? withoutBindService(bind) : bind();
      note('bind', ruling, errno);
      if (errno === 0 && trial.spec.udp !== true) {
        const { port } = nameOf(fd, 'local');
        const bound = world.socketOf(trial.spec, address);
        const bucket = world.bucketOf(port);
        const member = { isConnectChosen: false };
        bucket.bind(bound, member);
        if (trial.thenListen) {
          const listening = ruleListen(bound, holdersOn(port), bucket);
          const refused = listenSocket(fd);
          note('listen', listening, refused);
          if (refused === 0) bucket.bind(bound, member);
        }
        bucket.leave(member);
      }
      closeSocket(fd);
      break;
    }
    case 'listen unbound': {
      const fd = world.make(trial.spec);
      const operation = socket(trial.spec, trial.spec.ipv6 ? Address.anyIpv6 : Address.anyIpv4, 0);
      const ruling = ruleBindAny(operation, holdersOn, bindRules);
      const errno = listenSocket(fd);
      note('listen', ruling, errno);
      if (errno === 0) {
        const bucket = world.bucketOf(nameOf(fd, 'local').port);
        const member = { isConnectChosen: false };
        bucket.bind(operation, member);
        bucket.leave(member);
      }
      closeSocket(fd);
      break;
    }
    case 'udp connect': {
      const spec = { ...trial.spec, udp: true };
      const fd = world.make(spec);
      const ruling = ruleBindAny(socket(spec, spec.ipv6 ? Address.anyIpv6 : Address.anyIpv4, 0), holdersOn, bindRules, 'EAGAIN');
      note('connect', ruling, connectSocket(fd, Address.parse(trial.destination)!, 53, spec.ipv6));
      closeSocket(fd);
      break;
    }
    case 'connect': {
      const destination = Address.parse(trial.destination)!;
      const fd = world.make(trial.spec, { noPort: true, repair: trial.packetFree, ...(trial.own === undefined ? {} : { range: trial.own }) });
      if (trial.source !== undefined && bindSocket(fd, Address.parse(trial.source)!, 0, trial.spec.ipv6) !== 0) {
        closeSocket(fd);
        break;
      }
      const operation: ConnectOperation = { source: trial.source === undefined ? routeSource(destination) : Address.parse(trial.source)!, destination, destinationPort: trial.destinationPort, device: world.devices.get(trial.spec.device)!, ownRange: trial.own };
      const ruling = ruleConnect(operation, holdersOn, connectRules);
      const errno = connectSocket(fd, destination, trial.destinationPort, trial.spec.ipv6);
      note('connect', ruling, portErrno(errno));
      leave(world, fd, errno, operation, trial.packetFree ? undefined : trial.destinationPort);
      break;
    }
    case 'bind and connect': {
      const address = Address.parse(trial.address)!;
      const destination = Address.parse(trial.destination)!;
      const operation = socket(trial.spec, address, trial.port);
      const fd = world.make(trial.spec);
      const errno = bindSocket(fd, address, trial.port, trial.spec.ipv6);
      note('bind', trial.port === 0 ? ruleBindAny(operation, holdersOn, bindRules) : ruleBind(operation, holdersOn(trial.port), bindRules, world.bucketOf(trial.port)), errno);
      if (errno !== 0) {
        closeSocket(fd);
        break;
      }
      const { port } = nameOf(fd, 'local');
      const bucket = world.bucketOf(port);
      const member = { isConnectChosen: false };
      bucket.bind(world.socketOf(trial.spec, address), member);
      const connecting: ConnectOperation = { source: address.isUnspecified ? routeSource(destination) : address, destination, destinationPort: trial.destinationPort, device: operation.device };
      const ruling = ruleConnectBound(connecting, holdersOn(port));
      const connected = connectSocket(fd, destination, trial.destinationPort, trial.spec.ipv6);
      note('connect', ruling, portErrno(connected));
      leave(world, fd, connected, connecting, trial.destinationPort);
      bucket.leave(member);
      break;
    }
  }
  return outcomes;
}

/** A refusal comes from the other end, here from what is left of an earlier connection with the same four-tuple: a port was found. */
function portErrno(errno: number): number {
  return errno === ECONNREFUSED ? 0 : errno;
}

/** Ends a connection that was tried, without a trace; forgets the bucket that it took over. */
function leave(world: LawWorld, fd: number, errno: number, operation: ConnectOperation, acceptedOn: number | undefined): void {
  if (errno === ECONNREFUSED) world.isSpoiled = true;
  if (errno !== 0) {
    closeSocket(fd);
    return;
  }
  const { port } = nameOf(fd, 'local');
  const member = { isConnectChosen: true };
  world.bucketOf(port).join(member);
  for (const holder of world.holdersOn(port)) if (holder.isBucket && isSameFourTuple(operation, holder)) world.forget(holder);
  world.bucketOf(port).leave(member);
  if (acceptedOn === undefined) {
    closeSocket(fd);
    return;
  }
  const server = world.acceptOne(acceptedOn);
  resetSocket(fd);
  closeSocket(server);
  // The server's end of what was taken over is gone too.
  for (const holder of world.holdersOn(acceptedOn)) if (holder.isBucket && holder.remotePort === port && holder.remote.equals(operation.source)) world.forget(holder);
}

function isLocal(address: Address): boolean {
  return [...ipv4Addresses, ...ipv6Addresses].some((text) => Address.parse(text)!.equals(address)) || (address.isIpv4 && address.w3 >>> 24 === 127);
}

/** The address that the kernel's local route gives a socket without one. */
function routeSource(destination: Address): Address {
  if (destination.isIpv4) return destination.w3 >>> 24 === 127 ? Address.loopbackIpv4 : destination;
  return destination;
}

/** A world drawn from a seed: its settings, what happens in it, and what is tried. */
export interface Drawn {
  readonly world: WorldSpec;
  readonly steps: readonly WorldStep[];
  readonly trials: readonly Trial[];
}

export function drawWorld(random: Random, trialCount: number): Drawn {
  const low = random.between(20_000, 30_000);
  const size = random.pick([1, 2, 4, 4, 6, 8, 12]);
  const range = { low, high: low + size - 1 };
  const anyPort = (): number => (random.chance(0.85) ? random.between(range.low, range.high) : random.pick([5000, 5001]));
  const spec = (fields: Partial<SocketSpec> = {}): SocketSpec => ({
    ipv6: random.chance(0.4),
    reuseAddress: random.chance(0.5),
    reusePort: random.chance(0.3),
    v6Only: random.chance(0.3),
    device: random.chance(0.15) ? random.pick(['lo', OTHER_DEVICE] as const) : '',
    uid: random.chance(0.2) ? random.pick(uids) : 0,
    ...fields,
  });
  const addressFor = (ipv6: boolean, wild = 0.3): string => {
    if (random.chance(wild)) return ipv6 ? random.pick(['::', '::', '::ffff:0.0.0.0']) : '0.0.0.0';
    if (ipv6 && random.chance(0.6)) return random.pick(ipv6Addresses);
    return ipv6 ? `::ffff:${random.pick(ipv4Addresses)}` : random.pick(ipv4Addresses);
  };
  const own = (): PortRange | undefined => {
    if (!random.chance(0.2)) return undefined;
    const first = random.between(range.low - 2, range.high + 2);
    return { low: first, high: random.between(first, range.high + 3) };
  };
  const destinationFor = (ipv6: boolean): { ipv6: boolean; destination: string } => {
    const isNative = ipv6 && random.chance(0.6);
    return { ipv6, destination: isNative ? random.pick(ipv6Addresses) : ipv6 ? `::ffff:${random.pick(ipv4Addresses)}` : random.pick(ipv4Addresses) };
  };
  /** Neither end of a connection is bound to a device that does not lead to it. */
  const connecting = (): { spec: SocketSpec; source: string; destination: string; destinationPort: number } => {
    const { ipv6, destination } = destinationFor(random.chance(0.4));
    const isNative = ipv6 && !destination.startsWith('::ffff:');
    const source = isNative ? random.pick(ipv6Addresses) : ipv6 ? `::ffff:${random.pick(ipv4Addresses)}` : random.pick(ipv4Addresses);
    return { spec: spec({ ipv6, v6Only: isNative && random.chance(0.3), device: random.chance(0.12) ? 'lo' : '' }), source, destination, destinationPort: random.pick(SERVER_PORTS) };
  };
  const step = (): WorldStep => {
    const choice = random.between(0, 99);
    if (choice < 14) {
      const chosen = spec();
      return { do: 'bind', spec: chosen, address: addressFor(chosen.ipv6), port: random.chance(0.7) ? anyPort() : 0 };
    }
    if (choice < 26) {
      const chosen = spec();
      return { do: 'listen', spec: chosen, address: addressFor(chosen.ipv6, 0.5), port: anyPort() };
    }
    if (choice < 58) {
      const ownRange = own();
      return { do: 'connect', manner: random.pick(['plain', 'plain', 'no-port', 'bind-any', 'bind-port', 'bind-port'] as const), port: anyPort(), ...connecting(), ...(ownRange === undefined ? {} : { own: ownRange }) };
    }
    if (choice < 68) return { do: 'join', listener: random.between(0, 50), client: spec(), port: random.chance(0.5) ? 0 : random.pick([6000, 6001, 6002]) };
    if (choice < 84) return { do: 'end', connection: random.between(0, 50), how: random.pick(['client first', 'client first', 'server first', 'reset', 'client only', 'server only'] as const) };
    if (choice < 88) return { do: 'stop', listener: random.between(0, 50) };
    if (choice < 92) return { do: 'set', socket: random.between(0, 50), option: random.pick(['reuseAddress', 'reusePort'] as const), value: random.chance(0.5) };
    const chosen = spec();
    return { do: 'udp', spec: chosen, address: addressFor(chosen.ipv6, 0.3), port: random.chance(0.7) ? anyPort() : 0, connects: random.chance(0.3) };
  };
  const trial = (): Trial => {
    const choice = random.between(0, 99);
    const ownRange = own();
    const limited = ownRange === undefined ? {} : { own: ownRange };
    if (choice < 45) {
      const chosen = spec({ udp: random.chance(0.2) });
      const port = random.chance(0.75) ? anyPort() : 0;
      return { try: 'bind', spec: chosen, address: random.chance(0.03) ? (chosen.ipv6 ? '2001:db8::99' : '192.0.2.99') : addressFor(chosen.ipv6), port, unprivileged: random.chance(0.1), thenListen: random.chance(0.5), ...(port === 0 ? limited : {}) };
    }
    if (choice < 50) return { try: 'listen unbound', spec: spec() };
    if (choice < 78) {
      const { source, ...rest } = connecting();
      return { try: 'connect', source: random.chance(0.6) ? source : undefined, packetFree: random.chance(0.5), ...rest, ...limited };
    }
    if (choice < 94) {
      const { source, ...rest } = connecting();
      const isWild = random.chance(0.2);
      const isNative = rest.spec.ipv6 && !rest.destination.startsWith('::ffff:');
      return { try: 'bind and connect', address: isWild ? (isNative ? '::' : rest.spec.ipv6 ? '::ffff:0.0.0.0' : '0.0.0.0') : source, port: random.chance(0.85) ? anyPort() : 0, ...rest };
    }
    return { try: 'udp connect', ...((chosen: ReturnType<typeof destinationFor>) => ({ spec: spec({ ipv6: chosen.ipv6, v6Only: false, device: '' }), destination: chosen.destination }))(destinationFor(random.chance(0.4))) };
  };
  const world: WorldSpec = {
    range,
    reserved: random.chance(0.3) ? [random.between(range.low, range.high)] : [],
    twReuse: random.between(0, 2),
    twReuseDelayMs: random.pick([1, 60_000]),
    timestamps: random.chance(0.75),
    autobindReuse: random.chance(0.25),
    unprivilegedPortStart: random.pick([1024, 5001]),
  };
  return { world, steps: Array.from({ length: random.between(2, 26) }, step), trials: Array.from({ length: trialCount }, trial) };
}

