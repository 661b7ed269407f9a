import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReuseScope } from '../law/index.ts';
import { Address, PortSet, swapPort, swapWord, TcpState } from '../model/index.ts';
import { recordsOf, type PlainSocket } from '../../test/support/socket-records.ts';
import { hashTuple, Ipv4Tuples } from './ipv4-tuples.ts';

const address = fc.oneof(fc.constantFrom('10.0.0.1', '127.0.0.1', '255.255.255.255', '0.0.0.0'), fc.ipV4());
const plain: fc.Arbitrary<PlainSocket> = fc
  .record({
    kind: fc.constantFrom('ipv4', 'ipv4', 'mapped', 'ipv6'),
    state: fc.constantFrom(TcpState.established, TcpState.established, TcpState.timeWait, TcpState.synSent, TcpState.finWait2),
    local: address,
    remote: address,
    port: fc.oneof(fc.integer({ min: 30_000, max: 30_009 }), fc.integer({ min: 0, max: 65_535 })),
    remotePort: fc.oneof(fc.constantFrom(80, 443), fc.integer({ min: 0, max: 65_535 })),
    device: fc.constantFrom(0, 0, 0, 5),
  })
  .map(({ kind, local, remote, ...others }) => ({ ...others, family: kind === 'ipv4' ? 2 : 10, local: kind === 'ipv6' ? '2001:db8::1' : local, remote: kind === 'ipv6' ? '2001:db8::9' : remote }));

/** What a Map says: tuples in order of first sight, with their counts and the ports of each source. */
class Simple {
  readonly ids = new Map<string, number>();
  readonly counts: { established: number; timeWait: number }[] = [];
  readonly ports = new Map<string, Set<number>>();

  count(sockets: readonly PlainSocket[], isPlain: (port: number) => boolean, scope: ReuseScope): number[] {
    return sockets.map(({ state, local, port, remote, remotePort, device }) => {
      const isLoopback = local.startsWith('127.') || remote.startsWith('127.');
      const isCountable = state === TcpState.established || (state === TcpState.timeWait && (scope === ReuseScope.none || (scope === ReuseScope.loopback && !isLoopback)));
      if (!isPlain(port) || device !== 0 || !isCountable || local.includes(':')) return -1;
      const key = `${local} ${remote} ${remotePort}`;
      let id = this.ids.get(key);
      if (id === undefined) {
        id = this.ids.size;
        this.ids.set(key, id);
        this.counts.push({ established: 0, timeWait: 0 });
      }
      this.counts[id]![state === TcpState.established ? 'established' : 'timeWait']++;
      const ports = this.ports.get(local) ?? new Set();
      this.ports.set(local, ports.add(port));
      return id;
    });
  }
}

function make(): { tuples: Ipv4Tuples; portsOf: Map<number, PortSet> } {
  const portsOf = new Map<number, PortSet>();
  const tuples: Ipv4Tuples = new Ipv4Tuples((id) => {
    const local = tuples.word(id, 0);
    const ports = portsOf.get(local) ?? new PortSet();
    portsOf.set(local, ports);
    return ports;
  });
  return { tuples, portsOf };
}

const plainPorts = new PortSet();
plainPorts.addRange(30_000, 30_009);
const allPorts = new PortSet();
allPorts.addRange(0, 65_535);

describe('Ipv4Tuples', () => {
  it('counts as a Map does, in runs one after the other', () => {
    fc.assert(
      fc.property(fc.array(fc.array(plain, { maxLength: 40 }), { maxLength: 4 }), fc.constantFrom(ReuseScope.none, ReuseScope.loopback, ReuseScope.any), fc.boolean(), (runs, scope, isWide) => {
        const simple = new Simple();
        const { tuples, portsOf } = make();
        const allowed = isWide ? allPorts : plainPorts;
        const ids = new Int32Array(64);
        for (const run of runs) {
          const expected = simple.count(run, (port) => allowed.has(port), scope);
          const counted = tuples.count(recordsOf(run), allowed, scope, ids);
          expect([...ids.subarray(0, run.length)]).toEqual(expected);
          expect(counted).toBe(expected.filter((id) => id >= 0).length);
        }
        expect(tuples.size).toBe(simple.ids.size);
        simple.counts.forEach(({ established, timeWait }, id) => expect([tuples.counted(id, TcpState.established), tuples.counted(id, TcpState.timeWait), tuples.counted(id, TcpState.synSent)]).toEqual([established, timeWait, 0]));
        expect(tuples.total(TcpState.established)).toBe(simple.counts.reduce((sum, { established }) => sum + established, 0));
        tuples.notePorts();
        for (const [local, ports] of simple.ports) {
          const known = portsOf.get(swapWord(Address.parse(local)!.w3) | 0)!;
          expect([known.size, ...known]).toEqual([ports.size, ...[...ports].sort((left, right) => left - right)]);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('gives a tuple its number again', () => {
    const { tuples } = make();
    expect([tuples.intern(1, 2, 3), tuples.intern(1, 2, 4), tuples.intern(2, 1, 3), tuples.intern(1, 2, 3), tuples.intern(1, 2, 4)]).toEqual([0, 1, 2, 0, 1]);
    expect([0, 1, 2].map((index) => tuples.word(1, index))).toEqual([1, 2, 4]);
  });

  it('grows, keeps every tuple, and forgets all of them', () => {
    const { tuples, portsOf } = make();
    const total = 20_000;
    const ids = new Int32Array(1024);
    const all = Array.from({ length: total }, (_, index): PlainSocket => ({ family: 2, state: TcpState.established, local: `10.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}`, port: 30_000, remote: '10.9.9.9', remotePort: 443, device: 0 }));
    for (let from = 0; from < total; from += 1000) expect(tuples.count(recordsOf(all.slice(from, from + 1000)), plainPorts, ReuseScope.none, ids)).toBe(1000);
    // Once more: nothing is new.
    for (let from = 0; from < total; from += 1000) tuples.count(recordsOf(all.slice(from, from + 1000)), plainPorts, ReuseScope.none, ids);
    expect([tuples.size, tuples.total(TcpState.established)]).toEqual([total, 2 * total]);
    expect(Array.from({ length: total }, (_, id) => tuples.counted(id, TcpState.established)).every((count) => count === 2)).toBe(true);
    tuples.clear();
    portsOf.clear();
    expect([tuples.size, tuples.total(TcpState.established)]).toEqual([0, 0]);
    expect(tuples.count(recordsOf(all.slice(5, 6)), plainPorts, ReuseScope.none, ids)).toBe(1);
    expect([ids[0], tuples.counted(0, TcpState.established)]).toEqual([0, 1]);
    // What was not told to a set before is not told twice.
    tuples.notePorts();
    const known = portsOf.get(swapWord(Address.parse('10.0.0.5')!.w3) | 0)!;
    expect([known.size, ...known]).toEqual([1, 30_000]);
  });
});

describe('the places of tuples', () => {
  type Visit = (local: string, remote: string, remotePort: number) => void;
  const each = (count: number, visit: (index: number) => void): void => Array.from({ length: count }, (_, index) => index).forEach(visit);
  const populations: readonly (readonly [string, (visit: Visit) => void])[] = [
    ['one source, 1,000 destinations', (visit) => each(1000, (index) => visit('10.0.0.5', `10.1.${index >> 8}.${index & 255}`, 443))],
    ['256 sources, 256 destinations', (visit) => each(65_536, (index) => visit(`10.0.0.${index >> 8}`, `10.0.1.${index & 255}`, 443))],
    ['the same 200 addresses on both sides', (visit) => each(40_000, (index) => visit(`10.0.0.${Math.floor(index / 200)}`, `10.0.0.${index % 200}`, 6379))],
    ['one destination, 30,000 of its ports', (visit) => each(30_000, (index) => visit('10.0.0.1', '10.0.1.7', 32_768 + index))],
    ['64 sources, 64 destinations, 16 ports', (visit) => each(65_536, (index) => visit(`10.0.3.${index >> 10}`, `10.0.4.${(index >> 4) & 63}`, 9000 + (index & 15)))],
    ['racks and nodes numbered alike', (visit) => each(8192, (index) => visit('10.0.0.5', `10.${index & 255}.0.${index & 255}`, 8000 + (index >> 8)))],
    ['a mesh of such', (visit) => each(40_000, (index) => visit(`10.${index % 200}.1.${index % 200}`, `10.${Math.floor(index / 200)}.1.${Math.floor(index / 200)}`, 6379))],
    ['65,536 destinations', (visit) => each(65_536, (index) => visit('10.0.3.1', `172.16.${index >> 8}.${index & 255}`, 443))],
  ];

  it.each(populations)('are few steps away: %s', (_, make) => {
    const hashes: number[] = [];
    make((local, remote, remotePort) => {
      const [from, to] = [Address.parse(local)!, Address.parse(remote)!];
      hashes.push(hashTuple(swapWord(from.w3) | 0, swapWord(to.w3) | 0, swapPort(remotePort)));
    });
    const mask = 2 ** Math.ceil(Math.log2(hashes.length * 2)) - 1;
    const taken = new Uint8Array(mask + 1);
    let steps = 0;
    for (const hash of hashes) {
      let slot = hash & mask;
      for (; taken[slot] !== 0 && steps < hashes.length * 10; slot = (slot + 1) & mask) steps++;
      taken[slot] = 1;
    }
    expect(steps / hashes.length).toBeLessThan(2);
  });
});
