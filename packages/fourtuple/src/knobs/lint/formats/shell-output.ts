import { CookedBuilder, joinedTexts, type CookedText } from './cooked-text.ts';
import { decodedEscape } from './escapes.ts';
import type { ShellCommand } from './shell-commands.ts';
import { behindOptionsOf, invocationOf, type Invocation } from './shell-invocation.ts';
import type { ShellWord } from './shell-words.ts';

/** What printf may print before it is no text that somebody wrote. */
const LONGEST_OUTPUT = 100_000;

const DEEPEST_PIPE = 8;

/** What a command writes to its standard output, without a newline at the end; undefined if only a run would tell. */
export function outputOf(command: ShellCommand, invocation: Invocation | undefined, depth = 0): CookedText | undefined {
  switch (invocation?.name) {
    case 'echo':
      return echoed(invocation.args);
    case 'printf':
      return printed(invocation.args);
    case 'cat':
      return invocation.args.every(({ text }) => text.text === '-') ? inputOf(command, depth) : undefined;
    case 'tee':
      return inputOf(command, depth);
    default:
      return undefined;
  }
}

/** What a command reads from its standard input. */
export function inputOf({ redirections, source }: ShellCommand, depth = 0): CookedText | undefined {
  const last = redirections.findLast(({ operator, descriptor }) => operator.startsWith('<') && (descriptor === '' || descriptor === '0'));
  if (last !== undefined) return last.operator === '<<<' ? last.target?.text : last.body;
  return source === undefined || depth >= DEEPEST_PIPE ? undefined : outputOf(source, invocationOf(source.words), depth + 1);
}

function echoed(args: readonly ShellWord[]): CookedText {
  let first = 0;
  let isEscaping = false;
  for (; /^-[neE]+$/.test(args[first]?.text.text ?? ''); first++) {
    const flags = args[first]!.text.text;
    isEscaping = flags.lastIndexOf('e') > flags.lastIndexOf('E') || (isEscaping && !flags.includes('E'));
  }
  const words = args.slice(first).map(({ text }) => text);
  const joined = joinedTexts(words);
  return isEscaping ? decoded(joined) : joined;
}

/** `printf FORMAT [ARGUMENT…]` with `%s`, `%d`, `%i` and `%b`; the format is used again while arguments are left. */
function printed(args: readonly ShellWord[]): CookedText | undefined {
  const first = behindOptionsOf(args, 0, []);
  const format = args[first]?.text;
  if (format === undefined) return undefined;
  const values = args.slice(first + 1).map(({ text }) => text);
  const builder = new CookedBuilder(format.span().start);
  let next = 0;
  do {
    const before = next;
    for (let at = 0; at < format.text.length; ) {
      if (builder.length > LONGEST_OUTPUT) return undefined;
      if (format.text[at] === '%') {
        const conversion = format.text[at + 1] ?? '';
        if (!'sdib%'.includes(conversion) || conversion === '') return undefined;
        if (conversion === '%') add(builder, '%', format, at, at + 2);
        else {
          const value = values[next++];
          if (value !== undefined) builder.append(conversion === 'b' ? decoded(value) : value);
        }
        at += 2;
      } else {
        const escape = decodedEscape(format.text, at);
        add(builder, escape.text, format, at, at + escape.length);
        at += escape.length;
      }
    }
    if (next === before) break;
  } while (next < values.length);
  return withoutLastNewline(builder.done());
}

function add(builder: CookedBuilder, text: string, source: CookedText, from: number, to: number): void {
  const { start, end } = source.span(from, to);
  builder.add(text, start, end);
}

function decoded(text: CookedText): CookedText {
  const builder = new CookedBuilder(text.span(0, 0).start);
  for (let at = 0; at < text.text.length; ) {
    const escape = decodedEscape(text.text, at);
    add(builder, escape.text, text, at, at + escape.length);
    at += escape.length;
  }
  return builder.done();
}

function withoutLastNewline(text: CookedText): CookedText {
  return text.text.endsWith('\n') ? text.slice(0, text.text.length - 1) : text;
}
