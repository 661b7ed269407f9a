import { nearest } from '../../../model/index.ts';
import { knobNames } from '../../../knobs/index.ts';
import { ChangeError, TuneError } from '../../../tune/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { CommandError, UsageError } from '../../errors.ts';

/**
 * Runs a command; what keeps it from its work becomes one line on the standard error and an exit code.
 * @param isChanging true for one that was to change something: it says that it did not
 */
export function explained(context: CliContext, isChanging: boolean, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof ChangeError) throw new UsageError(`${error.message}${error.unknownKey === undefined ? '' : `${nearKey(error.unknownKey)}; "fourtuple tune explain" lists what is known`}`);
    if (!(error instanceof TuneError)) throw error;
    const message = `${error.message}${isChanging ? ' Nothing was changed.' : ''}`;
    if (!error.isNotPermitted) throw new CommandError(message, error.remedy);
    context.process.stderr.write(`${message} ${error.remedy}\n`);
    context.process.exitCode = ExitCode.notPermitted;
  }
}

function nearKey(name: string): string {
  return nearest(name, knobNames);
}
