import { readFileSync } from 'node:fs';

/** A system call of the main thread: the n-th of its name. */
export interface KillPoint {
  readonly call: string;
  readonly occurrence: number;
  /** As strace shows it, shortened. */
  readonly text: string;
}

/** Words that run a command under strace and write down its calls. Without -f: what changes anything is the main thread. */
export function traced(log: string): string[] {
  return ['strace', '-qq', '-s', '200', '-o', log, '-e', 'trace=%file,%desc'];
}

/** Words that kill a command as it enters a system call, so that what came before is done and this one is not. */
export function killedAt({ call, occurrence }: KillPoint): string[] {
  return ['strace', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${occurrence}`];
}

/** Every call from the first one that names a path to the last one that does, and one more. */
export function killPoints(log: string, path: string): KillPoint[] {
  const seen = new Map<string, number>();
  const points: KillPoint[] = [];
  let hasBegun = false;
  let end = 0;
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const call = /^(\w+)\(/.exec(line)?.[1];
    if (call === undefined) continue;
    const occurrence = (seen.get(call) ?? 0) + 1;
    seen.set(call, occurrence);
    const isNamed = line.includes(path) && call !== 'execve';
    hasBegun ||= isNamed;
    if (hasBegun) points.push({ call, occurrence, text: line.slice(0, 120) });
    if (isNamed) end = points.length + 1;
  }
  return points.slice(0, end);
}
