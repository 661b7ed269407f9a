import { WITHOUT_PAUSE } from '../kernel/index.ts';

/** Drives steps to their end and returns their value. */
export function runSteps<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next(WITHOUT_PAUSE);
    if (step.done === true) return step.value;
  }
}

/** As {@link runSteps}, giving the event loop a turn after every few datagrams. */
export async function runStepsSliced<T>(steps: Generator<void, T>, datagramsPerTurn = 4): Promise<T> {
  for (;;) {
    for (let count = 0; count < datagramsPerTurn; count++) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
