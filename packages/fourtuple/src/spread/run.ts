import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { abandonedCgroups, CgroupError, cgroupRoot, joinCgroup, makeCgroup, ownCgroupDirectory, removeCgroup, Spreader, type SpreadCounts } from '../kernel/index.ts';
import { CommandNotRunError, SpreadError } from './errors.ts';
import type { SignalRelay } from './signal-relay.ts';
import type { SpreadSpec } from './spec.ts';

/** How a command ended. */
export type Ending = { readonly code: number } | { readonly signal: NodeJS.Signals };

export interface SpreadRun {
  readonly ending: Ending;
  readonly counts: SpreadCounts;
  /** Processes that the command started and left behind: for them it goes on. */
  readonly isLeftRunning: boolean;
}

/**
 * Runs a command whose connections, and those of all that it starts, come from the addresses in turn. The command has
 * this process's input, output and environment. When this process is killed the command goes on, and so does the
 * spread: the command's processes hold it by descriptors that they inherit.
 * @throws SpreadError when the command, or a cgroup for it, is not to be had @throws UnsupportedError, VerifierError, KernelError
 */
export async function runSpread(spec: SpreadSpec, command: string, args: readonly string[], signals: SignalRelay, now: number): Promise<SpreadRun> {
  const home = ownCgroupDirectory();
  // What a spread left that was killed is in nobody's way, but it adds up.
  const cgroup = inCgroup(() => {
    for (const left of abandonedCgroups()) removeCgroup(left);
    return makeCgroup();
  });
  let spreader: Spreader | undefined;
  try {
    spreader = new Spreader({ addresses: spec.addresses, rules: spec, cgroup, now });
    const closeCopies = spreader.shareWithChild();
    let child: ChildProcess;
    try {
      inCgroup(() => joinCgroup(cgroup));
      try {
        child = spawn(command, args, { stdio: 'inherit' });
      } finally {
        inCgroup(() => joinCgroup(home));
      }
    } finally {
      closeCopies();
    }
    const ending = await endingOf(child, command, signals);
    return { ending, counts: spreader.read(), isLeftRunning: !inCgroup(() => removeCgroup(cgroup)) };
  } catch (error) {
    inCgroup(() => removeCgroup(cgroup));
    throw error;
  } finally {
    spreader?.close();
  }
}

function inCgroup<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CgroupError)) throw error;
    throw new SpreadError(`For the command a cgroup is needed, and ${error.message}.`, `Run it as root, or where ${cgroupRoot() ?? 'the tree of cgroups'} may be written; or attach to a cgroup that is there: --attach.`, { cause: error });
  }
}

/** Waits for a command that runs in this process's place: it gets the signals, and this tells how it ended. */
export async function endingOf(child: ChildProcess, command: string, signals: SignalRelay): Promise<Ending> {
  signals.passTo(child);
  return new Promise<Ending>((resolve, reject) => {
    child.once('error', (error) => reject(new CommandNotRunError(command, error)));
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
}

/** Ends this process as the command ended, so that whoever waits for it sees the same. Returns for an exit code. */
export async function endLike(ending: Ending, sleep: (ms: number) => Promise<unknown>): Promise<number> {
  if ('code' in ending) return ending.code;
  process.kill(process.pid, ending.signal);
  // A signal that ends no process, or that is blocked here, leaves the number that shells give.
  await sleep(100);
  return 128 + constants.signals[ending.signal];
}
