import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySocket, rowsOf, tableOf, tcp } from '../../test/contract/hand-made.ts';
import { SocketCursor } from './socket-cursor.ts';
import { SocketTable, type SocketColumns } from './socket-table.ts';

const sockets = fc.array(anySocket, { maxLength: 60 });

/** The serialised form of a small table, with some columns exchanged. */
function changed(columns: Partial<SocketColumns['columns']>, rows?: number): SocketColumns {
  const serialised = tableOf([tcp('established', '10.0.0.1:1', '10.0.0.2:2'), tcp('listen', '10.0.0.1:3')]).toColumns();
  return { rows: rows ?? serialised.rows, columns: { ...serialised.columns, ...(columns as SocketColumns['columns']) } };
}

describe('SocketTable', () => {
  it('gives back every field of every socket', () => {
    fc.assert(
      fc.property(sockets, (all) => {
        expect(rowsOf(tableOf(all))).toEqual(all);
      }),
    );
  });

  it('gives back the same through its columns', () => {
    fc.assert(
      fc.property(sockets, (all) => {
        const table = SocketTable.fromColumns(tableOf(all).toColumns());
        expect(rowsOf(table)).toEqual(all);
        expect(table.length).toBe(all.length);
      }),
    );
  });

  it('copies what it is given: a source fills the same cursor again', () => {
    const table = new SocketTable();
    const cursor = tcp('established', '10.0.0.1:1', '10.0.0.2:2');
    table.accept(cursor);
    cursor.localPort = 9;
    cursor.local3 = 9;
    table.accept(cursor);
    expect(rowsOf(table).map((socket) => `${socket.localAddress().toString()} ${socket.localPort}`)).toEqual(['10.0.0.1 1', '0.0.0.9 9']);
  });

  it('forgets everything at reset()', () => {
    const table = tableOf([tcp('listen', '10.0.0.1:1'), tcp('listen', '10.0.0.2:1')]);
    table.reset();
    expect(table.length).toBe(0);
    table.accept(tcp('listen', '[2001:db8::1]:5'));
    expect(rowsOf(table)[0]!.localAddress().toString()).toBe('2001:db8::1');
    expect(table.toColumns().columns['addresses']!.length).toBe(4 * 2);
  });

  it('overwrites every field of the cursor that it loads into', () => {
    const table = tableOf([tcp('established', '10.0.0.1:1', '10.0.0.2:2')]);
    const cursor = Object.assign(new SocketCursor(), Object.fromEntries(Object.keys(new SocketCursor()).map((name) => [name, 77])));
    table.load(0, cursor);
    expect(Object.values(cursor)).not.toContain(77);
  });

  it('numbers the index along', () => {
    const seen: number[] = [];
    tableOf([tcp('listen', '10.0.0.1:1'), tcp('listen', '10.0.0.1:2')]).forEach((_, index) => seen.push(index));
    expect(seen).toEqual([0, 1]);
  });

  it('keeps 100,000 sockets across chunks', () => {
    const table = new SocketTable();
    const cursor = tcp('established', '10.0.0.1:1', '10.0.0.2:443');
    for (let index = 0; index < 100_000; index++) {
      cursor.localPort = index & 0xffff;
      cursor.remote3 = (0x0b000000 + index) >>> 0;
      cursor.inode = index;
      table.accept(cursor);
    }
    let wrong = 0;
    table.forEach((socket, index) => {
      if (socket.localPort !== (index & 0xffff) || socket.remote3 !== 0x0b000000 + index || socket.inode !== index) wrong++;
    });
    expect([table.length, wrong]).toEqual([100_000, 0]);
  });
});

describe('SocketTable.fromColumns refuses', () => {
  it.each([
    ['a missing column', changed({ state: undefined })],
    ['a column that is too short', changed({ state: new Uint8Array(1) })],
    ['a column that is too long', changed({ state: new Uint8Array(3) })],
    ['a number of rows that no column has', changed({}, 3)],
    ['missing addresses', changed({ addresses: undefined })],
    ['addresses cut short', changed({ addresses: new Uint32Array(7) })],
    ['an address twice', changed({ addresses: Uint32Array.of(0, 0, 0xffff, 1, 0, 0, 0xffff, 1, 0, 0, 0xffff, 2) })],
    ['an address that is not there', changed({ local: Uint32Array.of(0, 99) })],
  ])('%s', (_, columns) => {
    expect(() => SocketTable.fromColumns(columns)).toThrow(RangeError);
  });

  it('an address of a negative number', () => {
    expect(() => SocketTable.fromColumns(changed({ local: Int32Array.of(0, -1) }))).toThrow(RangeError);
  });

  it('an address that is no number', () => {
    expect(() => SocketTable.fromColumns(changed({ remote: Float64Array.of(0, Number.NaN) }))).toThrow(RangeError);
  });

  it('a column of another kind, whose values would be cut to fit', () => {
    expect(() => SocketTable.fromColumns(changed({ localPort: Uint32Array.of(1, 65_537) }))).toThrow(RangeError);
  });
});
