import { CookedBuilder, type CookedText } from './cooked-text.ts';
import type { ShellCommand } from './shell-commands.ts';

/** Parts of a group that are kept, and groups within groups: no more are written by hand. */
const MOST_PARTS = 1000;
const DEEPEST = 32;

/** What `{ echo …; echo …; } > FILE` prints. */
export class Braces {
  readonly #open: CookedText[][] = [];
  #last: { readonly end: number; readonly output: CookedText } | undefined;

  get areOpen(): boolean {
    return this.#open.length > 0;
  }

  /** To be told of every command, before what it prints. */
  opened({ words }: ShellCommand): void {
    if (words[0]?.isBare === true && words[0].text.text === '{' && this.#open.length < DEEPEST) this.#open.push([]);
  }

  /** What a command in the group prints that goes nowhere else. */
  add(output: CookedText): void {
    const parts = this.#open.at(-1);
    if (parts !== undefined && parts.length < MOST_PARTS) parts.push(output);
  }

  /** What a group prints whose closing brace a command is; undefined for nothing known. */
  closed({ end }: ShellCommand): CookedText | undefined {
    const parts = this.#open.pop();
    if (parts === undefined || parts.length === 0) return undefined;
    const builder = new CookedBuilder(parts[0]!.span().start);
    for (const [index, part] of parts.entries()) {
      if (index > 0) builder.add('\n', parts[index - 1]!.span().end, Math.max(parts[index - 1]!.span().end, part.span().start));
      builder.append(part);
    }
    const output = builder.done();
    this.#last = { end, output };
    return output;
  }

  /** What a command reads that follows a group in a pipeline. */
  outputOf(source: ShellCommand | undefined): CookedText | undefined {
    return source !== undefined && source.end === this.#last?.end ? this.#last.output : undefined;
  }
}
