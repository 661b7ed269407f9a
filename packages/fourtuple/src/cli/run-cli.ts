import { codeOfFailure, withCommand } from './command-line.ts';
import type { CliContext } from './context.ts';
import { explainError } from './errors.ts';
import { parsePlainFlags, type PlainFlag } from './plain-flags.ts';

interface Definition {
  readonly loader?: () => Promise<unknown>;
  readonly parameters: { readonly flags?: object };
}

type Command = (this: CliContext, flags: Readonly<Record<string, unknown>>) => void | Promise<void>;

/** Commands that shall start at once: run every minute, on every host. */
const hot: Readonly<Record<string, () => Promise<Definition>>> = {
  check: async () => (await import('./commands/check/command.ts')).checkDefinition,
  ports: async () => (await import('./commands/ports/command.ts')).portsDefinition,
};

/** Runs one command line. @returns the exit code. */
export async function runCli(inputs: readonly string[], context: CliContext): Promise<number> {
  return (await runPlain(inputs, context)) ?? (await import('./app.ts')).runAny(inputs, context);
}

/**
 * Runs a plain line of a hot command without Stricli, whose loading takes some 4 ms of a small host's 15.
 * @returns the exit code, or undefined for any other line
 */
async function runPlain(inputs: readonly string[], context: CliContext): Promise<number | undefined> {
  const line = withCommand(inputs);
  const load = Object.hasOwn(hot, line[0]!) ? hot[line[0]!] : undefined;
  if (load === undefined || 'STRICLI_NO_COLOR' in context.process.env) return undefined;
  let flags: Record<string, unknown> | undefined;
  let command: Command;
  try {
    const definition = await load();
    flags = parsePlainFlags((definition.parameters.flags ?? {}) as Readonly<Record<string, PlainFlag>>, line.slice(1));
    if (flags === undefined || definition.loader === undefined) return undefined;
    command = (await definition.loader()) as Command;
  } catch {
    // Stricli says what cannot be loaded.
    return undefined;
  }
  try {
    await command.call(context, flags);
  } catch (error) {
    const { text, exitCode } = explainError(error);
    context.process.stderr.write(hasColor(context) ? `\u001B[1m\u001B[31m${text}\u001B[39m\u001B[22m\n` : `${text}\n`);
    context.process.exitCode ??= exitCode;
    return codeOfFailure(line, Number(context.process.exitCode));
  }
  return Number(context.process.exitCode ?? 0);
}

/** As Stricli decides it for the messages of all other lines. */
function hasColor({ process: { stderr, env } }: CliContext): boolean {
  const { getColorDepth } = stderr as { getColorDepth?: (env: object) => number };
  return (getColorDepth?.call(stderr, env) ?? 1) >= 4;
}
