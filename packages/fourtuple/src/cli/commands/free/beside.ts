import { whose } from '../../../diagnose/why/index.ts';
import { findBeside, journalPath, setBeside, writeJournal, type Deed } from '../../../free/index.ts';
import { endpointText, plural, stateLabel } from '../../../model/index.ts';
import type { PortHolder } from '../../../usage/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { namespaceNamed } from '../../gather.ts';
import { holderDocument } from '../../port-holders.ts';
import { Printer } from '../../printer.ts';
import type { BesideFlags } from './command.ts';

const RISK = 'none known: it is what the holders could have set themselves. Their ports can then be bound by any server that sets SO_REUSEADDR too.';

export function runBindBeside(this: CliContext, flags: BesideFlags, port: number): void {
  const isAllowed = flags.undo !== true;
  const namespace = namespaceNamed(flags.namespace);
  const { holders, hopeless, limits } = findBeside(port, namespace, 'auto', isAllowed);
  const printer = new Printer(this, flags);
  const path = flags.journal ?? journalPath(this.process.env, process.geteuid?.() === 0);
  const command = ['free', 'bind-beside', String(port), ...(isAllowed ? [] : ['--undo'])];
  let deeds: Deed<PortHolder>[] | undefined;
  if (flags.yes === true && holders.length > 0) {
    writeJournal(path, { at: this.now().toISOString(), command, phase: 'begin', namespace: namespace.inode, deeds: holders.map((holder) => ({ what: textOf(holder) })) });
    deeds = setBeside(holders, isAllowed);
    writeJournal(path, { at: this.now().toISOString(), command, phase: 'end', namespace: namespace.inode, deeds: deeds.map((deed) => ({ what: textOf(deed.target), outcome: deed.outcome })) });
  }
  const isFailed = deeds?.some((deed) => deed.outcome === 'failed') === true;
  this.process.exitCode = holders.length === 0 || isFailed ? ExitCode.notDone : ExitCode.done;
  if (flags.json === true) {
    printer.json({
      schema: 'fourtuple.free/1',
      action: isAllowed ? 'set-reuse-address' : 'clear-reuse-address',
      dryRun: flags.yes !== true,
      namespace: namespace.inode,
      targets: holders.map((holder, index) => ({ ...holderDocument(holder), outcome: deeds?.[index]?.outcome ?? null, reason: reasonOf(deeds?.[index]) })),
      unreachable: hopeless.map(holderDocument),
      risk: RISK,
      journal: deeds === undefined ? null : path,
      limits,
    });
    return;
  }
  print(printer, { holders, hopeless, deeds, port, isAllowed, path });
  for (const limit of limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
  printer.flush();
}

interface Shown {
  readonly holders: readonly PortHolder[];
  readonly hopeless: readonly PortHolder[];
  readonly deeds: readonly Deed<PortHolder>[] | undefined;
  readonly port: number;
  readonly isAllowed: boolean;
  readonly path: string;
}

function print(printer: Printer, { holders, hopeless, deeds, port, isAllowed, path }: Shown): void {
  const verb = isAllowed ? ['Set SO_REUSEADDR on', 'Would set SO_REUSEADDR on'] : ['Cleared SO_REUSEADDR on', 'Would clear SO_REUSEADDR on'];
  if (holders.length === 0) printer.paragraph(`No socket on port ${port} needs it: ${hopeless.length === 0 ? `none is there without ${isAllowed ? 'SO_REUSEADDR' : 'what would be taken away'}` : 'those that are there cannot be reached'}.`);
  else printer.paragraph(`${deeds === undefined ? verb[1]! : verb[0]!} ${plural(holders.length, 'socket')}:`);
  for (const [index, holder] of holders.entries()) {
    const reason = reasonOf(deeds?.[index]);
    printer.paragraph(`${textOf(holder)}${reason === null ? '' : `  (failed: ${reason})`}`, { indent: '  ' });
  }
  for (const holder of hopeless) printer.paragraph(`cannot be reached: ${textOf(holder)}: ${holder.withoutProcess ?? (holder.state === 'listening' ? 'it listens, and beside a listener SO_REUSEADDR does not help' : 'its process may not be traced')}`, { indent: '  ', style: 'warning' });
  if (printer.isQuiet || holders.length === 0) return;
  printer.paragraph(`Risk: ${RISK}`);
  if (deeds === undefined) printer.paragraph('Nothing was done: --yes does it.', { style: 'dim' });
  else printer.paragraph(`Written down in ${path}. ${isAllowed ? `Undo: fourtuple free bind-beside ${port} --undo --yes` : ''}`.trimEnd(), { style: 'dim' });
}

function textOf(holder: PortHolder): string {
  const remote = holder.remotePort === 0 ? '' : ` → ${endpointText(holder.remote, holder.remotePort)}`;
  return `${endpointText(holder.local, holder.localPort)}${remote}  ${stateLabel(holder.stateNumber)} of ${whose(holder)}`;
}

function reasonOf(deed: Deed<PortHolder> | undefined): string | null {
  return deed?.outcome === 'failed' ? deed.reason : null;
}
