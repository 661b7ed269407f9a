import { knownServices, ownerText } from '../../../diagnose/index.ts';
import { currentNamespace, findNamespaces } from '../../../kernel/index.ts';
import { endpointText, grouped, plural } from '../../../model/index.ts';
import { findHolders, findRecordedHolders, type PortHolder, type PortHolders } from '../../../observe/index.ts';
import { printable, renderTable, type Column } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { ownerDocument } from '../../documents.ts';
import { chosenNamespaces, loadInput, selectNamespaces } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import type { WhoFlags } from './command.ts';

/** A holder, or several that differ in their remote end alone. */
interface HolderRow extends PortHolder {
  readonly alike?: number;
}

const FOLD_FROM = 4;

const columns: readonly Column<HolderRow>[] = [
  { id: 'namespace', title: 'namespace', help: 'Network namespace.', align: 'left', value: (holder) => holder.namespace.name, canShrink: true, dropFirst: 2 },
  { id: 'protocol', title: 'proto', help: 'tcp or udp.', align: 'left', value: (holder) => holder.protocol },
  { id: 'state', title: 'state', help: 'State of the socket.', align: 'left', value: (holder) => holder.state, text: (holder) => holder.state + (holder.timeWaitSecondsLeft === undefined ? '' : ` (${holder.timeWaitSecondsLeft.toFixed(1)} s left)`) },
  { id: 'local', title: 'local', help: 'Local address and port.', align: 'left', value: (holder) => endpointText(holder.local, holder.localPort), canShrink: true },
  { id: 'remote', title: 'remote', help: 'Remote address and port.', align: 'left', value: (holder) => (holder.alike === undefined ? endpointText(holder.remote, holder.remotePort) : `many (${grouped(holder.alike)})`), canShrink: true },
  { id: 'kind', title: 'kind (how known)', help: 'Holder kind, and the evidence for it.', align: 'left', value: (holder) => `${holder.kind} (${holder.evidence})` },
  { id: 'process', title: 'held by', help: 'Process, or why none is shown.', align: 'left', value: heldBy, text: (holder) => printable(heldBy(holder)), canShrink: true },
];

export async function runWho(this: CliContext, flags: WhoFlags, port: number): Promise<void> {
  const recording = await loadInput(flags);
  const found = recording === undefined ? live(flags, port) : findRecordedHolders(port, selectNamespaces(recording, flags));
  const printer = new Printer(this, flags);
  this.process.exitCode = found.holders.length > 0 ? ExitCode.done : ExitCode.notDone;
  if (flags.json === true) {
    printer.json({
      schema: 'fourtuple.who/1',
      port,
      service: knownServices.get(port) ?? null,
      holders: found.holders.map(holderDocument),
      reservedIn: found.reservedIn.map((namespace) => namespace.inode),
      inRangeOf: found.inRangeOf.map((namespace) => namespace.inode),
      limits: found.limits,
    });
    return;
  }
  print(printer, port, found);
  printer.flush();
}

/** The current namespace first, then all others that can be found: the holder may sit in a container. */
function live(flags: WhoFlags, port: number): PortHolders {
  if (flags.namespace !== undefined || flags.allNamespaces === true) return findHolders(port, chosenNamespaces(flags).namespaces, { probes: flags.probe, source: flags.source });
  const own = currentNamespace();
  const { namespaces, limits } = findNamespaces();
  const found = findHolders(port, [own, ...namespaces.filter((namespace) => namespace.inode !== own.inode)], { probes: flags.probe, source: flags.source });
  return { holders: found.holders, reservedIn: found.reservedIn, inRangeOf: found.inRangeOf, limits: [...limits, ...found.limits] };
}

function print(printer: Printer, port: number, found: PortHolders): void {
  const service = knownServices.get(port);
  const name = service === undefined ? `Port ${port}` : `Port ${port} (${service})`;
  const { theme, width } = printer;
  if (found.holders.length === 0) {
    printer.paragraph(`${name} is held by nobody that can be seen.`);
  } else {
    printer.paragraph(`${name} is held by ${plural(found.holders.length, 'socket')}:`);
    const isOne = new Set(found.holders.map((holder) => holder.namespace.inode)).size === 1;
    const rows = printer.isVerbose ? found.holders : foldAlike(found.holders);
    printer.lines(renderTable(isOne ? columns.slice(1) : columns, rows, { theme, width }));
    if (rows.length < found.holders.length && !printer.isQuiet) printer.paragraph('alike sockets in one line: --verbose shows each', { style: 'dim' });
    if (isOne && found.holders[0]!.namespace.name !== 'host') printer.paragraph(`in the network namespace ${found.holders[0]!.namespace.name}`, { style: 'dim' });
  }
  if (printer.isQuiet) return;
  for (const namespace of found.reservedIn) printer.paragraph(`It is reserved in ${namespace.name}: the kernel never chooses it there; an explicit bind() may have it.`);
  for (const namespace of found.inRangeOf) printer.paragraph(`It lies in the local port range of ${namespace.name}: while nobody holds it there, any connect() may be given it.`);
  for (const limit of found.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}

/** Folds sockets that differ in their remote end alone, from four on: a listener may have thousands of children. */
function foldAlike(holders: readonly PortHolder[]): HolderRow[] {
  const groups = new Map<string, PortHolder[]>();
  for (const holder of holders) {
    const key = [holder.namespace.inode, holder.protocol, holder.state, holder.local.toString(), holder.kind, holder.evidence, heldBy(holder)].join('|');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [holder]);
    else group.push(holder);
  }
  return [...groups.values()].flatMap((group): HolderRow[] => (group.length < FOLD_FROM ? group : [{ ...group[0]!, alike: group.length, timeWaitSecondsLeft: longest(group) }]));
}

function longest(group: readonly PortHolder[]): number | undefined {
  const seconds = group.map((holder) => holder.timeWaitSecondsLeft).filter((value) => value !== undefined);
  return seconds.length === 0 ? undefined : Math.max(...seconds);
}

function heldBy(holder: PortHolder): string {
  if (holder.owner !== undefined) return `${ownerText(holder.owner)}, user ${holder.user ?? '?'}`;
  return `nobody: ${holder.withoutProcess ?? 'unknown'}${holder.place === undefined ? '' : ` (${holder.place})`}`;
}

function holderDocument(holder: PortHolder): object {
  return {
    namespace: holder.namespace.inode,
    namespaceName: holder.namespace.name,
    protocol: holder.protocol,
    local: holder.local.toString(),
    localPort: holder.localPort,
    remote: holder.remote.toString(),
    remotePort: holder.remotePort,
    state: holder.state,
    kind: holder.kind,
    evidence: holder.evidence,
    ...ownerDocument(holder.owner),
    user: holder.user ?? null,
    container: holder.owner?.container ?? holder.place ?? null,
    timeWaitSecondsLeft: holder.timeWaitSecondsLeft ?? null,
    withoutProcess: holder.withoutProcess ?? null,
  };
}
