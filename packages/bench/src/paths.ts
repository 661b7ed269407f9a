import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This program's own file, which the fixture starts again as the inner stage. */
export const ownFile = fileURLToPath(import.meta.url);

/** The bundles lie in out/, the sources in src/: both are one level below the package. */
const packageRoot = resolve(dirname(ownFile), '..');

export const cSources = join(packageRoot, 'c');
export const binaries = join(packageRoot, 'out');
/** The inner stage of the jobs that use the library. */
export const inProcessFile = join(binaries, 'in-process.mjs');
export const defaultResults = join(packageRoot, 'results');
export const fleets = join(packageRoot, 'fleets');

export const fourtupleBin = resolve(
  process.env['FOURTUPLE_BIN'] ?? join(packageRoot, '..', 'fourtuple', 'bin', 'fourtuple.js'),
);

/** A module of the pool that was shipped with the command, so that FOURTUPLE_BIN chooses both. */
export function poolModule(name: 'index' | 'http' | 'undici'): string {
  return join(dirname(realpathSync(fourtupleBin)), '..', 'dist', 'pool', `${name}.js`);
}

const repositoryRoot = resolve(packageRoot, '..', '..');

/** Results are committed, so no path of the machine may get into them. */
export function withoutMachinePaths(text: string): string {
  return text.replaceAll(repositoryRoot, '.').replaceAll(dirname(fourtupleBin), '.').replaceAll(process.execPath, 'node');
}
