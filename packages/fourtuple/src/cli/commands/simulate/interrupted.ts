import { CommandError } from '../../errors.ts';

/** The user stopped a run. */
export function interrupted(done: number, remedy: string): CommandError {
  return new CommandError(`Interrupted when ${Math.floor(done * 100)} % were done.`, remedy);
}
