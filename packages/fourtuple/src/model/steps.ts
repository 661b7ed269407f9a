/**
 * What a runner that never pauses sends into steps in answer to a pause: `steps.next(WITHOUT_PAUSE)`. Steps that many
 * pauses would hold up heed it and make no more; each goes through every generator between them and the runner.
 */
export const WITHOUT_PAUSE = 'without pause';

/** Drives steps to their end in one go and returns their value. */
export function runSteps<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next(WITHOUT_PAUSE);
    if (step.done === true) return step.value;
  }
}
