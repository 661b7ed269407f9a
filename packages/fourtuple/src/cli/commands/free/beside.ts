import { fourtupleCommand, whose } from '../../../diagnose/why/index.ts';
import { changedSockets, findBeside, setBeside, type Deed } from '../../../free/index.ts';
import type { RecordedDeed } from '../../../journal/index.ts';
import { endpointText, plural, stateLabel } from '../../../model/index.ts';
import { namespaceId } from '../../../observe/index.ts';
import type { PortHolder } from '../../../usage/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { namespaceNamed } from '../../gather.ts';
import { holderDocument } from '../../port-holders.ts';
import { Printer } from '../../printer.ts';
import type { BesideFlags } from './command.ts';
import { journalOf, recorded, unwrittenLimit } from './recorded.ts';

const RISK = 'none known: it is what the holders could have set themselves. Their ports can then be bound by any server that sets SO_REUSEADDR too.';
const UNDO_RISK = 'a server that wants the port fails again, as before; one that has it keeps it.';

export function runBindBeside(this: CliContext, flags: BesideFlags, port: number): void {
  const isAllowed = flags.undo !== true;
  const namespace = namespaceNamed(flags.namespace);
  const path = journalOf(this, flags);
  const changed = isAllowed ? undefined : changedSockets(path, port, namespace.inode);
  const { holders, hopeless, limits } = findBeside(port, namespace, 'auto', isAllowed, changed);
  const printer = new Printer(this, flags);
  const command = ['free', 'bind-beside', String(port), ...(isAllowed ? [] : ['--undo'])];
  const done = flags.yes === true && holders.length > 0 ? recorded(this, path, { command, namespace: namespace.inode }, holders, deedOf, () => setBeside(holders, isAllowed)) : undefined;
  const deeds = done?.deeds;
  const isFailed = done?.unwritten !== undefined || deeds?.some((deed) => deed.outcome === 'failed') === true;
  const told = [...limits, ...unwrittenLimit(done?.unwritten)];
  this.process.exitCode = holders.length === 0 || isFailed ? ExitCode.notDone : ExitCode.done;
  if (flags.json === true) {
    printer.json({
      schema: 'fourtuple.free/1',
      action: isAllowed ? 'set-reuse-address' : 'clear-reuse-address',
      dryRun: flags.yes !== true,
      namespace: namespace.inode,
      targets: holders.map((holder, index) => ({ ...holderDocument(holder), outcome: deeds?.[index]?.outcome ?? null, reason: reasonOf(deeds?.[index]) })),
      unreachable: hopeless.map(holderDocument),
      risk: isAllowed ? RISK : UNDO_RISK,
      journal: deeds === undefined ? null : path,
      limits: told,
    });
    return;
  }
  const undo = fourtupleCommand(`free bind-beside ${port} --undo --yes${flags.journal === undefined ? '' : ` --journal '${flags.journal.replaceAll("'", String.raw`'\''`)}'`}`, namespaceId(namespace));
  print(printer, { holders, hopeless, deeds, port, path, undo: isAllowed ? undo : undefined });
  for (const limit of told) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
  printer.flush();
}

interface Shown {
  readonly holders: readonly PortHolder[];
  readonly hopeless: readonly PortHolder[];
  readonly deeds: readonly Deed<PortHolder>[] | undefined;
  readonly port: number;
  readonly path: string;
  /** The command that takes it back; undefined when that is what was done. */
  readonly undo: string | undefined;
}

function print(printer: Printer, { holders, hopeless, deeds, port, path, undo }: Shown): void {
  const isAllowed = undo !== undefined;
  const verb = isAllowed ? ['Set SO_REUSEADDR on', 'Would set SO_REUSEADDR on'] : ['Cleared SO_REUSEADDR on', 'Would clear SO_REUSEADDR on'];
  if (holders.length === 0 && !isAllowed) printer.paragraph(`Nothing to take back on port ${port}: by the journal ${path} no socket that is there got SO_REUSEADDR by this command.`);
  else if (holders.length === 0) printer.paragraph(`No socket on port ${port} needs it: ${hopeless.length === 0 ? 'none is there without SO_REUSEADDR' : 'those that are there cannot be reached'}.`);
  else printer.paragraph(`${deeds === undefined ? verb[1]! : verb[0]!} ${plural(holders.length, 'socket')}:`);
  for (const [index, holder] of holders.entries()) {
    const reason = reasonOf(deeds?.[index]);
    printer.paragraph(`${textOf(holder)}${reason === null ? '' : `  (failed: ${reason})`}`, { indent: '  ' });
  }
  for (const holder of hopeless) printer.paragraph(`cannot be reached: ${textOf(holder)}: ${holder.withoutProcess ?? (holder.state === 'listening' ? 'it listens, and beside a listener SO_REUSEADDR does not help' : 'its process may not be traced')}`, { indent: '  ', style: 'warning' });
  if (printer.isQuiet || holders.length === 0) return;
  printer.paragraph(`Risk: ${isAllowed ? RISK : UNDO_RISK}`);
  if (deeds === undefined) {
    printer.paragraph('Nothing was done: --yes does it.', { style: 'dim' });
    return;
  }
  printer.paragraph(`Written down in ${path}.${undo === undefined ? '' : ' Undo:'}`, { style: 'dim' });
  if (undo !== undefined) printer.line(`    ${printer.clean(undo)}`);
}

function deedOf(holder: PortHolder): RecordedDeed {
  return { what: textOf(holder), inode: holder.inode };
}

function textOf(holder: PortHolder): string {
  const remote = holder.remotePort === 0 ? '' : ` → ${endpointText(holder.remote, holder.remotePort)}`;
  return `${endpointText(holder.local, holder.localPort)}${remote}  ${stateLabel(holder.stateNumber)} of ${whose(holder)}`;
}

function reasonOf(deed: Deed<PortHolder> | undefined): string | null {
  return deed?.outcome === 'failed' ? deed.reason : null;
}
