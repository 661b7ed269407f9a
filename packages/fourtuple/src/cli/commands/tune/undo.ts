import { shownValue, TuneJournal, undoTransaction, type Undone } from '../../../tune/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { Printer } from '../../printer.ts';
import { explained } from './apply-errors.ts';
import type { UndoFlags } from './apply-flags.ts';

export function runTuneUndo(this: CliContext, flags: UndoFlags, id?: string): void {
  explained(this, flags.yes === true, () => {
    if (flags.yes === true) this.heedSignals();
    const undone = undoTransaction({ journal: new TuneJournal(flags.journal), id, force: flags.force === true, isDone: flags.yes === true, now: () => this.now() });
    const kind = undone?.outcome.kind;
    this.process.exitCode = kind === 'planned' || kind === 'undone' || kind === 'nothing' ? ExitCode.done : ExitCode.notDone;
    const printer = new Printer(this, flags);
    if (flags.json === true) printer.json(documentOf(undone, flags));
    else if (undone === undefined) printer.paragraph(`Nothing to undo: the journal ${flags.journal} has no transaction that is not undone.`);
    else show(printer, undone);
    printer.flush();
  });
}

function show(printer: Printer, { plan, outcome }: Undone): void {
  const { transaction } = plan.sight;
  if (outcome.kind === 'nothing') {
    printer.paragraph(`Nothing to do: transaction ${transaction.id} was ${transaction.last === 'undone' ? 'undone' : 'put back when it failed'}, ${transaction.lastAt}.`);
    return;
  }
  const isDone = outcome.kind === 'undone' || outcome.kind === 'unwritten';
  const isIdle = plan.keys.length === 0 && plan.file === undefined;
  printer.paragraph(`${isDone ? 'Undid' : 'Would undo'} transaction ${transaction.id} of ${transaction.at}${isIdle && outcome.kind !== 'refused' ? ': nothing of it was in force' : ''}.`);
  const width = Math.max(0, ...plan.keys.map(({ key }) => key.length));
  for (const { key, from, to } of plan.keys) printer.paragraph(`${key.padEnd(width)}  ${shownValue(from ?? '')} → ${shownValue(to)}`, { indent: '  ', hanging: ' '.repeat(width + 4) });
  if (plan.file !== undefined) printer.paragraph(`${plan.file.path}: ${plan.file.to === undefined ? (isDone ? 'taken away' : 'would be taken away') : isDone ? 'put back as it was' : 'would be put back as it was'}`, { indent: '  ' });
  for (const refusal of plan.refusals) printer.paragraph(refusal, { hanging: '  ', style: 'critical' });
  if (outcome.kind === 'refused') printer.paragraph('Nothing is done: all of it is refused.', { style: 'critical' });
  if (outcome.kind === 'stopped') {
    printer.paragraph(`It stopped: ${outcome.why} What is not yet as it was:`, { style: 'critical' });
    for (const line of outcome.left) printer.paragraph(line, { indent: '  ', style: 'critical' });
    printer.paragraph('The same command goes on from there.');
  }
  if (outcome.kind === 'unwritten') printer.paragraph(`Everything is as it was, but the journal does not know: ${outcome.why}`, { style: 'warning' });
  if (!printer.isQuiet) for (const limit of plan.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
  if (outcome.kind === 'planned') printer.paragraph('Nothing was done: --yes does it.', { style: 'dim' });
}

function documentOf(undone: Undone | undefined, { yes, journal }: UndoFlags): Record<string, unknown> {
  const outcome = undone?.outcome;
  const plan = undone?.plan;
  return {
    schema: 'fourtuple.tune-undo/1',
    outcome: outcome?.kind ?? 'none',
    dryRun: yes !== true,
    transaction: plan?.sight.transaction.id ?? null,
    settings: plan?.keys.map(({ key, from, to }) => ({ key, now: from ?? null, to })) ?? [],
    file: plan?.file === undefined ? null : { path: plan.file.path, to: plan.file.to === undefined ? 'absent' : 'before', content: plan.file.to?.bytes.toString('utf8') ?? null },
    refusals: plan?.refusals ?? [],
    why: outcome !== undefined && 'why' in outcome ? outcome.why : null,
    left: outcome !== undefined && 'left' in outcome ? outcome.left : [],
    journal,
    limits: plan?.limits ?? [],
  };
}
