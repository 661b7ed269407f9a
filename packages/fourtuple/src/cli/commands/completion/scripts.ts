import { bashScript } from './bash.ts';
import type { Shell } from './command.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

/** All of them run `fourtuple __complete WORD…` and show its answer: see complete.ts. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };
