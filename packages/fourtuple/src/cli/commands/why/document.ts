import type { Answer } from '../../../diagnose/why/index.ts';
import type { LogGroup, LogSummary, LoggedFailure } from '../../../diagnose/log-line/index.ts';
import type { NamespaceId } from '../../../model/index.ts';
import { holderDocument } from '../../port-holders.ts';
import type { Question } from './questions.ts';

/** A question and what is to be said of it. */
export interface Answered {
  readonly question: Question;
  readonly namespace: NamespaceId;
  readonly answer: Answer;
  readonly limits: readonly string[];
}

/** `fourtuple.why/1`, described by schemas/why.schema.json. */
export function answerDocument({ question, namespace, answer, limits }: Answered): Record<string, unknown> {
  return { schema: 'fourtuple.why/1', ...answerFields(answer), question: questionDocument(question), namespace: namespace.inode, namespaceName: namespace.name, log: null, limits };
}

function answerFields(answer: Answer | undefined): Record<string, unknown> {
  return {
    verdict: answer?.verdict ?? 'unknown',
    errno: answer?.errno ?? null,
    clause: answer?.clause ?? null,
    title: answer?.title ?? null,
    explanation: answer?.explanation ?? null,
    notes: answer?.notes ?? [],
    holders: answer?.holders.map(({ seen }) => holderDocument(seen)) ?? [],
    remedies: answer?.remedies.map((remedy) => ({ title: remedy.title, command: remedy.command ?? null, risk: remedy.risk })) ?? [],
    probed: answer?.probed ?? false,
    disagreement: answer?.disagreement ?? null,
  };
}

function questionDocument(question: Question): object {
  if (question.kind === 'bind') {
    const { protocol, address, port, reuseAddress, reusePort, v6Only, device, uid } = question.bind;
    return { operation: 'bind', protocol, address: address.toString(), port, reuseAddress, reusePort, v6Only, device: device ?? null, uid: uid ?? null };
  }
  const { destination, destinationPort, source, isBound, range, device } = question.connect;
  return { operation: 'connect', protocol: 'tcp', destination: destination.toString(), destinationPort, source: source?.toString() ?? null, bound: isBound, range: range ?? null, device: device ?? null };
}

/** The same for a log: the most frequent failure's answer, and every group. */
export function groupDocument(summary: LogSummary, answers: readonly { group: LogGroup; answered: Answered | undefined }[], namespace: NamespaceId): Record<string, unknown> {
  const first = answers[0];
  return {
    schema: 'fourtuple.why/1',
    ...answerFields(first?.answered?.answer),
    explanation: first?.answered?.answer.explanation ?? first?.group.failure.explanation ?? null,
    question: first?.answered === undefined ? null : questionDocument(first.answered.question),
    namespace: namespace.inode,
    namespaceName: namespace.name,
    log: {
      lines: summary.lines,
      failures: summary.failures,
      ungrouped: summary.ungrouped,
      groups: answers.map(({ group, answered }) => ({ count: group.count, firstLine: group.firstLine, example: group.example, ...failureDocument(group.failure), answer: answered === undefined ? null : { ...answerFields(answered.answer), question: questionDocument(answered.question) } })),
    },
    limits: [...new Set(answers.flatMap(({ answered }) => answered?.limits ?? []))],
  };
}

function failureDocument({ cause, alternatives, program, operation, protocol, errno, local, remote, explanation }: LoggedFailure): object {
  return { cause, alternatives, program: program ?? null, operation, protocol: protocol ?? null, loggedErrno: errno ?? null, local: local ?? null, remote: remote ?? null, meaning: explanation };
}
