import { NamespaceLostError } from '../kernel/index.ts';
import type { Change } from './change.ts';
import { causeText, TuneError } from './error.ts';
import { inNamespace } from './identity.ts';
import { recordFile, type Begin, type Transaction, type TuneJournal } from './journal.ts';
import { readKey, restoreKey, writeKey } from './live.ts';
import { withTuneLock } from './lock.ts';
import { isChange, isIdle, planApply, reachLimits, requirePermitted, type ApplyOptions, type ApplyPlan, type PlannedFile, type PlannedKey } from './plan-apply.ts';
import { commitFile, discardPrepared, hasBytes, prepareFile, putBack, readStored } from './stored-file.ts';
import { fileError, keyError, shownValue } from './write-errors.ts';

export type ApplyOutcome =
  /** A dry run. */
  | { readonly kind: 'planned' }
  | { readonly kind: 'refused' }
  /** Everything is so already. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'applied' }
  /** A step failed; what came before it was put back. `unwritten`: the journal does not know. */
  | { readonly kind: 'rolled-back'; readonly why: string; readonly remedy: string; readonly unwritten: string | undefined }
  /** A step failed, and so did putting back. */
  | { readonly kind: 'torn'; readonly why: string; readonly left: readonly string[]; readonly unwritten: string | undefined };

export interface Applied {
  readonly plan: ApplyPlan;
  readonly outcome: ApplyOutcome;
}

/**
 * Plans changes, and with `isDone` carries them out: all of them, or none.
 * @throws ChangeError for changes that make no sense; TuneError when nothing was changed
 */
export function applyChanges(changes: readonly Change[], options: ApplyOptions & { readonly journal: TuneJournal; readonly isDone: boolean }): Applied {
  const applied = applyNow(changes, options);
  return { ...applied, plan: { ...applied.plan, limits: [...reachLimits(applied.plan), ...applied.plan.limits] } };
}

function applyNow(changes: readonly Change[], options: Parameters<typeof applyChanges>[1]): Applied {
  const { journal, isDone } = options;
  const first = planned(changes, options);
  if (first.outcome.kind !== 'planned' || !isDone) return first;
  requirePermitted(first.plan);
  // Values may have changed until it is our turn.
  return withTuneLock(journal, () => {
    const again = planned(changes, options);
    return again.outcome.kind === 'planned' ? { plan: again.plan, outcome: inNamespace(options.namespace, () => carryOut(again.plan, journal, options.now)) } : again;
  });
}

function planned(changes: readonly Change[], options: ApplyOptions & { readonly journal: TuneJournal }): Applied {
  const { earlier, limits } = readEarlier(options.journal);
  const plan = planApply(changes, options, earlier);
  return { plan: { ...plan, limits: [...plan.limits, ...limits] }, outcome: { kind: plan.refusals.length > 0 ? 'refused' : isIdle(plan) ? 'nothing' : 'planned' } };
}

/** The journal is root's: a dry run does without it. */
function readEarlier(journal: TuneJournal): { earlier: readonly Transaction[]; limits: readonly string[] } {
  try {
    return { earlier: journal.transactions(), limits: [] };
  } catch (error) {
    if (!(error instanceof TuneError && error.isNotPermitted)) throw error;
    return { earlier: [], limits: [error.message] };
  }
}

/** In the namespace of the plan, under the lock. @throws TuneError when nothing was changed */
function carryOut(plan: ApplyPlan, journal: TuneJournal, now: Date): ApplyOutcome {
  const steps = new Steps(plan);
  journal.append(beginOf(plan));
  try {
    steps.take();
    journal.append({ phase: 'done', id: plan.id, at: now.toISOString() });
    return { kind: 'applied' };
  } catch (error) {
    if (error instanceof NamespaceLostError) throw error;
    const { message: why, remedy } = error instanceof TuneError ? error : { message: String(error), remedy: '' };
    const left = steps.takeBack();
    const unwritten = conclude(journal, plan.id, left.length === 0 ? 'rolled-back' : 'torn', now, [why, ...left].join(' '));
    return left.length === 0 ? { kind: 'rolled-back', why, remedy, unwritten } : { kind: 'torn', why, left, unwritten };
  }
}

function beginOf({ id, at, boot, namespace, live, keys, file }: ApplyPlan): Begin {
  const recorded = file === undefined || file.isSame ? null : { path: file.path, old: file.old === undefined ? null : recordFile(file.old), new: recordFile(file.new) };
  // A plan with a key that the kernel refuses is not carried out.
  return { phase: 'begin', id, at, boot, namespace, live, keys: keys.map(({ key, old, new: then }) => ({ key, old, new: then ?? old })), file: recorded };
}

/** @returns why it could not be written down */
function conclude(journal: TuneJournal, id: string, phase: 'rolled-back' | 'torn', now: Date, why: string): string | undefined {
  try {
    journal.append({ phase, id, at: now.toISOString(), why });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What is done to the host, and how far it got. */
class Steps {
  readonly #keys: readonly PlannedKey[];
  readonly #file: PlannedFile | undefined;
  /** Also the one whose write failed: it may have been written all the same. */
  readonly #written: PlannedKey[] = [];
  #isFileTouched = false;

  constructor({ live, keys, file }: ApplyPlan) {
    this.#keys = live ? keys.filter(isChange) : [];
    this.#file = file?.isSame === true ? undefined : file;
  }

  /** The file is made beside its place before anything is changed: a full disk is found out first. */
  take(): void {
    if (this.#file !== undefined) attempt(this.#file.path, fileError, () => prepareFile(this.#file!.path, this.#file!.new));
    for (const planned of this.#keys) {
      this.#written.push(planned);
      attempt(planned.key, keyError, () => writeKey(planned.key, planned.to));
      const reads = readKey(planned.key);
      if (reads !== planned.new) throw new TuneError(`${planned.key} reads ${shownValue(reads ?? 'nothing')} after ${shownValue(planned.to)} was written, not ${shownValue(planned.new ?? '')}.`, '');
    }
    if (this.#file !== undefined) this.#place(this.#file);
  }

  #place({ path, old }: PlannedFile): void {
    if (!hasBytes(readStored(path), old?.bytes)) throw new TuneError(`${path} was changed by somebody else meanwhile.`, '');
    this.#isFileTouched = true;
    attempt(path, fileError, () => commitFile(path));
  }

  /** In reverse. @returns what could not be put back, a sentence each */
  takeBack(): string[] {
    const left: string[] = [];
    if (this.#file !== undefined) left.push(...takeBackFile(this.#file, this.#isFileTouched));
    for (const { key, old } of this.#written.toReversed()) {
      try {
        if (readKey(key) === old) continue;
        restoreKey(key, old);
        if (readKey(key) === old) continue;
        left.push(`${key} is ${shownValue(readKey(key) ?? 'not there')}, and was ${shownValue(old)}.`);
      } catch (error) {
        left.push(`${key} may not be ${shownValue(old)} again (${causeText(error)}).`);
      }
    }
    return left;
  }
}

function takeBackFile({ path, old, new: written }: PlannedFile, isTouched: boolean): string[] {
  try {
    discardPrepared(path);
    if (isTouched && hasBytes(readStored(path), written.bytes)) putBack(path, old);
    return [];
  } catch (error) {
    return [`${path} may not be as it was (${causeText(error)}): the journal has it.`];
  }
}

/** Runs a step; what it throws becomes a sentence. */
function attempt(what: string, explain: (what: string, error: unknown) => TuneError, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof TuneError ? error : explain(what, error);
  }
}
