import type { CommandBuilderArguments, CommandContext } from '@stricli/core';

/** A stream that a command prints to. */
export interface Output {
  write(text: string): void;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Everything a command may touch besides the kernel: replaced whole in tests. */
export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: Output;
    readonly stderr: Output;
    readonly env: Readonly<Record<string, string | undefined>>;
    exitCode?: number | string | null;
  };
  now(): Date;
  /** True when standard input is a terminal, so that nothing can be read from it but what somebody types. */
  isInputTerminal(): boolean;
  /** From here on SIGINT and SIGTERM end the next pause instead of the process: a series has something to finish. The second one ends the process. */
  heedSignals(): void;
  /** Resolves after the time, or at once when the user interrupts. @returns false when interrupted. */
  sleep(ms: number): Promise<boolean>;
}

/** Exit codes: check uses 0 to 3 as monitoring plugins do; the others 0 and 1. */
export const ExitCode = { done: 0, notDone: 1, warning: 1, critical: 2, unknown: 3, usage: 64, notPermitted: 77 } as const;

/** A command before Stricli has made one of it. */
export type CommandDefinition<Flags> = CommandBuilderArguments<{ [Name in keyof Flags]: Flags[Name] }, [], CliContext>;
