import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { endingOf, type Ending } from './run.ts';
import type { SignalRelay } from './signal-relay.ts';

const MARK = 'FOURTUPLE_SPREAD_SCOPE';

/**
 * On a host that systemd runs, cgroups are its own: others may make some only inside of one that it delegates. There the
 * whole command line runs once more, in a transient scope (systemd-run --scope, Delegate=yes).
 * @returns how it ended; undefined where it is to go on here
 */
export async function inDelegatedScope(env: Readonly<Record<string, string | undefined>>, signals: SignalRelay, runtime = '/run/systemd/system'): Promise<Ending | undefined> {
  if (env[MARK] === '1' || !existsSync(runtime)) return undefined;
  const systemdRun = find('systemd-run', env['PATH'] ?? '');
  if (systemdRun === undefined) return undefined;
  const isRoot = process.geteuid?.() === 0;
  const args = [...(isRoot ? [] : ['--user']), '--scope', '--quiet', '--collect', '--property=Delegate=yes', '--description=fourtuple spread', '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return endingOf(spawn(systemdRun, args, { stdio: 'inherit', env: { ...env, [MARK]: '1' } }), systemdRun, signals);
}

function find(program: string, path: string): string | undefined {
  return path.split(':').map((folder) => join(folder, program)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
