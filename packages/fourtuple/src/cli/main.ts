import { exitNow } from '../kernel/index.ts';
import { isAnswering } from './command-line.ts';
import { ExitCode, type CliContext, type Output } from './context.ts';
import { FdOutput, mayBeTerminal } from './fd-output.ts';
import { runCli } from './run-cli.ts';

/** What became of the standard output: a closed pipe is no failure, a full disk is. */
let isOutputClosed = false;
let outputFailure: NodeJS.ErrnoException | undefined;

function onOutputError(error: NodeJS.ErrnoException): void {
  isOutputClosed = true;
  if (error.code !== 'EPIPE') outputFailure ??= error;
  // A watch has nobody left to show anything to.
  wake?.();
}

function standardOutput(): Output {
  if (mayBeTerminal(1)) {
    process.stdout.on('error', onOutputError);
    return process.stdout;
  }
  const output = new FdOutput(1);
  return {
    isTTY: false,
    write(text) {
      if (isOutputClosed) return;
      try {
        output.write(text);
      } catch (error) {
        onOutputError(error as NodeJS.ErrnoException);
      }
    },
  };
}

function standardError(): Output {
  if (mayBeTerminal(2)) {
    process.stderr.on('error', () => undefined);
    return process.stderr;
  }
  const output = new FdOutput(2);
  return {
    isTTY: false,
    write(text) {
      try {
        output.write(text);
      } catch {
        // There is nowhere left to say so; the exit code stands.
      }
    },
  };
}

let interrupted = false;
let wake: (() => void) | undefined;

function onInterrupt(): void {
  // The second one does not wait for anything.
  if (interrupted) process.exit(130);
  interrupted = true;
  wake?.();
}

let isListening = false;

/** Not from the start: most commands have nothing to finish, and a signal shall do what signals do. */
function heedSignals(): void {
  if (isListening) return;
  isListening = true;
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
}

const sleep = (ms: number): Promise<boolean> =>
  new Promise((resolve) => {
    heedSignals();
    if (interrupted || isOutputClosed) {
      resolve(false);
      return;
    }
    const timer = setTimeout(() => {
      wake = undefined;
      resolve(true);
    }, ms);
    wake = () => {
      clearTimeout(timer);
      resolve(false);
    };
  });

/** True when somebody waits for Node's own way out: the writer of the code cache, a profiler, a coverage tool. */
function isObserved(): boolean {
  return process.listenerCount('exit') > 0 || process.execArgv.length > 0 || process.env['NODE_OPTIONS'] !== undefined || process.env['NODE_V8_COVERAGE'] !== undefined;
}

/** @param inputs the command line, without the program */
export async function main(inputs: readonly string[] = process.argv.slice(2)): Promise<void> {
  // Most runs have nothing to say there: what it is, is asked at need.
  let stderr: Output | undefined;
  const context: CliContext = {
    process: {
      stdout: standardOutput(),
      get stderr() {
        return (stderr ??= standardError());
      },
      env: process.env,
    },
    now: () => new Date(),
    isInputTerminal: () => mayBeTerminal(0),
    heedSignals,
    sleep,
  };
  process.exitCode = await runCli(inputs, context);
  if (outputFailure !== undefined) {
    context.process.stderr.write(`fourtuple: the output could not be written: ${outputFailure.message}\n`);
    process.exitCode = isAnswering(inputs) ? ExitCode.unknown : ExitCode.notDone;
  }
  // Everything is written already, unless a terminal still buffers: leaving at once saves taking the heap apart.
  if (mayBeTerminal(1) || (stderr !== undefined && mayBeTerminal(2))) return;
  if (!isObserved()) exitNow(process.exitCode ?? 0);
  process.exit();
}
