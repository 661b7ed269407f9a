import { ProcFs } from '../../../kernel/index.ts';
import { findKnob, knobNames, knobPath, knobs, type Knob } from '../../../knobs/index.ts';
import { nearest } from '../../../model/index.ts';
import { renderTable, type Column } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import type { OutputFlags } from '../../flags.ts';
import { Printer } from '../../printer.ts';

/** A knob, and what it says here. */
interface Shown {
  readonly knob: Knob;
  /** Undefined where this kernel, or this namespace, has no such file. */
  readonly value: string | undefined;
}

export function runTuneExplain(this: CliContext, flags: OutputFlags, name?: string): void {
  const proc = new ProcFs();
  const chosen = name === undefined ? [...knobs.values()] : [knobNamed(name)];
  const shown = chosen.map((knob): Shown => ({ knob, value: knob.scope === 'process' ? undefined : proc.tryRead(`sys/${knobPath(knob.key)}`)?.trim() }));
  const printer = new Printer(this, flags);
  this.process.exitCode = ExitCode.done;
  if (flags.json === true) printer.json({ schema: 'fourtuple.tune/1', action: 'explain', knobs: shown.map(documentOf) });
  else if (name === undefined) printer.lines(renderTable(columns, shown, printer));
  else explain(printer, shown[0]!);
  printer.flush();
}

function knobNamed(name: string): Knob {
  const knob = findKnob(name);
  if (knob !== undefined) return knob;
  const near = nearest(name, knobNames);
  throw new UsageError(`nothing is known of "${name}"${near}; "fourtuple tune explain" lists what is`);
}

function explain(printer: Printer, { knob, value }: Shown): void {
  printer.paragraph(`${knob.key}${value === undefined ? '' : ` = ${spaced(value)}`}`, { style: 'strong' });
  printer.paragraph(knob.brief);
  if (printer.isQuiet) return;
  if (value === undefined && knob.scope !== 'process') printer.paragraph(knob.until === undefined ? 'It is not there in this network namespace.' : `Linux has not had it since ${knob.until}.`, { style: 'warning' });
  const line = (title: string, text: string): void => printer.paragraph(`${title}: ${text}`, { hanging: '  ' });
  line('default', [knob.defaultValue === undefined ? '' : knob.defaultValue === '' ? 'empty' : spaced(knob.defaultValue), knob.defaultNote].filter((part) => part !== '').join('; '));
  line('unit', knob.unit);
  line('legal', knob.legal);
  line('holds for', scopes[knob.scope]);
  line('takes effect', knob.effective);
  line('since', `Linux ${knob.since}${knob.until === undefined ? '' : `, until ${knob.until}`}`);
  list(printer, 'What it does:', knob.does);
  list(printer, 'What it does not:', knob.doesNot);
  list(printer, 'With others:', knob.interactions);
  list(printer, 'Accepted, and not what was meant:', knob.examples.flatMap(({ value: written, trap }) => (trap === undefined ? [] : [`"${written}": ${trap}`])));
  list(printer, 'Refused (EINVAL):', knob.examples.flatMap(({ value: written, reads }) => (reads === undefined ? [`"${written}"`] : [])).join(', '));
  for (const { claim, verdict, truth } of knob.claims) printer.paragraph(`People say: ${claim} ${verdict === 'true' ? 'True.' : verdict === 'false' ? 'False.' : 'Half true.'} ${truth}`, { hanging: '  ' });
  printer.paragraph(`Source: ${knob.source}.`, { style: 'dim' });
}

function list(printer: Printer, title: string, lines: readonly string[] | string): void {
  if (lines.length === 0) return;
  if (typeof lines === 'string') return printer.paragraph(`${title} ${lines}`, { hanging: '  ' });
  printer.paragraph(title);
  for (const line of lines) printer.paragraph(`- ${line}`, { indent: '  ', hanging: '    ' });
}

const scopes = {
  namespace: 'each network namespace by itself; a new one begins with the default, not with the value of its parent',
  global: 'the whole host, set in the initial network namespace',
  process: 'a process and its children',
} as const;

const columns: readonly Column<Shown>[] = [
  { id: 'key', title: 'setting', help: 'Name.', align: 'left', value: ({ knob }) => knob.key },
  { id: 'value', title: 'here', help: 'Value in this network namespace.', align: 'left', value: ({ value }) => value ?? '', text: ({ value }) => (value === undefined ? '-' : spaced(value)), canShrink: true },
  { id: 'brief', title: 'what it is', help: 'In a sentence.', align: 'left', value: ({ knob }) => knob.brief, canShrink: true, dropFirst: 1 },
];

function documentOf({ knob, value }: Shown): Record<string, unknown> {
  return {
    key: knob.key,
    brief: knob.brief,
    value: value ?? null,
    defaultValue: knob.defaultValue ?? null,
    defaultNote: knob.defaultNote,
    scope: knob.scope,
    inherited: knob.isInherited,
    since: knob.since,
    until: knob.until ?? null,
    unit: knob.unit,
    legal: knob.legal,
    examples: knob.examples.map(({ value: written, reads, trap }) => ({ value: written, reads: reads ?? null, trap: trap ?? null })),
    does: knob.does,
    doesNot: knob.doesNot,
    effective: knob.effective,
    interactions: knob.interactions,
    claims: knob.claims,
    source: knob.source,
  };
}

/** The kernel writes several numbers with tabs between them. */
function spaced(value: string): string {
  return value.replaceAll(/\s+/g, ' ');
}
