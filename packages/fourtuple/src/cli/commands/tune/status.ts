import { isOpen, namespaceText, shownValue, survey, TuneJournal, type FileSight, type KeySight, type Survey, type TransactionSight, type TransactionState } from '../../../tune/index.ts';
import { plural } from '../../../model/index.ts';
import type { Style } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { Printer } from '../../printer.ts';
import { explained } from './apply-errors.ts';
import type { StatusFlags } from './apply-flags.ts';

const meanings: Readonly<Record<TransactionState, { readonly text: string; readonly style?: Style }>> = {
  applied: { text: 'applied', style: 'ok' },
  drifted: { text: 'applied, and something is different now', style: 'warning' },
  interrupted: { text: 'interrupted while it was applied', style: 'critical' },
  'undo-interrupted': { text: 'interrupted while it was undone', style: 'critical' },
  torn: { text: 'failed, and could not be put back', style: 'critical' },
  'rolled-back': { text: 'failed, and was put back', style: 'dim' },
  undone: { text: 'undone', style: 'dim' },
  lapsed: { text: 'ended by a reboot: it had no file', style: 'dim' },
  gone: { text: 'its network namespace is gone', style: 'dim' },
  unknown: { text: 'its network namespace cannot be entered', style: 'warning' },
  running: { text: 'being changed right now', style: 'warning' },
};

export function runTuneStatus(this: CliContext, flags: StatusFlags): void {
  explained(this, false, () => {
    const seen = survey(new TuneJournal(flags.journal));
    this.process.exitCode = ExitCode.done;
    const printer = new Printer(this, flags);
    if (flags.json === true) printer.json(documentOf(seen, flags));
    else show(printer, seen, flags);
    printer.flush();
  });
}

function show(printer: Printer, { sights, busy }: Survey, { journal }: StatusFlags): void {
  if (sights.length === 0) printer.paragraph(`Nothing was applied: the journal ${journal} has no transaction.`);
  if (busy !== undefined) printer.paragraph(`Process ${busy} is changing something right now.`, { style: 'warning' });
  const shown = printer.isVerbose ? sights : sights.filter(({ transaction }) => isOpen(transaction));
  for (const sight of shown) showOne(printer, sight);
  const hidden = sights.length - shown.length;
  if (hidden > 0) printer.paragraph(`${plural(hidden, 'transaction')} undone or put back: --verbose shows ${hidden === 1 ? 'it' : 'them'}.`, { style: 'dim' });
}

function showOne(printer: Printer, { transaction, state, keys, file }: TransactionSight): void {
  const { text, style } = meanings[state];
  printer.paragraph(`${transaction.id}  ${text}  (${namespaceText(transaction.namespace)})`, { hanging: '  ', ...(style === undefined ? {} : { style }) });
  if (printer.isQuiet) return;
  if (transaction.why !== undefined) printer.paragraph(transaction.why, { indent: '  ' });
  const width = Math.max(0, ...keys.map(({ key }) => key.length));
  for (const key of keys) printer.paragraph(`${key.key.padEnd(width)}  ${keyText(key, state)}`, { indent: '  ', hanging: ' '.repeat(width + 4) });
  if (file !== undefined) printer.paragraph(isOpen(transaction) ? `${file.path}: ${fileText(file)}` : file.path, { indent: '  ' });
  if (state === 'interrupted' || state === 'undo-interrupted' || state === 'torn') printer.paragraph(`"fourtuple tune undo ${transaction.id} --yes" sets back what is left of it.`, { indent: '  ' });
}

function keyText({ live, old, new: written, state, by }: KeySight, whole: TransactionState): string {
  const both = `${shownValue(old)} → ${shownValue(written)}`;
  if (whole === 'undone' || whole === 'rolled-back' || whole === 'lapsed' || whole === 'gone' || whole === 'unknown') return both;
  switch (state) {
    case 'new':
      return `${both}: it is that`;
    case 'same':
      return `${shownValue(written)}, before and now`;
    case 'old':
      return `${both}: it is ${shownValue(old)}, as before`;
    case 'superseded':
      return `${both}: changed by ${by ?? 'a later one'}`;
    case 'unreadable':
      return `${both}: it cannot be read`;
    case 'other':
      return `${both}: it is ${shownValue(live ?? '')}, from somebody else`;
  }
}

const fileTexts: Readonly<Record<FileSight['state'], string>> = {
  new: 'as it was written',
  same: 'as it was written',
  old: 'as before',
  superseded: 'written again by',
  unreadable: 'it cannot be read',
  other: 'changed by somebody else',
};

function fileText({ state, by }: FileSight): string {
  return `${fileTexts[state]}${by === undefined ? '' : ` ${by}`}`;
}

function documentOf({ sights, busy }: Survey, { journal }: StatusFlags): Record<string, unknown> {
  return {
    schema: 'fourtuple.tune-status/1',
    journal,
    busy: busy ?? null,
    transactions: sights.map(({ transaction, state, keys, file }) => ({
      id: transaction.id,
      at: transaction.at,
      state,
      lastEntry: transaction.last,
      lastAt: transaction.lastAt,
      why: transaction.why ?? null,
      namespace: { inode: transaction.namespace.inode, name: transaction.namespace.name, initial: transaction.namespace.initial },
      live: transaction.live,
      settings: keys.map((key) => ({ key: key.key, old: key.old, new: key.new, now: key.live ?? null, state: key.state, by: key.by ?? null })),
      file: file === undefined ? null : { path: file.path, state: file.state, by: file.by ?? null },
    })),
  };
}
