import type { CliContext } from '../../context.ts';
import type { Shell } from './command.ts';
import { completionScripts } from './scripts.ts';

export function runCompletion(this: CliContext, _flags: object, shell: Shell): void {
  this.process.stdout.write(completionScripts[shell]);
}
