import { InconsistentDumpError, KernelError, MalformedMessageError, NamespaceGoneError, NoSuchInterfaceError, UnsupportedError } from '../kernel/index.ts';
import { SnapshotFormatError } from '../model/index.ts';
import { PlanFileError, QuantityError } from '../plan/errors.ts';
import { CommandNotRunError, SpreadError, SpreadWordsError } from '../spread/errors.ts';
import { ExitCode } from './context.ts';

/** Arguments that do not make sense together, or name something that is not there. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A file or an answer that a command needs is not as it should be. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

export interface Explained {
  /** What happened, why, what to do: one to three sentences. */
  readonly text: string;
  readonly exitCode: number;
}

/** Turns an error into words and an exit code. An error of no known type is a defect and keeps its stack in verbose mode. */
export function explainError(error: unknown): Explained {
  if (error instanceof UsageError || error instanceof NoSuchInterfaceError || error instanceof PlanFileError || error instanceof QuantityError) return { text: error.message, exitCode: ExitCode.usage };
  if (error instanceof CommandNotRunError) return { text: `${error.message} ${error.remedy}`, exitCode: error.exitCode };
  if (error instanceof SpreadWordsError) return { text: `${error.message} ${error.remedy}`, exitCode: ExitCode.usage };
  if (error instanceof CommandError || error instanceof SpreadError) return { text: `${error.message} ${error.remedy}`, exitCode: ExitCode.notDone };
  if (error instanceof SnapshotFormatError) return { text: `The file cannot be used: ${error.message}. Write one with "fourtuple record FILE".`, exitCode: ExitCode.notDone };
  if (error instanceof UnsupportedError) return { text: `${error.message}. "fourtuple doctor" shows what works here.`, exitCode: ExitCode.notDone };
  if (error instanceof NamespaceGoneError) return { text: `${error.message}. "fourtuple ports -A" lists those that are there.`, exitCode: ExitCode.notDone };
  if (error instanceof MalformedMessageError || error instanceof InconsistentDumpError) return { text: `${error.message}. Try again; if it stays, please report it with the output of "fourtuple doctor".`, exitCode: ExitCode.notDone };
  if (error instanceof KernelError) return explainCode(error.message, error.code);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof Error && typeof code === 'string' && (error as NodeJS.ErrnoException).syscall !== undefined) return explainCode(error.message, code);
  return { text: `This is a defect of fourtuple, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, exitCode: ExitCode.notDone };
}

function explainCode(message: string, code: string): Explained {
  if (code === 'EPERM' || code === 'EACCES') return { text: `${message}. It is not permitted to this user: run it as root, or see "fourtuple doctor" for the capability that is missing.`, exitCode: ExitCode.notPermitted };
  if (code === 'EMFILE' || code === 'ENFILE') return { text: `${message}. No file descriptor is left: raise the limit with "ulimit -n".`, exitCode: ExitCode.notDone };
  if (code === 'ENOSPC') return { text: `${message}. The disk is full: nothing of the file was kept.`, exitCode: ExitCode.notDone };
  return { text: `${message}.`, exitCode: ExitCode.notDone };
}
