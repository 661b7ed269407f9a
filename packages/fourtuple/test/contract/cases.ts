import type { Clause } from '../../src/law/index.ts';
import { Address, defaultLocalPortRange, stateName, TcpState, type NamespaceId, type PortRange } from '../../src/model/index.ts';
import { lawHolder, type BindCase, type BindPoolUsage, type BindQuestion, type ConnectCase, type ConnectPorts, type ConnectQuestion, type KnownHolder, type PortHolder, type Trial } from '../../src/usage/index.ts';
import { endpoint, settingsOf, usageOf, type SettingsFields } from './hand-made.ts';

export const reader: NamespaceId = { inode: 7, name: 'current', path: '/proc/thread-self/ns/net' };
export const elsewhere: NamespaceId = { inode: 9, name: 'web', path: '/run/netns/web' };
export const nowhere: NamespaceId = { inode: 9, name: 'net:9', path: undefined };

const app = { pid: 812, command: 'app', uid: 1000, unit: undefined, container: undefined };

/** A socket on a port, ESTABLISHED and of a process unless told otherwise. */
export function portHolder(fields: Partial<PortHolder> & { readonly at?: string; readonly to?: string } = {}): PortHolder {
  const { at = '10.0.0.5:3306', to = '10.0.0.9:443', stateNumber = TcpState.established, ...others } = fields;
  const local = endpoint(at);
  const isConnected = stateNumber !== TcpState.listen && stateNumber !== TcpState.boundInactive;
  const remote = isConnected ? endpoint(to) : { address: Address.anyIpv4, port: 0 };
  const isBucket = stateNumber === TcpState.timeWait;
  return {
    namespace: reader,
    protocol: 'tcp',
    local: local.address,
    localPort: local.port,
    remote: remote.address,
    remotePort: remote.port,
    state: stateName(stateNumber),
    stateNumber,
    isBucket,
    isIpv6Socket: !local.address.isIpv4,
    v6Only: local.address.isIpv4 ? false : undefined,
    device: 0,
    inode: isBucket ? 0 : 4711,
    uid: isBucket ? undefined : 1000,
    kind: stateNumber === TcpState.listen ? 'listener' : 'explicit',
    evidence: 'probed',
    owner: isBucket ? undefined : app,
    process: undefined,
    sharedWith: [],
    descriptor: isBucket ? undefined : { pid: 812, fd: 5, inode: 4711 },
    sharing: isBucket ? undefined : { reuseAddress: false, reusePort: false, v6Only: undefined },
    place: undefined,
    user: isBucket ? undefined : 'alice',
    timeWaitSecondsLeft: isBucket ? 41.2 : undefined,
    withoutProcess: isBucket ? 'the kernel keeps it; its process has closed it' : undefined,
    ...others,
  };
}

export const knownHolder = (fields: Parameters<typeof portHolder>[0] = {}): KnownHolder => lawHolder(portHolder(fields), settingsOf());

export const asked = (errno: number, code?: string): Trial => ({ errno, code, unasked: undefined });
export const unasked = (why: string): Trial => ({ errno: undefined, code: undefined, unasked: why });

export function bindPool(free: number, capacity = 100): BindPoolUsage {
  return { protocol: 'tcp', source: Address.parse('10.0.0.5')!, capacity, used: capacity - free, free, ratio: 1 - free / capacity };
}

/** A bind() that a holder is in the way of, unless told otherwise. */
export function bindCase(fields: Omit<Partial<BindCase>, 'question' | 'settings'> & { readonly question?: Partial<BindQuestion>; readonly settings?: SettingsFields } = {}): BindCase {
  const { question, settings, ...others } = fields;
  const holders = fields.holders ?? [knownHolder()];
  return {
    question: { protocol: 'tcp', address: Address.anyIpv4, port: 3306, reuseAddress: true, reusePort: false, v6Only: false, ...question },
    namespace: reader,
    settings: settingsOf(settings),
    ruling: { outcome: 'fails', errno: 'EADDRINUSE', clause: 'holder-lacks-reuse-address', holders },
    trial: asked(98, 'EADDRINUSE'),
    holders,
    pool: undefined,
    isReserved: false,
    isInRange: false,
    limits: [],
    ...others,
  };
}

export function connectPorts(counts: Partial<ConnectPorts['counts']>, others: Partial<Omit<ConnectPorts, 'counts'>> = {}): ConnectPorts {
  return { counts: { free: 0, reserved: 0, explicit: 0, taken: 0, 'time-wait': 0, unknown: 0, ...counts }, untouched: undefined, reusable: 0, ...others };
}

/** A connect() for which all ports are taken, unless told otherwise. */
export function connectCase(fields: Omit<Partial<ConnectCase>, 'question' | 'settings'> & { readonly question?: Partial<ConnectQuestion>; readonly settings?: SettingsFields } = {}): ConnectCase {
  const { question, settings, ...others } = fields;
  const range: PortRange = fields.range ?? defaultLocalPortRange;
  return {
    question: { destination: Address.parse('10.0.0.9')!, destinationPort: 5432, isBound: false, ...question },
    namespace: reader,
    settings: settingsOf(settings),
    obstacle: undefined,
    obstacleCode: undefined,
    source: Address.parse('10.0.0.5'),
    range,
    ruling: { outcome: 'fails', errno: 'EADDRNOTAVAIL', clause: 'four-tuples-taken' },
    ports: connectPorts({ taken: 70, 'time-wait': 30 }),
    tuple: undefined,
    pool: undefined,
    trial: asked(99, 'EADDRNOTAVAIL'),
    usage: usageOf([]),
    counters: { before: {}, after: {}, elapsedMs: 1000 },
    limits: [],
    ...others,
  };
}

/** What is wrong with a title as one plain sentence; empty when nothing is. */
export function titleFaults(title: string): string[] {
  const faults: string[] = [];
  if (/undefined|NaN|\[object|null/.test(title)) faults.push('a value that is not there');
  if (/\s{2}|\n|^\s|\s$/.test(title)) faults.push('blanks');
  if (/[.:,;]$/.test(title)) faults.push('ends in the middle');
  if (/\. [A-Z]/.test(title)) faults.push('two sentences');
  if (title.length > 220) faults.push(`${title.length} characters`);
  if ((title.match(/\(/g)?.length ?? 0) !== (title.match(/\)/g)?.length ?? 0)) faults.push('brackets');
  return faults.map((fault) => `${fault}: ${title}`);
}

/** Clauses of the law that decide a connect(). */
export const connectClauses: ReadonlySet<Clause> = new Set<Clause>(['port-shared', 'four-tuples-taken', 'ports-explicit', 'ports-explicit-or-taken', 'four-tuple-free', 'four-tuple-taken', 'time-wait-taken-over', 'time-wait-not-reusable', 'odd-range']);
