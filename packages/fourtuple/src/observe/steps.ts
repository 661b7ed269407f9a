export { runSteps } from '../model/index.ts';

/**
 * As `runSteps`, giving the event loop its turns.
 * @param turnMs how long to go on without one; the step that is under way then, half a millisecond mostly, comes on top
 */
export async function runStepsSliced<T>(steps: Generator<void, T>, turnMs = 1): Promise<T> {
  for (;;) {
    const end = performance.now() + turnMs;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < end);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
