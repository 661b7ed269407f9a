import { AcquireTimeoutError, ConnectError, PoolError, PortBudgetError, PortsExhaustedError, SourcesMissingError, type PortTuple } from '../errors.ts';

/** What a pool knows when somebody waited in vain. */
export interface InVain {
  readonly tuple: PortTuple;
  readonly waitedMs: number;
  readonly max: number;
  readonly lent: number;
  /** The error by which connects fail at present for want of ports or descriptors. */
  readonly shortage: unknown;
  /** The error of the last connect that was for this one. */
  readonly lastError: unknown;
}

const served = 'See that the server answers, and that its accept queue is not full (`fourtuple check` there).';

/** Says what was missing, and what to do about that. */
export function timeoutError({ tuple, waitedMs, max, lent, shortage, lastError }: InVain): AcquireTimeoutError {
  if (shortage instanceof PoolError) {
    const isOfPorts = shortage instanceof PortBudgetError || shortage instanceof PortsExhaustedError || shortage instanceof SourcesMissingError;
    return new AcquireTimeoutError(isOfPorts ? shortage.tuple : tuple, waitedMs, shortage.message, shortage instanceof PortBudgetError ? shortage.budget : undefined, shortage.remedy, shortage);
  }
  if (shortage !== undefined) return new AcquireTimeoutError(tuple, waitedMs, messageOf(shortage), undefined, new ConnectError(tuple, shortage).remedy, shortage);
  if (lent >= max) {
    return new AcquireTimeoutError(tuple, waitedMs, `all ${max.toLocaleString('en')} connections of the pool were lent`, undefined, 'See what keeps them so long (`leakDetectionMs` tells), or raise `max` if the server and the ports allow it (`fourtuple plan pool` computes it).');
  }
  return new AcquireTimeoutError(tuple, waitedMs, lastError === undefined ? 'none was made in that time' : `the last attempt failed: ${messageOf(lastError)}`, undefined, served, lastError);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'for a reason that is no error';
}
