// Bundles the package: the library's subpaths as ES modules, the command line as CommonJS with one chunk a command.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, 'packages/fourtuple');
const final = join(home, 'dist');
// Made beside and swapped in whole: a command that starts meanwhile finds the old one.
const dist = join(home, `dist.new-${process.pid}`);

/** Newest modification below a folder, in milliseconds. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

export function isStale() {
  try {
    const built = statSync(join(final, 'built')).mtimeMs;
    return built < newest(join(home, 'src')) || built < statSync(join(home, 'package.json')).mtimeMs || built < statSync(fileURLToPath(import.meta.url)).mtimeMs;
  } catch {
    return true;
  }
}

/**
 * Stores V8's compiled code of what the main commands run (bin/code-cache.js). A few connections of our own make them
 * run what a host with connections makes them run.
 */
async function writeCodeCache() {
  // The clients leave by a reset, so that no TIME_WAIT stays behind.
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const client = connect(server.address().port, '127.0.0.1');
      await once(client, 'connect');
      return client;
    }),
  );
  for (const args of [['sockets', '--json'], ['ports', '--json'], ['ports', '--quick', '--json'], ['check', '--json'], ['check']]) {
    const loader = `require(${JSON.stringify(join(home, 'bin/code-cache.js'))}).load(${JSON.stringify(join(dist, 'cli'))}, 'main.cjs').main()`;
    spawnSync(process.execPath, ['-e', loader, '--', 'fourtuple', ...args], { stdio: 'ignore', env: { ...process.env, FOURTUPLE_WRITE_CODE_CACHE: '1' } });
  }
  for (const client of clients) client.resetAndDestroy();
  server.close();
}

/** Wraps a module as Node does when it loads one: bin/code-cache.js compiles the files as they are. */
function wrap(file) {
  writeFileSync(file, `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`, 'latin1');
}

/** What every count runs, in one file: on a small host opening a dozen would take longer than the count. */
const hot = /src[\\/](model|law|usage|kernel(?![\\/](bpf|features|tracefs|own-cgroup|local-address|pidfd|traits))|observe(?![\\/]connect-watch)|report|cli[\\/](printer|documents|gather|namespace-line|usage-columns|errors|flags|version)|diagnose[\\/](first-to-fail|texts))/;

/** @param withTypes also emit declarations, for users of the library: several seconds. */
export async function build({ withTypes = false } = {}) {
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const version = /version = '([^']+)'/.exec(readFileSync(join(home, 'src/cli/version.ts'), 'utf8'))?.[1];
  if (version !== manifest.version) throw new Error(`src/cli/version.ts says ${version}, package.json ${manifest.version}`);
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const external = ['koffi', /^node:/];
  const library = Object.fromEntries(['model', 'law', 'usage', 'plan', 'knobs', 'diagnose', 'report', 'filter', 'kernel', 'observe', 'tune'].map((name) => [name, join(home, `src/${name}/index.ts`)]));
  library.index = join(home, 'src/index.ts');
  const modules = await rolldown({ input: library, platform: 'node', external, logLevel: 'warn' });
  await modules.write({ dir: join(dist, 'lib'), format: 'esm', chunkFileNames: 'shared-[hash].js', entryFileNames: '[name].js' });
  await modules.close();
  // Apart, so that a program that wants the pool loads nothing of the rest.
  const pool = Object.fromEntries(Object.entries({ index: 'index', http: 'http/index', undici: 'http/undici', register: 'register' }).map(([name, path]) => [name, join(home, `src/pool/${path}.ts`)]));
  const prevention = await rolldown({ input: pool, platform: 'node', external, logLevel: 'warn' });
  await prevention.write({ dir: join(dist, 'pool'), format: 'esm', chunkFileNames: 'shared-[hash].js', entryFileNames: '[name].js' });
  await prevention.close();
  const cli = await rolldown({ input: { main: join(home, 'src/cli/main.ts'), 'fleet-worker': join(home, 'src/cli/commands/simulate/fleet-worker.ts') }, platform: 'node', external, logLevel: 'warn', transform: { target: 'node20' } });
  await cli.write({ dir: join(dist, 'cli'), format: 'cjs', minify: process.env.FOURTUPLE_READABLE !== "1", entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs', charset: 'ascii', codeSplitting: { groups: [{ name: 'core', test: hot }] } });
  await cli.close();
  for (const name of readdirSync(join(dist, 'cli'))) wrap(join(dist, 'cli', name));
  if (withTypes) {
    const { status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(home, 'tsconfig.build.json'), '--outDir', join(dist, 'types')], { stdio: 'inherit' });
    if (status !== 0) throw new Error('the declarations could not be made');
  }
  await writeCodeCache();
  writeFileSync(join(dist, 'built'), '');
  const old = join(home, `dist.old-${process.pid}`);
  rmSync(old, { recursive: true, force: true });
  if (existsSync(final)) renameSync(final, old);
  renameSync(dist, final);
  rmSync(old, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--if-stale') || isStale()) await build({ withTypes: true });
}
