import { endSockets, findTargets, socketText, type Deed, type Doomed, type Selection } from '../../../free/index.ts';
import { findSockets, ProcFs, readOwner } from '../../../kernel/index.ts';
import { ownerText } from '../../../diagnose/texts.ts';
import { Address, grouped, plural, stateLabel, stateName, type SocketCursor } from '../../../model/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { literalAddress, parseEndpoint } from '../../endpoint-argument.ts';
import { UsageError } from '../../errors.ts';
import { namespaceNamed } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import type { EndFlags } from './command.ts';
import { journalOf, recorded, unwrittenLimit } from './recorded.ts';

const risks: Readonly<Record<Doomed, string>> = {
  'time-wait': 'late packets of an old connection may meet a new one on the same four-tuple, which is what TIME_WAIT prevents.',
  connection: 'their programs get ECONNABORTED and must cope with it; the other side gets a reset.',
};

const SHOWN = 20;

export function runEndTimeWait(this: CliContext, flags: EndFlags): void {
  end(this, 'time-wait', flags);
}

export function runEndConnections(this: CliContext, flags: EndFlags): void {
  end(this, 'connection', flags);
}

function end(context: CliContext, kind: Doomed, flags: EndFlags): void {
  const selection = selectionOf(flags);
  const namespace = namespaceNamed(flags.namespace);
  const { targets, limits, namespace: id } = findTargets(kind, selection, namespace, 'sock_diag');
  const printer = new Printer(context, flags);
  const what = kind === 'time-wait' ? 'TIME_WAIT' : 'connection';
  if (targets.length > flags.limit) {
    throw new UsageError(`${plural(targets.length, what)} ${targets.length === 1 ? 'is' : 'are'} meant, more than --limit ${grouped(flags.limit)}: name them more closely, or raise the limit`);
  }
  const owners = kind === 'connection' ? ownersOf(targets) : new Map<number, string>();
  const path = journalOf(context, flags);
  const done = flags.yes === true && targets.length > 0 ? recorded(context, path, { command: ['free', kind], namespace: namespace.inode }, targets, (target) => ({ what: socketText(target) }), () => endSockets(targets, namespace)) : undefined;
  const deeds = done?.deeds;
  const failed = deeds?.filter((deed) => deed.outcome === 'failed') ?? [];
  context.process.exitCode = targets.length === 0 || failed.length > 0 || done?.unwritten !== undefined ? ExitCode.notDone : ExitCode.done;
  if (flags.json === true) {
    printer.json({
      schema: 'fourtuple.free/1',
      action: `end-${kind}`,
      dryRun: flags.yes !== true,
      namespace: id.inode,
      targets: targets.map((target, index) => ({ ...targetDocument(target), process: owners.get(target.inode) ?? null, outcome: deeds?.[index]?.outcome ?? null, reason: reasonOf(deeds?.[index]) })),
      risk: risks[kind],
      journal: deeds === undefined ? null : path,
      limits: [...limits, ...unwrittenLimit(done?.unwritten)],
    });
    return;
  }
  if (targets.length === 0) {
    printer.paragraph(`No ${what} is meant.`);
  } else {
    printer.paragraph(`${heading(deeds, what, targets.length)}:`);
    const shown = printer.isVerbose ? targets.length : SHOWN;
    for (const [index, target] of targets.slice(0, shown).entries()) printer.paragraph(`${socketText(target)}  ${stateLabel(target.state)}${kind === 'time-wait' ? `, ${(target.expiresMs / 1000).toFixed(1)} s left` : ` of ${owners.get(target.inode) ?? 'no process that is known'}`}${outcomeText(deeds?.[index])}`, { indent: '  ' });
    if (targets.length > shown) printer.paragraph(`and ${grouped(targets.length - shown)} more (--verbose shows all)`, { indent: '  ', style: 'dim' });
    if (deeds !== undefined) summarise(printer, deeds, what);
    if (!printer.isQuiet) {
      printer.paragraph(`Risk: ${risks[kind]}`);
      printer.paragraph(deeds === undefined ? 'Nothing was done: --yes does it.' : `Written down in ${path}.`, { style: 'dim' });
    }
  }
  for (const limit of [...limits, ...unwrittenLimit(done?.unwritten)]) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
  printer.flush();
}

/** `Ended 3 connections`, `Ended 2 of 3 connections`, `Would end 3 connections` */
function heading(deeds: readonly Deed<SocketCursor>[] | undefined, what: string, count: number): string {
  if (deeds === undefined) return `Would end ${plural(count, what)}`;
  const done = deeds.filter((deed) => deed.outcome === 'done').length;
  return done === count ? `Ended ${plural(count, what)}` : `Ended ${grouped(done)} of ${plural(count, what)}`;
}

function summarise(printer: Printer, deeds: readonly Deed<SocketCursor>[], what: string): void {
  const gone = deeds.filter((deed) => deed.outcome === 'gone').length;
  const failed = deeds.filter((deed) => deed.outcome === 'failed');
  if (gone > 0) printer.paragraph(`${plural(gone, what)} had gone by ${gone === 1 ? 'itself' : 'themselves'} before.`);
  if (failed.length > 0) printer.paragraph(`${plural(failed.length, what)} could not be ended: ${reasonOf(failed[0]) ?? 'unknown reason'}.`, { style: 'critical' });
}

function outcomeText(deed: Deed<SocketCursor> | undefined): string {
  return deed === undefined || deed.outcome === 'done' ? '' : `  (${deed.outcome})`;
}

function reasonOf(deed: Deed<SocketCursor> | undefined): string | null {
  return deed?.outcome === 'failed' ? deed.reason : null;
}

function targetDocument(target: SocketCursor): object {
  return { local: target.localAddress().toString(), localPort: target.localPort, remote: target.remoteAddress().toString(), remotePort: target.remotePort, state: stateName(target.state) };
}

/** Whose connections they are, by inode: looked up before they are ended. */
function ownersOf(targets: readonly SocketCursor[]): Map<number, string> {
  const proc = new ProcFs();
  const found = findSockets(proc, targets.map((target) => target.inode));
  return new Map([...found].map(([inode, [descriptor]]) => [inode, ownerText(readOwner(proc, descriptor!.pid))]));
}

/** At least one thing must narrow the choice down. */
function selectionOf(flags: EndFlags): Selection {
  if (flags.port === undefined && flags.dst === undefined && flags.src === undefined) throw new UsageError('say which ones: --port PORT, --dst ADDR[:PORT] or --src ADDR');
  const source = flags.src === undefined ? undefined : Address.parse(flags.src);
  if (flags.src !== undefined && source === undefined) throw new UsageError(`--src takes an IP address, not "${flags.src}"`);
  if (flags.dst === undefined) return { port: flags.port, source };
  const alone = Address.parse(flags.dst);
  if (alone !== undefined) return { port: flags.port, source, destination: alone };
  const { host, port } = parseEndpoint(flags.dst, '--dst');
  const destination = literalAddress(host);
  if (destination === undefined) throw new UsageError(`--dst takes an IP address, with or without a port, not "${flags.dst}"`);
  const chosen: Selection = { port: flags.port, source, destination: destination.isUnspecified ? undefined : destination, destinationPort: port === 0 ? undefined : port };
  if (Object.values(chosen).every((part) => part === undefined)) throw new UsageError(`--dst "${flags.dst}" means every destination: name an address or a port`);
  return chosen;
}
