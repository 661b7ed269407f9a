import type { LogGroup, LogSummary } from '../../../diagnose/log-line/index.ts';
import type { Answer } from '../../../diagnose/why/index.ts';
import { grouped, plural } from '../../../model/index.ts';
import { renderTable, wrap, type Style } from '../../../report/index.ts';
import { foldAlike, holderColumns, processLines } from '../../port-holders.ts';
import type { Printer } from '../../printer.ts';
import type { Answered } from './document.ts';
import { furtherCommands } from './questions.ts';

const words = { succeeds: 'SUCCEEDS', fails: 'FAILS', unknown: 'UNKNOWN' } as const;
const styles: Readonly<Record<Answer['verdict'], Style>> = { succeeds: 'ok', fails: 'critical', unknown: 'unknown' };

/** Failures that end by themselves when a socket goes. */
const PASSING: ReadonlySet<LogGroup['failure']['cause']> = new Set(['port-taken', 'bind-pool-empty', 'no-free-port', 'udp-ports-empty']);

/** Verdict, clause, holders, remedies, what could not be seen. */
export function printAnswered(printer: Printer, { answer, namespace, limits }: Answered, now: Date): void {
  const { theme, width } = printer;
  const word = words[answer.verdict];
  const [first = '', ...rest] = wrap(printer.clean(`${word}  ${answer.title}.`), width, '', '  ');
  printer.line(theme.paint(styles[answer.verdict], word) + first.slice(word.length));
  printer.lines(rest);
  if (answer.disagreement !== undefined) printer.paragraph(answer.disagreement, { hanging: '  ', style: 'critical' });
  if (printer.isQuiet) return;
  printer.paragraph(`why: ${answer.explanation}`, { hanging: '  ' });
  for (const note of answer.notes) printer.paragraph(note, { indent: '  ' });
  if (answer.holders.length > 0) {
    printer.line();
    const seen = answer.holders.map((holder) => holder.seen);
    printer.lines(renderTable(holderColumns.slice(1), printer.isVerbose ? seen : foldAlike(seen), { theme, width }));
    for (const line of processLines(seen, now)) printer.paragraph(line, { hanging: '  ' });
  }
  if (answer.remedies.length > 0) printer.line();
  const shown = new Set<string>();
  for (const { title, command, risk } of answer.remedies) {
    printer.paragraph(`- ${title}.`, { hanging: '  ' });
    if (command !== undefined) printer.line(`    ${shown.has(command) ? theme.paint('dim', '(the command above)') : theme.paint('strong', printer.clean(command))}`);
    if (command !== undefined) shown.add(command);
    if (printer.isVerbose) printer.paragraph(`risk: ${risk}`, { indent: '    ', style: 'dim' });
  }
  printer.line();
  printer.paragraph(answer.probed ? `asked of the kernel itself, in the network namespace ${namespace.name}` : `by the law alone, in the network namespace ${namespace.name}`, { style: 'dim' });
  for (const limit of limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}

/** What a log tells: each group with its count, and what is to be said of it now. */
export function printGroups(printer: Printer, summary: LogSummary, answers: readonly { group: LogGroup; answered: Answered | undefined }[], now: Date): void {
  if (answers.length === 0) {
    printer.paragraph(summary.lines === 1 ? 'This line tells of no failed network call that is known here.' : `None of ${plural(summary.lines, 'line')} tells of a failed network call that is known here.`);
    return;
  }
  const isOne = summary.failures === 1;
  if (!isOne) printer.paragraph(`${plural(summary.failures, 'failure')} in ${plural(summary.lines, 'line')}, ${plural(answers.length, 'kind')} of them:`);
  for (const { group, answered } of answers) {
    if (!isOne) printer.line();
    const { failure } = group;
    const who = failure.program === undefined ? '' : `${failure.program}: `;
    printer.paragraph(`${isOne ? '' : `${plural(group.count, 'time')}  `}${who}${failure.explanation}`, { hanging: '  ', style: 'strong' });
    if (!isOne && !printer.isQuiet) printer.paragraph(`line ${grouped(group.firstLine)}: ${group.example.trim()}`, { indent: '  ', hanging: '    ', style: 'dim' });
    if (answered !== undefined) {
      printer.line();
      printer.paragraph('now, on this host:', { style: 'dim' });
      printAnswered(printer, answered, now);
      if (answered.answer.verdict === 'succeeds' && PASSING.has(failure.cause) && !printer.isQuiet) printer.paragraph('What was in the way when the line was written has gone since (a TIME_WAIT lasts 60 s), or is in another network namespace (--namespace).', { hanging: '  ' });
    } else if (!printer.isQuiet) {
      const commands = furtherCommands(failure);
      if (commands.length > 0) printer.paragraph(`to ask this host: ${commands.join(', or ')}`, { hanging: '  ', style: 'dim' });
    }
  }
  if (summary.ungrouped > 0) printer.paragraph(`${plural(summary.ungrouped, 'further failure')} of further kinds`, { style: 'dim' });
}
