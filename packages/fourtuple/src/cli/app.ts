import { buildApplication, buildCommand, buildRouteMap, proposeCompletions, run, text_en, version as versionFlag, type Application, type Command, type RouteMap } from '@stricli/core';
import { codeOfFailure, withCommand } from './command-line.ts';
import { ExitCode, type CliContext } from './context.ts';
import { explainError, UsageError } from './errors.ts';
import { helpIntegrations } from './help-flag.ts';
import { version } from './version.ts';

type Target = Command<CliContext> | RouteMap<CliContext>;

/** Where each command is described: a run reads the description of its own alone. */
const commands: Readonly<Record<string, () => Promise<Target>>> = {
  check: async () => buildCommand((await import('./commands/check/command.ts')).checkDefinition),
  ports: async () => buildCommand((await import('./commands/ports/command.ts')).portsDefinition),
  sockets: async () => (await import('./commands/sockets/command.ts')).socketsCommand,
  who: async () => (await import('./commands/who/command.ts')).whoCommand,
  why: async () => (await import('./commands/why/command.ts')).whyCommand,
  watch: async () => (await import('./commands/watch/command.ts')).watchCommand,
  free: async () => (await import('./commands/free/command.ts')).freeCommand,
  spread: async () => (await import('./commands/spread/command.ts')).spreadCommand,
  plan: async () => (await import('./commands/plan/command.ts')).planCommand,
  tune: async () => (await import('./commands/tune/command.ts')).tuneCommand,
  lint: async () => (await import('./commands/lint/command.ts')).lintCommand,
  record: async () => (await import('./commands/record/command.ts')).recordCommand,
  simulate: async () => (await import('./commands/simulate/command.ts')).simulateCommand,
  doctor: async () => (await import('./commands/doctor/command.ts')).doctorCommand,
  completion: async () => (await import('./commands/completion/command.ts')).completionCommand,
};

/**
 * The command line, without the code of its commands: that is loaded when one runs.
 * @param only one command, where it is known which is meant; all of them otherwise
 */
export async function makeApplication(only?: string, onFailure: () => void = () => undefined): Promise<Application<CliContext>> {
  const routes: Record<string, Target> = {};
  for (const [name, load] of Object.entries(commands)) if (only === undefined || only === name) routes[name] = await load();
  return buildApplication<CliContext>(
    buildRouteMap({
      routes,
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

/** Runs one command line, whatever it is. @returns the exit code. */
export async function runAny(inputs: readonly string[], context: CliContext): Promise<number> {
  const first = inputs[0];
  if (first === '__complete') {
    const { complete } = await import('./commands/completion/complete.ts');
    return complete(inputs.slice(1), await makeApplication(), proposeCompletions, context);
  }
  if (first !== undefined && (await isMistypedGlobal(first, context))) return ExitCode.usage;
  if (first === 'tune' && (await isMistypedRoute('tune', inputs[1], (await import('./commands/tune/command.ts')).tuneRoutes, context))) return ExitCode.usage;
  if (first === 'spread' && (await isMistypedRoute('spread', inputs[1], (await import('./commands/spread/command.ts')).spreadRoutes, context))) return ExitCode.usage;
  const line = withCommand(inputs);
  const name = line[0];
  // The version is asked of no command: any will do.
  const known = name === '--version' || name === '-v' ? 'check' : name !== undefined && Object.hasOwn(commands, name) ? name : undefined;
  let hasFailed = false;
  await run(await makeApplication(known, () => (hasFailed = true)), line, context);
  const code = Number(context.process.exitCode ?? 0);
  // Stricli counts its own failures down from -1; -4 and -5 are bad arguments and unknown commands.
  if (code === -4 || code === -5) return ExitCode.usage;
  if (code < 0) return ExitCode.notDone;
  return hasFailed ? codeOfFailure(line, code) : code;
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
