import { knownServices } from '../../../knobs/services/known-services.ts';
import { AUTO_BUDGET, currentNamespace, findNamespaces, ProcFs, socketUnitsOf, type SocketUnit } from '../../../kernel/index.ts';
import { plural, type NamespaceId } from '../../../model/index.ts';
import { findHolders, findRecordedHolders, loadBpfReaders, type PortHolders } from '../../../observe/index.ts';
import { renderTable } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { foldAlike, holderColumns, holderDocument, processLines } from '../../port-holders.ts';
import { chosenNamespaces, loadInput, selectNamespaces } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import type { WhoFlags } from './command.ts';

/** Network namespaces that a sentence names; of the others it says how many. */
const NAMED = 4;

export async function runWho(this: CliContext, flags: WhoFlags, port: number): Promise<void> {
  const recording = await loadInput(flags);
  if (recording === undefined) await loadBpfReaders();
  const found = recording === undefined ? live(flags, port) : findRecordedHolders(port, selectNamespaces(recording, flags));
  const units = recording === undefined ? socketUnitsOf(port) : [];
  const printer = new Printer(this, flags);
  this.process.exitCode = found.holders.length > 0 ? ExitCode.done : ExitCode.notDone;
  if (flags.json === true) {
    printer.json({
      schema: 'fourtuple.who/1',
      port,
      service: knownServices.get(port) ?? null,
      socketUnits: units.map(({ name, isEnabled }) => ({ name, enabled: isEnabled })),
      holders: found.holders.map(holderDocument),
      reservedIn: found.reservedIn.map((namespace) => namespace.inode),
      inRangeOf: found.inRangeOf.map((namespace) => namespace.inode),
      limits: found.limits,
    });
    return;
  }
  print(printer, port, found, units, this.now());
  printer.flush();
}

/** The current namespace first, then all others that can be found: the holder may sit in a container. */
function live(flags: WhoFlags, port: number): PortHolders {
  if (flags.namespace !== undefined || flags.allNamespaces === true) return findHolders(port, chosenNamespaces(flags).namespaces, { probes: flags.probe, source: flags.source });
  const own = currentNamespace();
  const { namespaces, limits } = findNamespaces(new ProcFs(), AUTO_BUDGET);
  const found = findHolders(port, [own, ...namespaces.filter((namespace) => namespace.inode !== own.inode)], { probes: flags.probe, source: flags.source });
  return { holders: found.holders, reservedIn: found.reservedIn, inRangeOf: found.inRangeOf, limits: [...limits, ...found.limits] };
}

function print(printer: Printer, port: number, found: PortHolders, units: readonly SocketUnit[], now: Date): void {
  const service = knownServices.get(port);
  const name = service === undefined ? `Port ${port}` : `Port ${port} (${service})`;
  const { theme, width } = printer;
  if (found.holders.length === 0) {
    printer.paragraph(`${name} is held by nobody that can be seen.`);
  } else {
    printer.paragraph(`${name} is held by ${plural(found.holders.length, 'socket')}:`);
    const isOne = new Set(found.holders.map((holder) => holder.namespace.inode)).size === 1;
    const rows = printer.isVerbose ? found.holders : foldAlike(found.holders);
    printer.lines(renderTable(isOne ? holderColumns.slice(1) : holderColumns, rows, { theme, width }));
    if (rows.length < found.holders.length && !printer.isQuiet) printer.paragraph('alike sockets in one line: --verbose shows each', { style: 'dim' });
    if (isOne && found.holders[0]!.namespace.name !== 'host') printer.paragraph(`in the network namespace ${found.holders[0]!.namespace.name}`, { style: 'dim' });
  }
  if (printer.isQuiet) return;
  for (const line of processLines(found.holders, now)) printer.paragraph(line, { hanging: '  ' });
  for (const { name: unit, isEnabled } of units) printer.paragraph(isEnabled ? `${unit} of systemd wants this port.` : `${unit} of systemd would want this port; it is not enabled.`);
  const held = new Set(found.holders.map((holder) => holder.namespace.inode));
  if (found.reservedIn.length > 0) printer.paragraph(`It is reserved in ${namesOf(found.reservedIn, held)}: the kernel never chooses it there; an explicit bind() may have it.`);
  if (found.inRangeOf.length > 0) printer.paragraph(`It lies in the local port range of ${namesOf(found.inRangeOf, held)}: while nobody holds it there, any connect() may be given it.`);
  for (const limit of found.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}

/** The first one, which is this command's own if it is among them, those that have holders, and how many others. */
function namesOf(namespaces: readonly NamespaceId[], held: ReadonlySet<number>): string {
  const [first, ...rest] = namespaces;
  const named = [first!, ...rest.filter(({ inode }) => held.has(inode))].slice(0, NAMED).map(({ name }) => name);
  const others = namespaces.length - named.length;
  if (others > 0) named.push(plural(others, 'other network namespace'));
  return named.length === 1 ? named[0]! : `${named.slice(0, -1).join(', ')} and ${named.at(-1)!}`;
}
