import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySocket, ownersOf, rowsOf, settingsOf, tableOf, tcp, udp } from '../../test/contract/hand-made.ts';
import { noOwners } from './owner.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.ts';
import { SnapshotFormatError } from './snapshot-error.ts';
import type { NamespaceSnapshot, Snapshot } from './snapshot.ts';

function shot(fields: Partial<NamespaceSnapshot> = {}): NamespaceSnapshot {
  return {
    id: { inode: 4_026_531_833, name: 'host' },
    settings: settingsOf({ range: [30_000, 40_000], reserved: '31000,32000-32010', conntrackMax: 262_144 }),
    counters: { 'TcpExt.TW': 12, 'sockstat.TCP.tw': 3 },
    sockets: tableOf([tcp('listen', '[::]:443', undefined, { inode: 5, v6Only: 0 }), tcp('timeWait', '10.0.0.1:30001', '10.0.0.2:443'), tcp('established', '10.0.0.1:30002', '10.0.0.2:443', { inode: 6 }), udp('0.0.0.0:68', undefined, { inode: 8 })]),
    owners: ownersOf({ 5: 'nginx', 6: 'app' }),
    probes: { explicit: [30_001], shared: [30_002, 30_003] },
    hasBoundInactive: true,
    ...fields,
  };
}

function snapshot(...namespaces: NamespaceSnapshot[]): Snapshot {
  return { takenAt: '2026-01-31T03:00:00.000Z', kernel: '6.18.44', host: 'db-1', source: 'sock_diag', namespaces, limits: ['one limit'] };
}

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

const whole = encodeSnapshot(snapshot(shot()));

/** The serialised form with the value at a path exchanged (or left out). */
function damaged(path: readonly (string | number)[], value: Json | undefined): string {
  const root = JSON.parse(whole) as Json;
  let node = root as Record<string | number, Json>;
  for (const step of path.slice(0, -1)) node = node[step] as Record<string | number, Json>;
  const last = path.at(-1)!;
  if (value === undefined) delete node[last];
  else node[last] = value;
  return JSON.stringify(root);
}

describe('the snapshot codec gives back', () => {
  it('everything of a namespace', () => {
    const before = shot();
    const after = decodeSnapshot(encodeSnapshot(snapshot(before))).namespaces[0]!;
    expect(after.id).toEqual(before.id);
    expect(after.counters).toEqual(before.counters);
    expect(after.probes).toEqual(before.probes);
    expect(after.hasBoundInactive).toBe(true);
    expect({ ...after.settings, reservedPorts: after.settings.reservedPorts.toString() }).toEqual({ ...before.settings, reservedPorts: '31000,32000-32010' });
    expect(rowsOf(after.sockets)).toEqual(rowsOf(before.sockets));
    expect(after.owners.owners).toEqual(before.owners.owners);
    expect([5, 6, 8, 0].map((inode) => after.owners.ownerOf(inode))).toEqual([0, 1, -1, -1]);
  });

  it('the head, and that it came from a file', () => {
    const { namespaces, ...head } = decodeSnapshot(encodeSnapshot(snapshot()));
    expect(namespaces).toEqual([]);
    expect(head).toEqual({ takenAt: '2026-01-31T03:00:00.000Z', kernel: '6.18.44', host: 'db-1', source: 'file', limits: ['one limit'] });
  });

  it('what is known of a process: user, unit, container', () => {
    const owners = { ...ownersOf({ 5: 'nginx' }), owners: [{ pid: 7, command: 'nginx', uid: 33, unit: 'nginx.service', container: '4f3a9c0d17be' }] };
    expect(decodeSnapshot(encodeSnapshot(snapshot(shot({ owners })))).namespaces[0]!.owners.owners).toEqual(owners.owners);
  });

  it('any sockets, on one line', () => {
    fc.assert(
      fc.property(fc.array(anySocket, { maxLength: 40 }), (sockets) => {
        const text = encodeSnapshot(snapshot(shot({ sockets: tableOf(sockets), owners: noOwners })));
        expect(text).not.toContain('\n');
        expect(rowsOf(decodeSnapshot(text).namespaces[0]!.sockets)).toEqual(sockets);
      }),
    );
  });

  it('a table larger than one piece of base64', () => {
    const sockets = Array.from({ length: 5000 }, (_, index) => tcp('established', `10.0.0.1:${index + 1}`, '10.0.0.2:443', { inode: index }));
    expect(rowsOf(decodeSnapshot(encodeSnapshot(snapshot(shot({ sockets: tableOf(sockets) })))).namespaces[0]!.sockets)).toEqual(sockets);
  });

  it('names in any script', () => {
    const name = 'Zürich ✓ 日本\u0000"\\';
    expect(decodeSnapshot(encodeSnapshot(snapshot(shot({ id: { inode: 1, name } })))).namespaces[0]!.id.name).toBe(name);
  });
});

describe('decodeSnapshot refuses, by name', () => {
  it.each([
    ['', /not JSON/],
    ['nonsense', /not JSON/],
    ['{"schema":', /not JSON/],
    ['null', /not an object/],
    ['[]', /not an object/],
    ['3', /not an object/],
    ['{}', /not a snapshot/],
    ['{"schema":"fourtuple.snapshot/2"}', /fourtuple\.snapshot\/2/],
    ['{"schema":"fourtuple.check/1"}', /fourtuple\.check\/1/],
    ['{"schema":7}', /not a snapshot/],
  ])('%j', (text, message) => {
    expect(() => decodeSnapshot(text)).toThrow(SnapshotFormatError);
    expect(() => decodeSnapshot(text)).toThrow(message);
  });

  it.each<[(string | number)[], Json | undefined]>([
    [['takenAt'], 5],
    [['kernel'], undefined],
    [['host'], null],
    [['limits'], 'none'],
    [['limits', 0], {}],
    [['namespaces'], {}],
    [['namespaces', 0], null],
    [['namespaces', 0, 'inode'], 'a'],
    [['namespaces', 0, 'name'], 4],
    [['namespaces', 0, 'settings'], []],
    [['namespaces', 0, 'settings', 'localPortRange'], undefined],
    [['namespaces', 0, 'settings', 'localPortRange', 'low'], '1'],
    [['namespaces', 0, 'settings', 'reservedPorts'], '1-70000'],
    [['namespaces', 0, 'counters'], null],
    [['namespaces', 0, 'probes'], undefined],
    [['namespaces', 0, 'probes', 'explicit'], [1]],
    [['namespaces', 0, 'owners'], 1],
    [['namespaces', 0, 'owners', 'coverage'], 'some'],
    [['namespaces', 0, 'owners', 'list'], undefined],
    [['namespaces', 0, 'owners', 'held'], [[1]]],
    [['namespaces', 0, 'owners', 'held'], [5]],
    [['namespaces', 0, 'sockets'], undefined],
    [['namespaces', 0, 'sockets', 'rows'], 5],
    [['namespaces', 0, 'sockets', 'rows'], -1],
    [['namespaces', 0, 'sockets', 'columns'], []],
    [['namespaces', 0, 'sockets', 'columns', 'state'], 'x'],
    [['namespaces', 0, 'sockets', 'columns', 'state'], ['Uint8Array', '***']],
    [['namespaces', 0, 'sockets', 'columns', 'state'], ['Uint8Array', 3]],
    [['namespaces', 0, 'sockets', 'columns', 'state'], ['Date', '']],
    [['namespaces', 0, 'sockets', 'columns', 'state'], ['constructor', '']],
    [['namespaces', 0, 'sockets', 'columns', 'local'], ['Uint32Array', 'AAA=']],
    [['namespaces', 0, 'sockets', 'columns', 'addresses'], ['Uint32Array', '']],
  ])('%j = %j', (path, value) => {
    expect(() => decodeSnapshot(damaged(path, value))).toThrow(SnapshotFormatError);
  });

  // What these let through breaks, or hangs, whoever uses the snapshot later.
  it.each<[string, (string | number)[], Json | undefined]>([
    ['a range above 65535: counting its ports does not end', ['namespaces', 0, 'settings', 'localPortRange', 'high'], 1e15],
    ['a range upside down', ['namespaces', 0, 'settings', 'localPortRange', 'low'], 50_000],
    ['a negative port', ['namespaces', 0, 'settings', 'localPortRange', 'low'], -5],
    ['a broken port', ['namespaces', 0, 'settings', 'localPortRange', 'low'], 30_000.5],
    ['a setting that is text', ['namespaces', 0, 'settings', 'tcpTwReuse'], '1'],
    ['a counter that is text', ['namespaces', 0, 'counters', 'TcpExt.TW'], 'many'],
    ['an owner that is null', ['namespaces', 0, 'owners', 'list', 0], null],
    ['an owner without a name', ['namespaces', 0, 'owners', 'list', 0], { pid: 5 }],
    ['a weight that is text', ['namespaces', 0, 'owners', 'weights', 0], 'x'],
    ['a weight too few', ['namespaces', 0, 'owners', 'weights'], []],
    ['an owner that is not there', ['namespaces', 0, 'owners', 'held'], [[5, 99]]],
  ])('%s', (_, path, value) => {
    expect(() => decodeSnapshot(damaged(path, value))).toThrow(SnapshotFormatError);
  });

  it('a setting that is missing, or takes the kernel\'s default for it', () => {
    const read = (): unknown => decodeSnapshot(damaged(['namespaces', 0, 'settings', 'tcpTwReuseDelayMs'], undefined)).namespaces[0]!.settings.tcpTwReuseDelayMs;
    expect([1000, 'SnapshotFormatError']).toContain(outcomeOf(read));
  });

  it('a number that is none: 1e999 is infinite', () => {
    expect(() => decodeSnapshot(whole.replace('"inode":4026531833', '"inode":1e999'))).toThrow(SnapshotFormatError);
  });

  it('any damage at any place, or reads it: no other error', () => {
    const paths: (string | number)[][] = [];
    const walk = (node: Json, path: (string | number)[]): void => {
      if (path.length > 0) paths.push(path);
      if (Array.isArray(node)) node.forEach((item, index) => walk(item, [...path, index]));
      else if (typeof node === 'object' && node !== null) for (const [key, item] of Object.entries(node)) walk(item, [...path, key]);
    };
    walk(JSON.parse(whole) as Json, []);
    const anything = fc.oneof(fc.jsonValue() as fc.Arbitrary<Json>, fc.constant(undefined), fc.constantFrom<Json>('__proto__', -1, 1e308, '', [], {}));
    fc.assert(
      fc.property(fc.constantFrom(...paths), anything, (path, value) => {
        expect(['read', 'SnapshotFormatError']).toContain(outcome(damaged(path, value)));
      }),
      { numRuns: 2000 },
    );
  });

  it('any text, or a text cut short: no other error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.nat(whole.length).map((length) => whole.slice(0, length))), (text) => {
        expect(['read', 'SnapshotFormatError']).toContain(outcome(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('ten thousand brackets', () => {
    expect(outcome('['.repeat(10_000))).toBe('SnapshotFormatError');
    expect(outcome(`{"schema":"fourtuple.snapshot/1","takenAt":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)).toBe('SnapshotFormatError');
  });
});

/** What a function returns, or the name of the error that it throws. */
function outcomeOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return (error as Error).name;
  }
}

function outcome(text: string): unknown {
  return outcomeOf(() => {
    decodeSnapshot(text);
    return 'read';
  });
}
