import type { ShellComment, ShellRedirection, ShellWord, ShellWords } from './shell-words.ts';
import type { Span } from '../statement.ts';

/** A simple command: words, and where they go. */
export interface ShellCommand extends Span {
  readonly words: readonly ShellWord[];
  readonly redirections: readonly ShellRedirection[];
  /** The command whose output it reads through a pipe. */
  readonly source: ShellCommand | undefined;
}

/** What stands on one line, continuation lines included. */
export interface ShellLine {
  readonly commands: readonly ShellCommand[];
  readonly comments: readonly ShellComment[];
}

/** Longer pipelines are taken for several. */
const LONGEST_PIPELINE = 8;

/** So that a text of one line is not held in whole. */
const LONGEST_LINE = 1000;

/** The commands of a script, line by line, each with its here-documents. */
export function* shellLines(reader: ShellWords): Generator<ShellLine> {
  let commands: ShellCommand[] = [];
  let comments: ShellComment[] = [];
  let words: ShellWord[] = [];
  let redirections: ShellRedirection[] = [];
  let source: ShellCommand | undefined;
  let depth = 0;
  const finished = (isPiped: boolean, isNewline: boolean): void => {
    const firstWord = words[0];
    const firstFile = redirections[0];
    if (firstWord !== undefined || firstFile !== undefined) {
      const lastFile = redirections.at(-1);
      const command = {
        words,
        redirections,
        source,
        start: Math.min(firstWord?.start ?? Infinity, firstFile?.start ?? Infinity),
        end: Math.max(words.at(-1)?.end ?? 0, lastFile?.target?.end ?? lastFile?.end ?? 0),
      };
      commands.push(command);
      depth = isPiped ? depth + 1 : 0;
      source = isPiped && depth % LONGEST_PIPELINE !== 0 ? command : undefined;
      words = [];
      redirections = [];
    } else if (!isNewline) source = undefined;
  };
  for (const token of reader.tokens()) {
    if (token.kind === 'word') words.push(token);
    else if (token.kind === 'redirection') redirections.push(token);
    else if (token.kind === 'comment') comments.push(token);
    else {
      const isNewline = token.text === '\n';
      finished(token.text.startsWith('|') && token.text !== '||', isNewline);
      if (!isNewline && (commands.length < LONGEST_LINE || reader.awaitsDocument)) continue;
      yield { commands, comments };
      commands = [];
      comments = [];
    }
  }
  finished(false, true);
  yield { commands, comments };
}
