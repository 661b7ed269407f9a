import { makeApplication } from '../../src/cli/app.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { referenceOf, type CommandReference } from '../../src/cli/reference.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process, into strings: a pipe, no colour, a clock that stands. */
export async function runInProcess(...inputs: readonly string[]): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const context: CliContext = {
    process: { stdout: { write: (text) => void (stdout += text) }, stderr: { write: (text) => void (stderr += text) }, env: {} },
    now: () => new Date('2026-01-31T03:00:00Z'),
    isInputTerminal: () => true,
    heedSignals: () => undefined,
    sleep: async () => false,
  };
  const exitCode = await runCli(inputs, context);
  return { exitCode, stdout, stderr };
}

export const commandReferences: readonly CommandReference[] = referenceOf(await makeApplication()).commands;
