import { runCli } from './app.ts';
import type { CliContext, Output } from './context.ts';
import { FdOutput, mayBeTerminal } from './fd-output.ts';

/** A closed pipe (`fourtuple | head`) ends the program quietly; any other failure to write does not go unnoticed. */
function onWriteError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(Number(process.exitCode ?? 0));
  try {
    process.stderr.write(`fourtuple: the output could not be written: ${error.message}\n`);
  } finally {
    process.exit(1);
  }
}

function outputOf(fd: 1 | 2): Output {
  if (mayBeTerminal(fd)) {
    const stream = fd === 1 ? process.stdout : process.stderr;
    stream.on('error', onWriteError);
    return stream;
  }
  const output = new FdOutput(fd);
  return {
    isTTY: false,
    write(text) {
      try {
        output.write(text);
      } catch (error) {
        onWriteError(error as NodeJS.ErrnoException);
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
  if (wake === undefined) process.exit(130);
  wake();
}

const sleep = (ms: number): Promise<boolean> =>
  new Promise((resolve) => {
    if (interrupted) {
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

export async function main(): Promise<void> {
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  const context: CliContext = {
    process: { stdout: outputOf(1), stderr: outputOf(2), env: process.env },
    now: () => new Date(),
    sleep,
  };
  process.exitCode = await runCli(process.argv.slice(2), context);
}
