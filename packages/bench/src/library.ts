import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Kernel from 'fourtuple/kernel';
import type * as Model from 'fourtuple/model';
import type * as Observe from 'fourtuple/observe';
import type { Answer } from './answers.ts';
import type { Counting } from './competitors.ts';
import { fourtupleBin } from './paths.ts';

type Steps = ReturnType<typeof Observe.measureHostSteps>;

/** The part of the library that is measured here. */
export interface Library {
  readonly runSteps: typeof Observe.runSteps;
  readonly runStepsSliced: typeof Observe.runStepsSliced;
  readonly steps: (counting: Exclude<Counting, 'nothing'>) => Steps;
}

/* A reader of /proc must not pass for sock_diag: rows of which that is the source fail without it. */
const measureOptions: Readonly<Record<Exclude<Counting, 'nothing'>, Observe.MeasureOptions>> = {
  quick: { owners: 'none', probes: 'none', skipBound: true, skipUdp: true },
  'quick-netlink': { owners: 'none', probes: 'none', skipBound: true, skipUdp: true, source: 'sock_diag' },
  'no-owners': { owners: 'none', probes: 'auto' },
  default: { owners: 'auto', probes: 'auto' },
  'default-netlink': { owners: 'auto', probes: 'auto', source: 'sock_diag' },
};

/** A part of the library that was shipped with the command, so that FOURTUPLE_BIN chooses both, and koffi from beside it. */
function load(name: string): Promise<unknown> {
  const folder = join(dirname(realpathSync(fourtupleBin)), '..', 'dist', 'lib');
  return import(pathToFileURL(join(folder, `${name}.js`)).href);
}

export const loadKernel = async (): Promise<typeof Kernel> => (await load('kernel')) as typeof Kernel;
export const loadModel = async (): Promise<typeof Model> => (await load('model')) as typeof Model;

export async function loadLibrary(): Promise<Library> {
  const { currentNamespace } = await loadKernel();
  const { measureHostSteps, runSteps, runStepsSliced } = (await load('observe')) as typeof Observe;
  return {
    runSteps,
    runStepsSliced,
    steps: (counting) => {
      const steps = measureHostSteps([currentNamespace()], measureOptions[counting], new Date());
      return counting.endsWith('-netlink') ? withoutBpf(steps) : steps;
    },
  };
}

/** Owners and bind buckets are read by BPF whatever the source. One count follows the other, so that no other is meant. */
function* withoutBpf(steps: Steps): Steps {
  const before = process.env['FOURTUPLE_NO_BPF'];
  process.env['FOURTUPLE_NO_BPF'] = '1';
  try {
    return yield* steps;
  } finally {
    if (before === undefined) delete process.env['FOURTUPLE_NO_BPF'];
  }
}

export function answerOf({ namespaces }: Observe.HostMeasurement): Answer {
  const [{ usage } = { usage: undefined }] = namespaces;
  return { sockets: usage?.sockets.total ?? 0, tuples: usage?.tuples.length ?? 0 };
}
