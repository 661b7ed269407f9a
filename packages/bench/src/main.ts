import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { help, parseArguments, UsageError, type BenchOptions } from './arguments.ts';
import { CompileError, compilePrograms } from './compile.ts';
import { describeMachine } from './environment.ts';
import { FixtureError, innerStage, runInFixture } from './fixture.ts';
import { readStage, runInnerStage } from './inner.ts';
import { planStages, type PlannedStage } from './jobs.ts';
import { goalLines, writeResults } from './output.ts';
import { fourtupleBin } from './paths.ts';
import { Progress } from './progress.ts';
import { faultsOf, StageRecorder, type BenchResults, type StageResult } from './results.ts';

const failed = 1;
const badUsage = 64;

async function main(argv: readonly string[]): Promise<number> {
  const options = parseArguments(argv);
  if (options === undefined) {
    process.stdout.write(help);
    return 0;
  }
  if (!existsSync(fourtupleBin)) {
    process.stderr.write(`bench: ${fourtupleBin} does not exist; build fourtuple first, or set FOURTUPLE_BIN\n`);
    return failed;
  }
  compilePrograms();
  const results = await runAll(options);
  writeResults(options.out, results);
  return announce(options, results);
}

async function runAll(options: BenchOptions): Promise<BenchResults> {
  const takenAt = new Date().toISOString();
  const machine = describeMachine();
  const progress = new Progress(process.stderr);
  const stages: StageResult[] = [];
  for (const planned of planStages(options)) stages.push(await runStage(planned, progress));
  return { schema: 'fourtuple.bench/1', takenAt, machine, stages };
}

async function runStage({ stage, leftOut }: PlannedStage, progress: Progress): Promise<StageResult> {
  const recorder = new StageRecorder(stage);
  progress.start(stage);
  await runInFixture(stage, (event) => {
    recorder.record(event);
    progress.event(event);
  });
  progress.finish();
  return recorder.result(leftOut);
}

/** Says what came out. A goal that was not met is a result; a competitor that failed or miscounted is a fault. */
function announce(options: BenchOptions, results: BenchResults): number {
  for (const line of goalLines(results)) process.stdout.write(`${line}\n`);
  process.stdout.write(`Written: ${relative(process.cwd(), join(options.out, 'latest.md'))} and latest.json\n`);
  const faults = results.stages.flatMap(faultsOf);
  for (const fault of faults) process.stderr.write(`bench: ${fault}\n`);
  return faults.length === 0 ? 0 : failed;
}

function explain(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`bench: ${error.message}\n\n${help}`);
    return badUsage;
  }
  if (error instanceof CompileError || error instanceof FixtureError) {
    process.stderr.write(`bench: ${error.message}\n`);
    return failed;
  }
  throw error;
}

const argv = process.argv.slice(2);
if (argv[0] === innerStage) await runInnerStage(readStage());
else process.exitCode = await main(argv).catch(explain);
