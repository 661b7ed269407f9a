import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fixtureBinary } from './compile.ts';
import { measuredEnvironment } from './environment.ts';
import { inProcessFile, ownFile } from './paths.ts';
import { decodeEvent, labelOf, type Stage, type StageEvent } from './stage.ts';

export class FixtureError extends Error {
  override readonly name = 'FixtureError';
}

/** The word on the command line that makes this program the inner stage. */
export const innerStage = 'inner-stage';

/** As many buckets as a common host has; the size itself hardly matters, the hash being ours alone does. */
const hashEntries = 262_144;
/** The inner stage that stays one process has no limit for each run, so one for all: it takes a minute or two. */
const residentTimeoutMs = 20 * 60_000;

const ownHash = '/proc/sys/net/ipv4/tcp_child_ehash_entries';

/** Makes the sockets, runs the inner stage beside them, and hands on each event as it comes. */
export async function runInFixture(stage: Stage, onEvent: (event: StageEvent) => void): Promise<void> {
  const hash = existsSync(ownHash) ? ['-e', String(hashEntries)] : [];
  const isResident = stage.competitors.some((competitor) => !('command' in competitor));
  const inner = isResident ? [inProcessFile] : [ownFile, innerStage];
  const fixture = spawn(
    fixtureBinary,
    ['-n', String(stage.job === 'pool' ? 0 : stage.sockets), '-m', stage.population, ...hash, '--', process.execPath, ...inner],
    { stdio: ['pipe', 'pipe', 'inherit'], env: measuredEnvironment(), timeout: isResident ? residentTimeoutMs : undefined },
  );
  const ended = new Promise<number>((resolve, reject) => {
    fixture.once('error', reject);
    fixture.once('close', (code) => resolve(code ?? 1));
  });
  const interrupt = (signal: NodeJS.Signals): void => void fixture.kill(signal);
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  /* A fixture that could not start reads no plan; its status says so. */
  fixture.stdin.on('error', () => {});
  fixture.stdin.end(JSON.stringify(stage));
  try {
    for await (const line of createInterface({ input: fixture.stdout })) onEvent(decodeEvent(line));
    const status = await ended;
    if (status !== 0) throw new FixtureError(`${labelOf(stage)}: ended with status ${status}`);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
