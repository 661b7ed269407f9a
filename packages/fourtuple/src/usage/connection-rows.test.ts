import { describe, expect, it } from 'vitest';
import { recordsOf, type PlainSocket } from '../../test/support/socket-records.ts';
import { ReuseScope } from '../law/index.ts';
import { PortSet, readRecord, SocketCursor, TcpState, type OwnerIndex } from '../model/index.ts';
import { ConnectionRows } from './connection-rows.ts';

const LOW = 1024;
const PORTS = 60_000;
/** More rows than two chunks of a column. */
const COUNT = 140_000;

const usable = new PortSet();
usable.addRange(LOW, LOW + PORTS - 1);
const owners: OwnerIndex = { owners: [], weights: [], coverage: 'all', ownerOf: (inode) => inode % 1000 };

/** Every seventh is of a device, and so comes one by one; tuples are a few hundred. */
function socketAt(index: number): PlainSocket {
  return {
    family: index % 3 === 0 ? 10 : 2,
    state: index % 5 === 0 ? TcpState.timeWait : TcpState.established,
    local: index % 3 === 0 ? `::ffff:10.0.0.${index % 11}` : `10.0.0.${index % 11}`,
    port: LOW + (index % PORTS),
    remote: index % 3 === 0 ? `::ffff:203.0.113.${index % 97}` : `203.0.113.${index % 97}`,
    remotePort: 443,
    device: index % 7 === 0 ? 3 : 0,
    inode: index + 1,
    noPort: (index % 4) - 1 > 0 ? 1 : 0,
  };
}

/** Everything that the rows tell, without their order. */
function told(rows: ConnectionRows): string[] {
  const lines: string[] = [];
  for (let row = 0; row < rows.length; row++) {
    lines.push(`${rows.describe(rows.tuple.at(row)).join()} ${rows.port.at(row)} state ${rows.stateAt(row)} owner ${rows.ownerAt(row, owners)} ${rows.hasNoPortAt(row)} ${rows.isReusableAt(row)} first ${rows.firstOn(rows.port.at(row)) <= row}`);
  }
  return lines.sort();
}

describe('rows of runs', () => {
  const cursor = new SocketCursor();
  const inRuns = new ConnectionRows(usable, true);
  const oneByOne = new ConnectionRows(usable, true);
  for (let from = 0; from < COUNT; ) {
    const size = Math.min(1 + (from % 1024), COUNT - from);
    const records = recordsOf(Array.from({ length: size }, (_, index) => socketAt(from + index)));
    const { ids } = inRuns.addRun(records, usable, ReuseScope.none);
    for (let index = 0; index < size; index++) {
      readRecord(records, index, cursor);
      if (ids[index]! < 0) inRuns.add(cursor, false);
      oneByOne.add(cursor, false);
    }
    from += size;
  }

  it('are the rows of the same sockets one by one', () => {
    expect([inRuns.length, inRuns.count]).toEqual([COUNT, COUNT]);
    const [left, right] = [told(inRuns), told(oneByOne)];
    expect(left.findIndex((line, index) => line !== right[index])).toBe(-1);
  });

  it('sum up alike, and know the same ports', () => {
    const sums = (rows: ConnectionRows): string[] => {
      const [total, used] = [new Uint32Array(rows.tupleCount), new Uint32Array(rows.tupleCount)];
      rows.sumUp(total, used);
      return Array.from(total, (count, tuple) => `${rows.describe(tuple).join()} ${count} ${used[tuple]!} ${rows.inState(tuple, TcpState.timeWait)}`).sort();
    };
    expect(sums(inRuns)).toEqual(sums(oneByOne));
    expect([...inRuns.ports()]).toEqual([...oneByOne.ports()]);
    expect([...inRuns.noPort]).toEqual([...oneByOne.noPort]);
    const sources = (rows: ConnectionRows): string[] => rows.portsOf.map((ports, source) => `${rows.sources.word(source, 3)} ${ports.size} ${ports.toString()}`).sort();
    expect(sources(inRuns)).toEqual(sources(oneByOne));
    for (const port of [LOW, LOW + 1, LOW + 30_000, LOW + PORTS - 1]) expect(inRuns.countOn(port)).toBe(oneByOne.countOn(port));
  });

  it('are gone after clear(), and come again', () => {
    inRuns.clear();
    expect([inRuns.length, inRuns.count, inRuns.tupleCount, inRuns.countOn(LOW)]).toEqual([0, 0, 0, 0]);
    inRuns.addRun(recordsOf([socketAt(1), socketAt(2)]), usable, ReuseScope.none);
    expect([inRuns.length, inRuns.tupleCount, inRuns.port.at(0), inRuns.port.at(1)]).toEqual([2, 2, LOW + 1, LOW + 2]);
  });
});
