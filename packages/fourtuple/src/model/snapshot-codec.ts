import { PortSet } from './port-set.ts';
import type { Owner, OwnerIndex } from './owner.ts';
import { traitsOfRelease, type KernelTraits } from './kernel-traits.ts';
import type { Settings } from './settings.ts';
import { SocketTable, type ColumnArray } from './socket-table.ts';
import type { NamespaceSnapshot, Snapshot } from './snapshot.ts';
import { SnapshotFormatError } from './snapshot-error.ts';

/** Version of the serialised form. A reader refuses another major number. */
export const SNAPSHOT_SCHEMA = 'fourtuple.snapshot/1';

/** One line of JSON, columns as base64 of little-endian values. */
export function encodeSnapshot(snapshot: Snapshot): string {
  return JSON.stringify({
    schema: SNAPSHOT_SCHEMA,
    takenAt: snapshot.takenAt,
    kernel: snapshot.kernel,
    host: snapshot.host,
    source: snapshot.source,
    limits: snapshot.limits,
    namespaces: snapshot.namespaces.map(encodeNamespace),
  });
}

/** @throws SnapshotFormatError saying what is wrong with the text. */
export function decodeSnapshot(text: string): Snapshot {
  const root = objectOf(parseJson(text), 'the snapshot');
  if (root['schema'] !== SNAPSHOT_SCHEMA) {
    throw new SnapshotFormatError(`this is ${describeSchema(root['schema'])}, and this version reads ${SNAPSHOT_SCHEMA}`);
  }
  const kernel = textOf(root['kernel'], 'kernel');
  const traits = traitsOfRelease(kernel);
  return {
    takenAt: timeOf(root['takenAt'], 'takenAt'),
    kernel,
    host: textOf(root['host'], 'host'),
    source: 'file',
    limits: arrayOf(root['limits'], 'limits').map((limit) => textOf(limit, 'limits')),
    namespaces: arrayOf(root['namespaces'], 'namespaces').map((namespace) => decodeNamespace(namespace, traits)),
  };
}

function encodeNamespace(namespace: NamespaceSnapshot): unknown {
  const { rows, columns } = namespace.sockets.toColumns();
  // Of the kernel the head of the snapshot tells.
  const { kernel: _, ...settings } = namespace.settings;
  const held: [number, number][] = [];
  namespace.sockets.forEach((socket) => {
    const owner = socket.inode === 0 ? -1 : namespace.owners.ownerOf(socket.inode);
    if (owner >= 0) held.push([socket.inode, owner]);
  });
  return {
    inode: namespace.id.inode,
    name: namespace.id.name,
    settings: { ...settings, reservedPorts: settings.reservedPorts.toString() },
    counters: namespace.counters,
    hasBoundInactive: namespace.hasBoundInactive,
    probes: { explicit: PortSet.of(namespace.probes.explicit).toString(), shared: PortSet.of(namespace.probes.shared).toString(), ...(namespace.probes.evidence === undefined ? {} : { evidence: namespace.probes.evidence }) },
    owners: { coverage: namespace.owners.coverage, list: namespace.owners.owners, weights: namespace.owners.weights, held },
    sockets: { rows, columns: Object.fromEntries(Object.entries(columns).map(([name, array]) => [name, packColumn(array)])) },
  };
}

function decodeNamespace(value: unknown, kernel: KernelTraits): NamespaceSnapshot {
  const root = objectOf(value, 'a namespace');
  const settings = objectOf(root['settings'], 'settings');
  const range = objectOf(settings['localPortRange'], 'localPortRange');
  const sockets = objectOf(root['sockets'], 'sockets');
  const probes = objectOf(root['probes'], 'probes');
  const columns: Record<string, ColumnArray> = {};
  for (const [name, packed] of Object.entries(objectOf(sockets['columns'], 'columns'))) columns[name] = unpackColumn(name, packed);
  let table: SocketTable;
  try {
    table = SocketTable.fromColumns({ rows: numberOf(sockets['rows'], 'rows'), columns });
  } catch (error) {
    throw new SnapshotFormatError(`the sockets cannot be read: ${(error as Error).message}`);
  }
  return {
    id: { inode: numberOf(root['inode'], 'inode'), name: textOf(root['name'], 'name') },
    settings: decodeSettings(settings, range, kernel),
    counters: decodeCounters(objectOf(root['counters'], 'counters')),
    hasBoundInactive: root['hasBoundInactive'] === true,
    probes: { explicit: [...portsOf(probes['explicit'], 'probes')], shared: [...portsOf(probes['shared'], 'probes')], ...(probes['evidence'] === 'kernel' ? { evidence: 'kernel' as const } : {}) },
    owners: decodeOwners(objectOf(root['owners'], 'owners')),
    sockets: table,
  };
}

function decodeSettings(settings: Record<string, unknown>, range: Record<string, unknown>, kernel: KernelTraits): Settings {
  const low = portOf(range['low'], 'low');
  const high = portOf(range['high'], 'high');
  if (low > high) throw new SnapshotFormatError(`the local port range ${low}-${high} is upside down`);
  const optional = (name: string): number | undefined => (settings[name] === undefined || settings[name] === null ? undefined : numberOf(settings[name], name));
  return {
    localPortRange: { low, high },
    reservedPorts: portsOf(settings['reservedPorts'], 'reservedPorts'),
    unprivilegedPortStart: optional('unprivilegedPortStart'),
    autobindReuse: booleanOf(settings['autobindReuse'], 'autobindReuse'),
    tcpTwReuse: numberOf(settings['tcpTwReuse'], 'tcpTwReuse'),
    tcpTwReuseDelayMs: numberOf(settings['tcpTwReuseDelayMs'], 'tcpTwReuseDelayMs'),
    tcpTimestamps: booleanOf(settings['tcpTimestamps'], 'tcpTimestamps'),
    tcpFinTimeoutSeconds: optional('tcpFinTimeoutSeconds'),
    tcpMaxTwBuckets: optional('tcpMaxTwBuckets'),
    tcpTwRecycle: optional('tcpTwRecycle'),
    somaxconn: optional('somaxconn'),
    tcpMaxSynBacklog: optional('tcpMaxSynBacklog'),
    bindV6Only: booleanOf(settings['bindV6Only'], 'bindV6Only'),
    conntrackMax: optional('conntrackMax'),
    fileMax: optional('fileMax'),
    openFiles: optional('openFiles'),
    kernel,
  };
}

function decodeCounters(counters: Record<string, unknown>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).map(([name, value]) => [name, numberOf(value, name)]));
}

function decodeOwners(root: Record<string, unknown>): OwnerIndex {
  const owners = arrayOf(root['list'], 'list').map(decodeOwner);
  const weights = arrayOf(root['weights'], 'weights').map((weight) => numberOf(weight, 'weights'));
  if (weights.length !== owners.length) throw new SnapshotFormatError(`there are ${weights.length} "weights" for ${owners.length} owners`);
  const byInode = new Map<number, number>();
  for (const pair of arrayOf(root['held'], 'held')) {
    const [inode, owner] = arrayOf(pair, 'held');
    const index = numberOf(owner, 'held');
    if (owners[index] === undefined) throw new SnapshotFormatError(`"held" names owner ${index} of ${owners.length}`);
    byInode.set(numberOf(inode, 'held'), index);
  }
  const coverage = root['coverage'];
  if (coverage !== 'all' && coverage !== 'sampled' && coverage !== 'none') throw new SnapshotFormatError('"coverage" is none of all, sampled, none');
  return { coverage, owners, weights, ownerOf: (inode) => byInode.get(inode) ?? -1 };
}

function decodeOwner(value: unknown): Owner {
  const owner = objectOf(value, 'an owner');
  const optional = (name: string): string | undefined => (owner[name] === undefined || owner[name] === null ? undefined : textOf(owner[name], name));
  return {
    pid: numberOf(owner['pid'], 'pid'),
    command: textOf(owner['command'], 'command'),
    uid: owner['uid'] === undefined || owner['uid'] === null ? undefined : numberOf(owner['uid'], 'uid'),
    unit: optional('unit'),
    container: optional('container'),
  };
}

const kinds = { Uint8Array, Int8Array, Uint16Array, Uint32Array, Int32Array, Float64Array } as const;

function packColumn(array: ColumnArray): [string, string] {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let binary = '';
  for (let from = 0; from < bytes.length; from += 8192) binary += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return [array.constructor.name, btoa(binary)];
}

function unpackColumn(name: string, packed: unknown): ColumnArray {
  const [kind, base64] = arrayOf(packed, name);
  const Kind = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : undefined;
  if (Kind === undefined) throw new SnapshotFormatError(`the column "${name}" is of no known kind`);
  let binary: string;
  try {
    binary = atob(textOf(base64, name));
  } catch {
    throw new SnapshotFormatError(`the column "${name}" is not base64`);
  }
  if (binary.length % Kind.BYTES_PER_ELEMENT !== 0) throw new SnapshotFormatError(`the column "${name}" is cut short`);
  return new Kind(Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SnapshotFormatError(`this is not JSON: ${(error as Error).message}`);
  }
}

function describeSchema(schema: unknown): string {
  return typeof schema === 'string' ? schema : 'not a snapshot (no "schema")';
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SnapshotFormatError(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function arrayOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new SnapshotFormatError(`"${what}" is not a list`);
  return value;
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new SnapshotFormatError(`"${what}" is not a text`);
  return value;
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new SnapshotFormatError(`"${what}" is not a number`);
  return value;
}

function timeOf(value: unknown, what: string): string {
  const text = textOf(value, what);
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) || Number.isNaN(Date.parse(text))) throw new SnapshotFormatError(`"${what}" is no time`);
  return text;
}

function booleanOf(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new SnapshotFormatError(`"${what}" is neither true nor false`);
  return value;
}

function portOf(value: unknown, what: string): number {
  const port = numberOf(value, what);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new SnapshotFormatError(`"${what}" is no port: ${port}`);
  return port;
}

function portsOf(value: unknown, what: string): PortSet {
  const ports = PortSet.parseList(textOf(value, what));
  if (ports === undefined) throw new SnapshotFormatError(`"${what}" is not a list of ports`);
  return ports;
}
