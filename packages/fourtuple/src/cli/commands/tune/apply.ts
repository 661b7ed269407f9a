import { applyChanges, ChangeError, isChange, namespaceText, parseChange, parseChanges, shownValue, TuneJournal, type Applied, type BootLine, type Change, type PlannedFile, type PlannedKey } from '../../../tune/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { namespaceNamed } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import { readSpec } from '../../spec-file.ts';
import { explained } from './apply-errors.ts';
import type { ApplyFlags } from './apply-flags.ts';

export function runTuneApply(this: CliContext, flags: ApplyFlags, ...words: readonly string[]): void {
  explained(this, flags.yes === true, () => applyAndShow(this, flags, changesOf(flags, words)));
}

/** Applies changes as the flags say, and shows what came of it. @throws ChangeError, TuneError */
export function applyAndShow(context: CliContext, flags: ApplyFlags, changes: readonly Change[]): void {
  if (flags.runtime === true && flags.fileOnly === true) throw new UsageError('--runtime and --file-only exclude each other');
  if (flags.runtime === true && flags.file !== undefined) throw new UsageError('--runtime writes no file: it cannot be combined with --file');
  // A signal shall not end it between two steps.
  if (flags.yes === true) context.heedSignals();
  const applied = applyChanges(changes, {
    namespace: namespaceNamed(flags.namespace),
    reach: flags.runtime === true ? 'runtime' : flags.fileOnly === true ? 'file-only' : 'both',
    file: flags.file,
    asWritten: flags.asWritten === true,
    despiteConflicts: flags.despiteConflicts === true,
    now: context.now(),
    journal: new TuneJournal(flags.journal),
    isDone: flags.yes === true,
  });
  const { kind } = applied.outcome;
  context.process.exitCode = kind === 'planned' || kind === 'applied' || kind === 'nothing' ? ExitCode.done : ExitCode.notDone;
  const printer = new Printer(context, flags);
  if (flags.json === true) printer.json(documentOf(applied, flags));
  else show(printer, applied, flags);
  printer.flush();
}

function changesOf(flags: ApplyFlags, words: readonly string[]): Change[] {
  const read = flags.changes === undefined ? [] : parseChanges(readSpec(flags.changes), flags.changes);
  if (flags.changes !== undefined && read.length === 0) throw new ChangeError(`${flags.changes} has no changes: there is nothing to do`);
  return [...read, ...words.map(parseChange)];
}

function show(printer: Printer, { plan, outcome }: Applied, { journal }: ApplyFlags): void {
  if (outcome.kind === 'nothing') {
    printer.paragraph('Nothing to do: everything is so already.');
    return;
  }
  if (outcome.kind === 'rolled-back' || outcome.kind === 'torn') {
    showFailure(printer, outcome);
    return;
  }
  const isApplied = outcome.kind === 'applied';
  const isRefused = outcome.kind === 'refused';
  printer.paragraph(`${isApplied ? 'Changed' : isRefused ? 'Asked for: to change' : 'Would change'} settings of ${plan.namespace.initial ? 'the host' : namespaceText(plan.namespace)}${plan.live ? '' : ', in the file alone'}:`);
  const width = Math.max(0, ...plan.keys.map(({ key }) => key.length));
  for (const key of plan.keys) printer.paragraph(`${key.key.padEnd(width)}  ${changeText(key)}`, { indent: '  ', hanging: ' '.repeat(width + 4) });
  if (isRefused) {
    for (const refusal of plan.refusals) printer.paragraph(refusal, { hanging: '  ', style: 'critical' });
    printer.paragraph('Nothing is done: all of it is refused.', { style: 'critical' });
    return;
  }
  if (plan.file !== undefined) showFile(printer, plan.file, isApplied);
  if (!printer.isQuiet) for (const line of plan.hides) printer.paragraph(`${placeOf(line)} sets ${line.key} = ${shownValue(line.value)}: ours comes after it.`, { hanging: '  ' });
  for (const line of plan.wins) printer.paragraph(`${placeOf(line)} sets ${line.key} = ${shownValue(line.value)} later than our file: the next boot has that.`, { hanging: '  ', style: 'warning' });
  if (!printer.isQuiet) for (const limit of plan.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
  if (outcome.kind === 'planned') printer.paragraph('Nothing was done: --yes does it.', { style: 'dim' });
  if (!isApplied || printer.isQuiet) return;
  printer.paragraph(`Transaction ${plan.id}, written down in ${journal}. Undo:`, { style: 'dim' });
  printer.line(`    fourtuple tune undo ${plan.id} --yes${journalWords(journal)}`);
}

/** What kept it from being done, and what is left of it. */
function showFailure(printer: Printer, outcome: Extract<Applied['outcome'], { kind: 'rolled-back' | 'torn' }>): void {
  if (outcome.kind === 'rolled-back') {
    printer.paragraph(`${outcome.why} What was written before it was put back: nothing remains changed. ${outcome.remedy}`.trimEnd(), { style: 'critical' });
  } else {
    printer.paragraph(`${outcome.why} Putting back what was written before it failed too. What remains changed:`, { style: 'critical' });
    for (const line of outcome.left) printer.paragraph(line, { indent: '  ', style: 'critical' });
  }
  if (outcome.unwritten !== undefined) printer.paragraph(`The journal does not know: ${outcome.unwritten}`, { style: 'warning' });
}

function showFile(printer: Printer, file: PlannedFile, isApplied: boolean): void {
  if (file.isSame) {
    printer.paragraph(`${file.path} has it already.`);
    return;
  }
  printer.paragraph(`${isApplied ? 'Wrote' : 'Would write'} ${file.path} (${file.old === undefined ? 'new' : 'changed'}, mode ${file.new.mode.toString(8).padStart(4, '0')}):`);
  // As it stands: it must be readable as a file.
  if (!printer.isQuiet) for (const line of file.new.bytes.toString('utf8').trimEnd().split('\n')) printer.line(`    ${printer.clean(line)}`);
}

function changeText(key: PlannedKey): string {
  if (key.new === undefined) return `${shownValue(key.old)}: ${shownValue(key.to)} is refused`;
  return isChange(key) ? `${shownValue(key.old)} → ${shownValue(key.new)}` : `${shownValue(key.old)} already`;
}

function placeOf({ file, line }: BootLine): string {
  return `${file}:${line}`;
}

/** The flag that names a journal, in a command to paste. */
export function journalWords(journal: string): string {
  return journal === '/var/lib/fourtuple/tune.jsonl' ? '' : ` --journal '${journal.replaceAll("'", String.raw`'\''`)}'`;
}

function documentOf({ plan, outcome }: Applied, { journal, yes }: ApplyFlags): Record<string, unknown> {
  const isBegun = outcome.kind === 'applied' || outcome.kind === 'rolled-back' || outcome.kind === 'torn';
  return {
    schema: 'fourtuple.tune-apply/1',
    outcome: outcome.kind,
    dryRun: yes !== true,
    transaction: isBegun ? plan.id : null,
    namespace: { inode: plan.namespace.inode, name: plan.namespace.name, initial: plan.namespace.initial },
    live: plan.live,
    settings: plan.keys.map((key) => ({ key: key.key, now: key.old, to: key.to, reads: key.new ?? null, refused: key.refused ?? null, trap: key.trap ?? null, why: key.why ?? null })),
    file: plan.file === undefined ? null : { path: plan.file.path, exists: plan.file.old !== undefined, unchanged: plan.file.isSame, mode: plan.file.new.mode.toString(8).padStart(4, '0'), content: plan.file.new.bytes.toString('utf8') },
    overriddenBy: plan.wins,
    overrides: plan.hides,
    refusals: plan.refusals,
    why: 'why' in outcome ? outcome.why : null,
    left: 'left' in outcome ? outcome.left : [],
    journal: isBegun ? journal : null,
    limits: [...plan.limits, ...('unwritten' in outcome && outcome.unwritten !== undefined ? [`The journal does not know: ${outcome.unwritten}`] : [])],
  };
}
