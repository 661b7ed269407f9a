/** The part of a flag's description that plain command lines need. */
export interface PlainFlag {
  readonly kind: string;
  readonly parse?: unknown;
  readonly values?: readonly string[];
  readonly default?: unknown;
  readonly optional?: boolean;
}

type Parse = (text: string) => unknown;

/**
 * The flags of a plain command line: whole names, each once, a value as a word of its own, nothing to complain about.
 * @returns undefined for any other line, which Stricli shall take: it knows aliases, negations, `--flag=value`, and what to say.
 */
export function parsePlainFlags(flags: Readonly<Record<string, PlainFlag>>, words: readonly string[]): Record<string, unknown> | undefined {
  const found: Record<string, unknown> = {};
  try {
    for (let at = 0; at < words.length; at++) {
      const name = nameOf(words[at]!);
      const flag = name !== undefined && Object.hasOwn(flags, name) && !(name in found) ? flags[name] : undefined;
      if (name === undefined || flag === undefined) return undefined;
      if (flag.kind === 'boolean') {
        found[name] = true;
        continue;
      }
      const text = words[++at];
      if (text === undefined || text === '' || text.startsWith('-') || !takes(flag, text)) return undefined;
      found[name] = valueOf(flag, text);
    }
    for (const [name, flag] of Object.entries(flags)) {
      if (name in found) continue;
      if (flag.default !== undefined) found[name] = typeof flag.default === 'string' ? valueOf(flag, flag.default) : flag.default;
      else if (flag.optional !== true) return undefined;
    }
  } catch {
    return undefined;
  }
  return found;
}

/** `--all-namespaces` to `allNamespaces`. */
function nameOf(word: string): string | undefined {
  if (!word.startsWith('--') || word !== word.toLowerCase()) return undefined;
  const [first, ...others] = word.slice(2).split('-');
  return others.includes('') ? undefined : others.reduce((name, part) => name + part[0]!.toUpperCase() + part.slice(1), first!);
}

function takes(flag: PlainFlag, text: string): boolean {
  return flag.kind === 'enum' ? flag.values?.includes(text) === true : flag.kind === 'parsed' && typeof flag.parse === 'function';
}

function valueOf(flag: PlainFlag, text: string): unknown {
  return flag.kind === 'parsed' ? (flag.parse as Parse)(text) : text;
}
