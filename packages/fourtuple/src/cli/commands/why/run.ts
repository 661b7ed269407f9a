import { answerBind, answerConnect, type Answer } from '../../../diagnose/why/index.ts';
import { LogGroups, type LogGroup, type LogSummary } from '../../../diagnose/log-line/index.ts';
import type { FoundNamespace } from '../../../kernel/index.ts';
import { inspectBind, inspectConnect, loadBpfReaders } from '../../../observe/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { namespaceNamed } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import { readLines } from '../../stdin-lines.ts';
import type { WhyFlags } from './command.ts';
import { answerDocument, groupDocument, type Answered } from './document.ts';
import { bindQuestion, connectQuestion, questionOf, type Question } from './questions.ts';
import { printAnswered, printGroups } from './screen.ts';

const exitCodes = { succeeds: ExitCode.done, fails: ExitCode.notDone, unknown: ExitCode.unknown } as const;
/** Groups of a log that are asked about live. */
const ASKED_GROUPS = 5;

export async function runWhy(this: CliContext, flags: WhyFlags, ...words: string[]): Promise<void> {
  const [first, second] = words;
  await loadBpfReaders();
  const printer = new Printer(this, flags);
  if (first === 'bind' || first === 'connect') {
    if (second === undefined || words.length > 2) throw new UsageError(first === 'bind' ? 'why bind takes an address and a port, such as 0.0.0.0:3306' : 'why connect takes a destination, such as 10.0.0.9:5432');
    const question = await (first === 'bind' ? bindQuestion : connectQuestion)(second, flags);
    const answered = await ask(this, question, namespaceNamed(flags.namespace), flags);
    this.process.exitCode = exitCodes[answered.answer?.verdict ?? 'unknown'];
    if (flags.json === true) printer.json(answerDocument(answered));
    else printAnswered(printer, answered, this.now());
    printer.flush();
    return;
  }
  if (first === undefined || (first === '-' && words.length === 1)) {
    if (first === undefined && this.isInputTerminal()) throw new UsageError('why takes "bind ADDR:PORT", "connect DST:PORT", a line of a log in quotes, or a log on standard input');
    const groups = new LogGroups();
    await readLines((line) => groups.add(line));
    await answerLog(this, printer, groups.result(), flags);
    return;
  }
  const groups = new LogGroups();
  for (const line of words.join(' ').split('\n')) groups.add(line);
  await answerLog(this, printer, groups.result(), flags);
}

async function ask(context: CliContext, question: Question, namespace: FoundNamespace, flags: WhyFlags): Promise<Answered> {
  const options = { probes: flags.probe, source: flags.source };
  if (question.kind === 'bind') {
    const found = inspectBind(question.bind, namespace, options);
    return { question, namespace: found.namespace, answer: answerBind(found), limits: found.limits };
  }
  const pause = (): Promise<unknown> => (flags.watch === undefined ? Promise.resolve() : context.sleep(flags.watch * 1000));
  const found = await inspectConnect(question.connect, namespace, options, { now: () => context.now(), pause });
  return { question, namespace: found.namespace, answer: answerConnect(found), limits: found.limits };
}

/** One answer for a line, groups with their answers for a log. */
async function answerLog(context: CliContext, printer: Printer, summary: LogSummary, flags: WhyFlags): Promise<void> {
  const namespace = namespaceNamed(flags.namespace);
  const answers: { group: LogGroup; answered: Answered | undefined }[] = [];
  for (const [index, group] of summary.groups.entries()) {
    const question = index < ASKED_GROUPS ? await questionOf(group.failure, flags) : undefined;
    answers.push({ group, answered: question === undefined ? undefined : await ask(context, question, namespace, flags) });
  }
  const verdict: Answer['verdict'] = answers[0]?.answered?.answer?.verdict ?? 'unknown';
  context.process.exitCode = exitCodes[verdict];
  if (flags.json === true) printer.json(groupDocument(summary, answers, namespace));
  else printGroups(printer, summary, answers, context.now());
  printer.flush();
}
