import { FilterSyntaxError, matches, parseFilter, type NameResolver, type SocketFilter } from '../../../filter/index.ts';
import { cgroupIdOf, interfaceIndex, NamespaceLostError, readCgroupPaths, readServices, type FoundNamespace } from '../../../kernel/index.ts';
import { cgroupName, noOwners, Protocol, SocketTable, stateBit, type OwnerIndex, type PortRange, type Snapshot } from '../../../model/index.ts';
import { goneSentence, LazyOwners, loadBpfReaders, openNamespace, readSockets } from '../../../observe/index.ts';
import { renderCsv, renderTable } from '../../../report/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { chosenNamespaces, loadInput, selectNamespaces } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import type { SocketsFlags } from './command.ts';
import { socketColumns, socketDocument, SocketRow } from './columns.ts';

/** The sockets of one namespace, and who owns them. */
interface Part {
  readonly inode: number;
  readonly name: string;
  readonly table: SocketTable;
  readonly owners: OwnerIndex;
}

export async function runSockets(this: CliContext, flags: SocketsFlags, ...words: string[]): Promise<void> {
  if ([flags.json, flags.jsonl, flags.csv].filter((flag) => flag === true).length > 1) throw new UsageError('--json, --jsonl and --csv exclude each other');
  const recording = await loadInput(flags);
  if (recording === undefined) await loadBpfReaders();
  const text = words.join(' ');
  const limits: string[] = [];
  const parts = recording === undefined ? readLive(flags, text, limits) : readRecorded(selectNamespaces(recording, flags), flags, text, limits);
  const printer = new Printer(this, flags);
  const cgroups = parts.some(({ table }) => table.length > 0) && recording === undefined ? readCgroupPaths() : new Map<number, string>();
  const rows = function* (): Generator<SocketRow> {
    const row = new SocketRow();
    for (const part of parts) {
      for (let index = 0; index < part.table.length; index++) {
        part.table.load(index, row.socket);
        row.namespace = part.name;
        row.namespaceInode = part.inode;
        row.owner = part.owners.owners[part.owners.ownerOf(row.socket.inode)];
        row.cgroup = cgroups.get(row.socket.cgroupId);
        row.place = row.cgroup === undefined ? undefined : cgroupName(row.cgroup);
        yield row;
      }
    }
  };
  if (flags.json === true) {
    printer.json({
      schema: 'fourtuple.sockets/1',
      takenAt: recording?.takenAt ?? this.now().toISOString(),
      *sockets() {
        for (const row of rows()) yield JSON.stringify(socketDocument(row));
      },
      limits,
    });
    return;
  }
  if (flags.jsonl === true) {
    for (const row of rows()) printer.line(JSON.stringify(socketDocument(row)));
  } else if (flags.csv === true) {
    printer.lines(renderCsv(socketColumns, rows()));
  } else {
    printTable(printer, [...copies(rows())], parts.length > 1, limits);
  }
  printer.flush();
}

/** The table needs all rows at once, to know their widths. */
function* copies(rows: Iterable<SocketRow>): Generator<SocketRow> {
  for (const row of rows) yield row.copy();
}

function printTable(printer: Printer, rows: readonly SocketRow[], isMany: boolean, limits: readonly string[]): void {
  printer.lines(renderTable(isMany ? socketColumns : socketColumns.slice(1), rows, { theme: printer.theme, width: printer.width }));
  if (printer.isQuiet || limits.length === 0) return;
  printer.line();
  for (const limit of limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}

function protocolsOf(flags: SocketsFlags): Protocol[] {
  if (flags.tcp === true && flags.udp !== true) return [Protocol.tcp];
  if (flags.udp === true && flags.tcp !== true) return [Protocol.udp];
  return [Protocol.tcp, Protocol.udp];
}

function parse(text: string, device: (name: string) => number | undefined): SocketFilter {
  let services: Map<string, number> | undefined;
  const names: NameResolver = {
    service: (name) => (services ??= readServices()).get(name),
    device,
    cgroup: (path) => cgroupIdOf(path),
  };
  try {
    return parseFilter(text, names);
  } catch (error) {
    if (error instanceof FilterSyntaxError) throw new UsageError(`${error.message}. "fourtuple sockets --help" shows the language.`);
    throw error;
  }
}

function readLive(flags: SocketsFlags, text: string, limits: string[]): Part[] {
  const { namespaces, limits: unseen } = chosenNamespaces(flags);
  limits.push(...unseen);
  const parts: { namespace: FoundNamespace; table: SocketTable }[] = [];
  for (const namespace of namespaces) {
    try {
      const opened = openNamespace(namespace, flags.source);
      try {
        const filter = parse(text, (name) => (opened.canEnter && opened.source.name === 'sock_diag' ? opened.inside(() => interfaceIndex(name)) : undefined));
        limits.push(...opened.limits);
        parts.push({ namespace, table: readSockets(opened.source, protocolsOf(flags), filter, opened.settings.localPortRange) });
      } finally {
        opened.source.close();
      }
    } catch (error) {
      if (error instanceof NamespaceLostError || error instanceof UsageError || namespaces.length === 1) throw error;
      limits.push(goneSentence(namespace, error));
    }
  }
  const owners = new LazyOwners(flags.owners, limits);
  return parts.map(({ namespace, table }) => ({ inode: namespace.inode, name: namespace.name, table, owners: table.length > 0 ? owners.get() : noOwners }));
}

function readRecorded(snapshot: Snapshot, flags: SocketsFlags, text: string, limits: string[]): Part[] {
  limits.push(`Read from a recording of ${snapshot.takenAt} on ${snapshot.host}.`, ...snapshot.limits);
  const filter = parse(text, () => undefined);
  const protocols = protocolsOf(flags);
  return snapshot.namespaces.map((shot) => ({ inode: shot.id.inode, name: shot.id.name, table: select(shot.sockets, protocols, filter, shot.settings.localPortRange), owners: shot.owners }));
}

function select(all: SocketTable, protocols: readonly number[], filter: SocketFilter, localPortRange: PortRange): SocketTable {
  const table = new SocketTable();
  all.forEach((socket) => {
    if (protocols.includes(socket.protocol) && (filter.states & stateBit(socket.state)) !== 0 && matches(filter.expression, socket, { localPortRange })) table.accept(socket);
  });
  return table;
}
