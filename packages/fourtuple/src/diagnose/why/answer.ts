import { clauses, type Clause } from '../../law/index.ts';
import type { ConnectObstacle, KnownHolder, Trial } from '../../usage/index.ts';
import type { Remedy } from '../finding.ts';

export type Verdict = 'succeeds' | 'fails' | 'unknown';

/** Why an operation fails, or would not, for people and programs. */
export interface Answer {
  readonly verdict: Verdict;
  /** With which errno it fails. */
  readonly errno: string | undefined;
  /** The clause of the law that decides, or what stands before the law. */
  readonly clause: Clause | ConnectObstacle | undefined;
  /** The verdict in one sentence: what, with which errno, and who. */
  readonly title: string;
  /** The clause in words. */
  readonly explanation: string;
  /** What else matters, a sentence each. */
  readonly notes: readonly string[];
  readonly holders: readonly KnownHolder[];
  readonly remedies: readonly Remedy[];
  /** True when the kernel was asked, and answered. */
  readonly probed: boolean;
  /** Law and kernel say different things: what to report. */
  readonly disagreement: string | undefined;
}

/** `SO_REUSEADDR must be …  [holder-lacks-reuse-address, inet_bind_conflict]` */
export function clauseText(clause: Clause): string {
  const { says, source } = clauses[clause];
  return `${says[0]!.toUpperCase()}${says.slice(1)} [${clause}: ${source}]`;
}

interface LawsWord {
  readonly outcome: Verdict;
  readonly errno: string | undefined;
}

/** What law and kernel say together: the kernel has the last word, the law must have said the same where it was certain. */
export function settle(ruling: LawsWord, trial: Trial, what: string): Pick<Answer, 'verdict' | 'errno' | 'probed' | 'disagreement'> {
  if (trial.errno === undefined) return { verdict: ruling.outcome, errno: ruling.outcome === 'succeeds' ? undefined : ruling.errno, probed: false, disagreement: undefined };
  const verdict = trial.errno === 0 ? 'succeeds' : 'fails';
  const isSame = ruling.outcome === 'unknown' || (ruling.outcome === verdict && (verdict === 'succeeds' || ruling.errno === trial.code));
  const said = (outcome: Verdict, errno: string | undefined): string => (outcome === 'fails' ? `fails with ${errno ?? 'an error'}` : outcome);
  return {
    verdict,
    errno: trial.code,
    probed: true,
    disagreement: isSame ? undefined : `Law and kernel disagree: by the law ${what} ${said(ruling.outcome, ruling.errno)}, the kernel's own trial ${said(verdict, trial.code)}. A socket may have come or gone between the two looks; if it stays so, please report it with the output of this command with --json and of "fourtuple doctor".`,
  };
}
