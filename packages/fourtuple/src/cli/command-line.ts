import { ExitCode } from './context.ts';

const globals: ReadonlySet<string> = new Set(['--help', '-h', '--version', '-v', '--helpAll', '--help-all', '-H']);

/** True for a command line that check answers: its name, or no command at all. */
export function isCheck([first]: readonly string[]): boolean {
  return first === undefined || first === 'check' || (first.startsWith('-') && !globals.has(first));
}

/** True for a command line whose exit code is an answer, so that a failure to answer must not look like one. */
export function isAnswering(inputs: readonly string[]): boolean {
  return isCheck(inputs) || inputs[0] === 'why' || inputs[0] === 'lint' || (inputs[0] === 'tune' && inputs[1] === 'verify');
}

/** The command line with the name of its command, which check may leave out. */
export function withCommand(inputs: readonly string[]): readonly string[] {
  return isCheck(inputs) && inputs[0] !== 'check' ? ['check', ...inputs] : inputs;
}

/** What kept check from a verdict must not look like a WARNING, what kept why from one not like a failing call. */
export function codeOfFailure(line: readonly string[], code: number): number {
  return isAnswering(line) && code === ExitCode.notDone ? ExitCode.unknown : code;
}
