import { gzipSync } from 'node:zlib';

/** A file that is no recording, or one no more. */
export interface Damage {
  readonly name: string;
  readonly file: string;
  /** @param line a sound snapshot, without the newline. */
  readonly make: (line: string) => Uint8Array | string;
}

type Path = readonly (string | number)[];

/** The snapshot with one value, found along a path, replaced; undefined takes it away. */
const replaced =
  (path: Path, value: unknown) =>
  (line: string): string => {
    const snapshot = JSON.parse(line) as Record<string | number, unknown>;
    const parent = path.slice(0, -1).reduce((at, name) => at[name] as Record<string | number, unknown>, snapshot);
    const name = path.at(-1)!;
    if (!(name in parent)) throw new Error(`a snapshot has no ${path.join('.')}: this damage does none`);
    parent[name] = value;
    return `${JSON.stringify(snapshot)}\n`;
  };

const inNamespace = (...path: Path): Path => ['namespaces', 0, ...path];
const inColumns = (...path: Path): Path => inNamespace('sockets', 'columns', ...path);

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 0xff;
  return copy;
}

/** Not one of them may be read as if nothing were wrong. */
export const damages: readonly Damage[] = [
  { name: 'empty', file: 'x', make: () => '' },
  { name: 'blank lines', file: 'x', make: () => '\n \n\n' },
  { name: 'cut short', file: 'x', make: (line) => line.slice(0, line.length / 2) },
  { name: 'random bytes', file: 'x', make: () => Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 73 + 91) % 256)) },
  { name: 'a million brackets', file: 'x', make: () => '['.repeat(1_000_000) },
  { name: 'another schema version', file: 'x', make: (line) => line.replace('fourtuple.snapshot/1', 'fourtuple.snapshot/2') },
  { name: 'another document of ours', file: 'x', make: () => '{"schema":"fourtuple.check/1","status":"ok"}\n' },
  { name: 'null', file: 'x', make: () => 'null\n' },
  { name: 'a list', file: 'x', make: () => '[]\n' },
  { name: 'no schema', file: 'x', make: replaced(['schema'], undefined) },
  { name: 'no namespaces', file: 'x', make: replaced(['namespaces'], undefined) },
  { name: 'a namespace that is null', file: 'x', make: replaced(inNamespace(), null) },
  { name: 'a row that is not there', file: 'x', make: replaced(inNamespace('sockets', 'rows'), 100_000) },
  { name: 'a negative number of rows', file: 'x', make: replaced(inNamespace('sockets', 'rows'), -1) },
  { name: 'a column missing', file: 'x', make: replaced(inColumns('state'), undefined) },
  { name: 'a column of an unknown kind', file: 'x', make: replaced(inColumns('state', 0), 'Array') },
  { name: 'a column of another kind', file: 'x', make: replaced(inColumns('localPort', 0), 'Float64Array') },
  { name: 'a column that is not base64', file: 'x', make: replaced(inColumns('state', 1), '!!!') },
  { name: 'addresses that are not there', file: 'x', make: replaced(inColumns('addresses', 1), '') },
  { name: 'a port above 65535', file: 'x', make: replaced(inNamespace('probes', 'explicit'), '99999') },
  { name: 'a range beyond all ports', file: 'x', make: replaced(inNamespace('settings', 'localPortRange'), { low: -5, high: 1e9 }) },
  { name: 'a range upside down', file: 'x', make: replaced(inNamespace('settings', 'localPortRange'), { low: 60_000, high: 100 }) },
  { name: 'a setting of another type', file: 'x', make: replaced(inNamespace('settings', 'tcpTwReuse'), 'often') },
  { name: 'a counter of another type', file: 'x', make: replaced(inNamespace('counters'), { 'TcpExt.TW': 'many' }) },
  { name: 'an owner that is null', file: 'x', make: replaced(inNamespace('owners', 'list', 0), null) },
  { name: 'an owner who is not in the list', file: 'x', make: replaced(inNamespace('owners', 'held'), [[1, 999]]) },
  { name: 'owners without weights', file: 'x', make: replaced(inNamespace('owners', 'weights'), []) },
  { name: 'a time that is none', file: 'x', make: replaced(['takenAt'], '\u001B[31mred') },
  { name: 'gzip, cut short', file: 'x.gz', make: (line) => gzipSync(line).subarray(0, 200) },
  { name: 'gzip, one byte changed', file: 'x.gz', make: (line) => flipped(gzipSync(line), 200) },
  { name: 'gzip of zeros', file: 'x.gz', make: () => gzipSync(Buffer.alloc(1_000_000)) },
  { name: 'gzip, its heading alone', file: 'x.gz', make: () => Buffer.from([0x1f, 0x8b]) },
];
