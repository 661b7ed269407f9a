import { buildApplication, buildRouteMap, proposeCompletions, run, text_en, version as versionFlag, type Application } from '@stricli/core';
import { checkCommand } from './commands/check/command.ts';
import { completionCommand } from './commands/completion/command.ts';
import { doctorCommand } from './commands/doctor/command.ts';
import { freeCommand } from './commands/free/command.ts';
import { lintCommand } from './commands/lint/command.ts';
import { planCommand } from './commands/plan/command.ts';
import { portsCommand } from './commands/ports/command.ts';
import { recordCommand } from './commands/record/command.ts';
import { simulateCommand } from './commands/simulate/command.ts';
import { socketsCommand } from './commands/sockets/command.ts';
import { spreadCommand, spreadRoutes } from './commands/spread/command.ts';
import { tuneCommand, tuneRoutes } from './commands/tune/command.ts';
import { watchCommand } from './commands/watch/command.ts';
import { whyCommand } from './commands/why/command.ts';
import { whoCommand } from './commands/who/command.ts';
import { ExitCode, type CliContext } from './context.ts';
import { explainError, UsageError } from './errors.ts';
import { helpIntegrations } from './help-flag.ts';
import { version } from './version.ts';

export const commands = {
  check: checkCommand,
  ports: portsCommand,
  sockets: socketsCommand,
  who: whoCommand,
  why: whyCommand,
  watch: watchCommand,
  free: freeCommand,
  spread: spreadCommand,
  plan: planCommand,
  tune: tuneCommand,
  lint: lintCommand,
  record: recordCommand,
  simulate: simulateCommand,
  doctor: doctorCommand,
  completion: completionCommand,
};

/** Every command, without its code: that is loaded when it runs. */
export function makeApplication(onFailure: () => void = () => undefined): Application<CliContext> {
  return buildApplication<CliContext>(
    buildRouteMap({
      routes: commands,
      docs: {
        brief: 'df for TCP ports, and explain for the errors when they run out',
        fullDescription: [
          'df for TCP ports, and explain for the errors when they run out.',
          '',
          'Without a command: check. All of these only read, but for free and tune, which change something with --yes alone, lint --fix, and spread, which changes where connections come from.',
        ].join('\n'),
      },
    }),
    {
      name: 'fourtuple',
      scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
      documentation: { caseStyle: 'convert-camel-to-kebab' },
      localization: {
        defaultLocale: 'en',
        loadText: () => ({
          ...text_en,
          exceptionWhileRunningCommand: (error) => explainError(error).text,
          exceptionWhileParsingArguments(error, color) {
            const cause = error instanceof Error && 'exception' in error ? error.exception : error;
            const text = cause instanceof UsageError ? cause.message : text_en.exceptionWhileParsingArguments.call(this, error, color);
            // Stricli suggests a flag by its name in the program.
            const suggestion = text.replaceAll(/(?<=did you mean .*--\w*)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
            return `${suggestion}\nfourtuple --help lists the commands; fourtuple COMMAND --help a command's flags.`;
          },
        }),
      },
      determineExitCode: (error) => {
        onFailure();
        return explainError(error).exitCode;
      },
    },
    { ...helpIntegrations, version: versionFlag({ brief: text_en.briefs.version, info: { currentVersion: version }, complete: true }) },
  );
}

const globals: ReadonlySet<string> = new Set(['--help', '-h', '--version', '-v', '--helpAll', '--help-all', '-H']);

/** True for a command line that check answers: its name, or no command at all. */
export function isCheck([first]: readonly string[]): boolean {
  return first === undefined || first === 'check' || (first.startsWith('-') && !globals.has(first));
}

/** True for a command line whose exit code is an answer, so that a failure to answer must not look like one. */
export function isAnswering(inputs: readonly string[]): boolean {
  return isCheck(inputs) || inputs[0] === 'why' || inputs[0] === 'lint' || (inputs[0] === 'tune' && inputs[1] === 'verify');
}

/** Runs one command line. @returns the exit code. */
export async function runCli(inputs: readonly string[], context: CliContext): Promise<number> {
  const first = inputs[0];
  if (first === '__complete') {
    const { complete } = await import('./commands/completion/complete.ts');
    return complete(inputs.slice(1), makeApplication(), proposeCompletions, context);
  }
  if (first !== undefined && (await isMistypedGlobal(first, context))) return ExitCode.usage;
  if ((first === 'tune' && (await isMistypedRoute('tune', inputs[1], tuneRoutes, context))) || (first === 'spread' && (await isMistypedRoute('spread', inputs[1], spreadRoutes, context)))) return ExitCode.usage;
  const line = isCheck(inputs) && first !== 'check' ? ['check', ...inputs] : inputs;
  let hasFailed = false;
  await run(makeApplication(() => (hasFailed = true)), line, context);
  const code = Number(context.process.exitCode ?? 0);
  // Stricli counts its own failures down from -1; -4 and -5 are bad arguments and unknown commands.
  if (code === -4 || code === -5) return ExitCode.usage;
  if (code < 0) return ExitCode.notDone;
  // What kept check from a verdict must not look like a WARNING, what kept why from one not like a failing call.
  return hasFailed && isAnswering(line) && code === ExitCode.notDone ? ExitCode.unknown : code;
}

/** `--hlep` would go to check, which knows neither --help nor --version as flags of its own. */
async function isMistypedGlobal(flag: string, context: CliContext): Promise<boolean> {
  if (!/^--[hv]\w+$/.test(flag) || /^--(help|helpAll|version|verbose)$/.test(flag)) return false;
  const { editDistance } = await import('../model/suggest.ts');
  const meant = ['--help', '--version'].find((known) => editDistance(flag, known) <= 2);
  if (meant === undefined) return false;
  context.process.stderr.write(`No flag registered for ${flag}, did you mean ${meant}?\n`);
  return true;
}

/** `tune aply x=1` would go to `tune propose`, and `spread statsu` to `spread run`, which would say only what they miss. */
async function isMistypedRoute(command: string, word: string | undefined, routes: readonly string[], context: CliContext): Promise<boolean> {
  if (word === undefined || word.startsWith('-') || routes.includes(word)) return false;
  const { nearest } = await import('../model/suggest.ts');
  context.process.stderr.write(`No command registered for \`${command} ${word}\`${nearest(word, routes)}: it is one of ${routes.join(', ')}\n`);
  return true;
}
