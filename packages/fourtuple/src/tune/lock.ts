import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ProcFs } from '../kernel/index.ts';
import { causeText, TuneError } from './error.ts';
import { bootId } from './identity.ts';
import type { TuneJournal } from './journal.ts';

/** A process that no other can be taken for: pids are used again, and each boot counts from 1. */
interface Contender {
  readonly boot: string;
  readonly pid: number;
  /** Ticks from boot to its start: field 22 of /proc/PID/stat. */
  readonly start: string;
}

const TRIALS = 60;
const PAUSE_MS = 50;

/**
 * Runs work while no other process changes anything by the same journal. Each who wants it puts a file with its own name beside the journal (O_EXCL), then
 * looks for those of others: one of a living process, and it withdraws and tries again; those of dead ones it takes away. Nobody ever takes away a file that
 * a living process could own, which one lock file for all could not promise when two find it stale at once.
 * @throws TuneError when another one keeps at it, or the file cannot be made
 */
export function withTuneLock<T>(journal: TuneJournal, work: () => T): T {
  const own: Contender = { boot: bootId().slice(0, 8), pid: process.pid, start: startOf(process.pid) ?? '0' };
  const file = `${prefixOf(journal)}${own.boot}.${own.pid}.${own.start}`;
  for (let trial = 1; ; trial++) {
    make(journal, file);
    let other: Contender | undefined;
    try {
      other = livingOther(journal, own);
      if (other === undefined) return work();
    } finally {
      rmSync(file, { force: true });
    }
    if (trial === TRIALS) throw new TuneError(`Another "fourtuple tune" (process ${other.pid}) is at work by the journal ${journal.path}.`, 'Wait until it has ended.');
    // Two that withdraw from each other must not come back in step.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS * (0.5 + Math.random()));
  }
}

/** The process that changes something by this journal right now, if any. */
export function tunerAtWork(journal: TuneJournal): number | undefined {
  return contenders(journal).find(isAlive)?.pid;
}

function make(journal: TuneJournal, file: string): void {
  try {
    journal.makeFolder();
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    throw new TuneError(`No file can be made beside the journal ${journal.path} (${causeText(error)}).`, 'Name another one with --journal.', error);
  }
}

function livingOther(journal: TuneJournal, own: Contender): Contender | undefined {
  for (const contender of contenders(journal)) {
    if (contender.pid === own.pid && contender.start === own.start && contender.boot === own.boot) continue;
    if (isAlive(contender)) return contender;
    rmSync(`${prefixOf(journal)}${contender.boot}.${contender.pid}.${contender.start}`, { force: true });
  }
  return undefined;
}

function contenders(journal: TuneJournal): Contender[] {
  const prefix = basename(prefixOf(journal));
  let names: string[];
  try {
    names = readdirSync(dirname(journal.path));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const match = name.startsWith(prefix) ? /^([0-9a-f]{8})\.(\d+)\.(\d+)$/.exec(name.slice(prefix.length)) : null;
    return match === null ? [] : [{ boot: match[1]!, pid: Number(match[2]), start: match[3]! }];
  });
}

function isAlive({ boot, pid, start }: Contender): boolean {
  return boot === bootId().slice(0, 8) && startOf(pid) === start;
}

function startOf(pid: number): string | undefined {
  const stat = new ProcFs().tryRead(`${pid}/stat`);
  // The command's name may hold blanks and brackets.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  // One that is dead already, and that its parent has not asked about, changes nothing any more.
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}

function prefixOf({ path }: TuneJournal): string {
  return join(dirname(path), `${basename(path)}.lock.`);
}
