import { f64, i8, u16, u32, u8, type Column } from './growing.ts';
import { SocketCursor, type SocketSink } from './socket-cursor.ts';
import { WordTable } from './word-table.ts';

/**
 * Sockets as columns of typed arrays, about 60 bytes a socket; addresses are numbered once in a dictionary.
 * It is a sink while a dump runs and a source ever after: {@link forEach} replays it through a cursor.
 */
export class SocketTable implements SocketSink {
  readonly #addresses = new WordTable(4);
  readonly #columns = {
    protocol: u8(),
    family: u8(),
    state: u8(),
    local: u32(),
    localPort: u16(),
    remote: u32(),
    remotePort: u16(),
    interfaceIndex: u32(),
    timer: u8(),
    retransmits: u8(),
    expiresMs: u32(),
    receiveQueue: u32(),
    sendQueue: u32(),
    uid: u32(),
    inode: u32(),
    cookieLow: u32(),
    cookieHigh: u32(),
    cgroupId: f64(),
    mark: f64(),
    noPort: i8(),
    v6Only: i8(),
  };

  get length(): number {
    return this.#columns.state.length;
  }

  accept(socket: SocketCursor): void {
    const columns = this.#columns;
    columns.protocol.push(socket.protocol);
    columns.family.push(socket.family);
    columns.state.push(socket.state);
    columns.local.push(this.#address(socket.local0, socket.local1, socket.local2, socket.local3));
    columns.localPort.push(socket.localPort);
    columns.remote.push(this.#address(socket.remote0, socket.remote1, socket.remote2, socket.remote3));
    columns.remotePort.push(socket.remotePort);
    columns.interfaceIndex.push(socket.interfaceIndex);
    columns.timer.push(socket.timer);
    columns.retransmits.push(socket.retransmits);
    columns.expiresMs.push(socket.expiresMs);
    columns.receiveQueue.push(socket.receiveQueue);
    columns.sendQueue.push(socket.sendQueue);
    columns.uid.push(socket.uid);
    columns.inode.push(socket.inode);
    columns.cookieLow.push(socket.cookieLow);
    columns.cookieHigh.push(socket.cookieHigh);
    columns.cgroupId.push(socket.cgroupId);
    columns.mark.push(socket.mark);
    columns.noPort.push(socket.noPort);
    columns.v6Only.push(socket.v6Only);
  }

  reset(): void {
    for (const column of Object.values(this.#columns)) column.clear();
    this.#addresses.clear();
  }

  /** Writes row `index` into the cursor. */
  load(index: number, into: SocketCursor): void {
    const columns = this.#columns;
    into.protocol = columns.protocol.at(index);
    into.family = columns.family.at(index);
    into.state = columns.state.at(index);
    const local = columns.local.at(index);
    into.local0 = this.#addresses.word(local, 0);
    into.local1 = this.#addresses.word(local, 1);
    into.local2 = this.#addresses.word(local, 2);
    into.local3 = this.#addresses.word(local, 3);
    into.localPort = columns.localPort.at(index);
    const remote = columns.remote.at(index);
    into.remote0 = this.#addresses.word(remote, 0);
    into.remote1 = this.#addresses.word(remote, 1);
    into.remote2 = this.#addresses.word(remote, 2);
    into.remote3 = this.#addresses.word(remote, 3);
    into.remotePort = columns.remotePort.at(index);
    into.interfaceIndex = columns.interfaceIndex.at(index);
    into.timer = columns.timer.at(index);
    into.retransmits = columns.retransmits.at(index);
    into.expiresMs = columns.expiresMs.at(index);
    into.receiveQueue = columns.receiveQueue.at(index);
    into.sendQueue = columns.sendQueue.at(index);
    into.uid = columns.uid.at(index);
    into.inode = columns.inode.at(index);
    into.cookieLow = columns.cookieLow.at(index);
    into.cookieHigh = columns.cookieHigh.at(index);
    into.cgroupId = columns.cgroupId.at(index);
    into.mark = columns.mark.at(index);
    into.noPort = columns.noPort.at(index);
    into.v6Only = columns.v6Only.at(index);
  }

  /** Calls `visit` for each row with one reused cursor. */
  forEach(visit: (socket: SocketCursor, index: number) => void): void {
    const cursor = new SocketCursor();
    for (let index = 0; index < this.length; index++) {
      this.load(index, cursor);
      visit(cursor, index);
    }
  }

  /** Name, element kind and bytes of every column, in a fixed order: the serialised form. */
  toColumns(): SocketColumns {
    const words = new Uint32Array(this.#addresses.size * 4);
    for (let index = 0; index < words.length; index++) words[index] = this.#addresses.word(index >>> 2, index & 3);
    const columns: Record<string, ColumnArray> = { addresses: words };
    for (const [name, column] of Object.entries(this.#columns)) columns[name] = column.toArray();
    return { rows: this.length, columns };
  }

  /** @throws RangeError when a column is missing, has a wrong length or names an address that is not there. */
  static fromColumns(serialised: SocketColumns): SocketTable {
    const table = new SocketTable();
    const addresses = serialised.columns['addresses'];
    if (addresses === undefined || addresses.length % 4 !== 0) throw new RangeError('the column "addresses" is missing or cut short');
    for (let index = 0; index < addresses.length; index += 4) {
      const id = table.#address(addresses[index]!, addresses[index + 1]!, addresses[index + 2]!, addresses[index + 3]!);
      if (id !== index / 4) throw new RangeError('the column "addresses" holds an address twice');
    }
    for (const [name, column] of Object.entries(table.#columns) as [string, Column<Uint32Array>][]) {
      const values = serialised.columns[name];
      if (values === undefined || values.length !== serialised.rows) {
        throw new RangeError(`the column "${name}" has ${values?.length ?? 'no'} rows, not ${serialised.rows}`);
      }
      if (values.constructor !== column.toArray().constructor) throw new RangeError(`the column "${name}" is of the kind ${values.constructor.name}`);
      const limit = name === 'local' || name === 'remote' ? addresses.length / 4 : Number.POSITIVE_INFINITY;
      for (const value of values) {
        if (value >= limit) throw new RangeError(`the column "${name}" names address ${value} of ${limit}`);
        column.push(value);
      }
    }
    return table;
  }

  #address(w0: number, w1: number, w2: number, w3: number): number {
    const { key } = this.#addresses;
    key[0] = w0;
    key[1] = w1;
    key[2] = w2;
    key[3] = w3;
    return this.#addresses.intern();
  }
}

export type ColumnArray = Uint8Array | Uint16Array | Uint32Array | Int8Array | Float64Array | Int32Array;

export interface SocketColumns {
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnArray>>;
}
