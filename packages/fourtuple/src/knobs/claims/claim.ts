export type Verdict = 'true' | 'half true' | 'false';

/** A line of a text, and what is on it. */
export interface ClaimLine {
  readonly text: string;
  /** The comment of a setting on it, or else the line before, and the line behind: what is said of what is on the line. */
  readonly context: string;
  /** Settings that the line makes. */
  readonly settings: readonly { readonly key: string; readonly value: string | undefined; readonly onlyReads: boolean }[];
  /** Names of programs that the line runs, with their arguments. */
  readonly commands: readonly { readonly name: string; readonly args: readonly string[] }[];
}

/** What people say, how to tell it in a text, and what is so. */
export interface Claim {
  /** kebab-case, stable. */
  readonly id: string;
  /** A setting, a program, a call, or a rule that people tell. */
  readonly subject: string;
  readonly verdict: Verdict;
  readonly truth: string;
  /** Kernel function, document, or what was measured. */
  readonly source: string;
  /** Where on the line it stands: start and end. Undefined where the line does not say it. */
  readonly find: (line: ClaimLine) => readonly [number, number] | undefined;
}

type Find = Claim['find'];

/** By words of the line. */
export function words(pattern: RegExp): Find {
  return ({ text }) => spanOf(pattern.exec(text));
}

function spanOf(match: RegExpExecArray | null): [number, number] | undefined {
  return match === null ? undefined : [match.index, match.index + match[0].length];
}

/** By a setting of the line; where it makes none, by its key as a word of the line. */
export function setting(key: string, fits: (value: string, context: string) => boolean): Find {
  return ({ text, context, settings }) => {
    const found = settings.find((one) => one.key === key && one.value !== undefined && !one.onlyReads && fits(one.value.trim().replaceAll(/\s+/g, ' '), context));
    return found === undefined ? undefined : (spanOf(new RegExp(escaped(key).replaceAll('\\.', '[./]')).exec(text)) ?? [0, text.length]);
  };
}

/** By a key that the line names without setting it, and what is said around it. */
export function mention(key: string, fits: (context: string) => boolean = () => true): Find {
  // Keys run together with words before them in texts that lost their line ends.
  const pattern = new RegExp(`${escaped(key)}(?![\\w])`);
  const short = new RegExp(`(?<![\\w.])${escaped(key.slice(key.lastIndexOf('.') + 1))}(?![\\w=])`);
  return ({ text, context, settings }) => {
    if (settings.some((one) => one.key === key)) return undefined;
    const at = spanOf(pattern.exec(text) ?? short.exec(text));
    return at !== undefined && fits(`${text.slice(at[1])} ${context}`) ? at : undefined;
  };
}

/** By a program that the line runs. */
export function command(name: string, fits: (args: readonly string[], line: ClaimLine) => boolean): Find {
  return (line) => {
    const found = line.commands.find((one) => one.name === name && fits(one.args, line));
    return found === undefined ? undefined : (spanOf(new RegExp(`(?<![\\w./-])(?:[\\w./-]*/)?${escaped(name)}\\b`).exec(line.text)) ?? [0, line.text.length]);
  };
}

export function any(...finds: readonly Find[]): Find {
  return (line) => {
    for (const find of finds) {
      const at = find(line);
      if (at !== undefined) return at;
    }
    return undefined;
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
