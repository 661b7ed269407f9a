// Bundles the package: the library's subpaths as ES modules, the command line as CommonJS with one chunk a command.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { runBundle } from './bundle-head.mjs';

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

/** What is run for its compiled code; a second run of a command adds what it needs to the first's. */
const runs = [
  ['check', '--json'],
  ['check'],
  ['ports', '--json'],
  ['ports', '--quick', '--json'],
  ['sockets', '--json'],
  ['who', '22'],
  ['why', 'bind', '127.0.0.1:22'],
  ['why', 'connect', '127.0.0.1:22'],
  ['--help'],
  ['--version'],
];

/**
 * Stores V8's compiled code of what the main commands run (scripts/bundle-head.mjs). A few connections of our own make them
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
  for (const args of runs) {
    const loader = `require(${JSON.stringify(join(home, 'bin/fourtuple.js'))}).load(${JSON.stringify(join(dist, 'cli'))}, 'main.cjs', process.argv.slice(2)).main(process.argv.slice(2))`;
    spawnSync(process.execPath, ['-e', loader, '--', 'fourtuple', ...args], { stdio: 'ignore', env: { ...process.env, FOURTUPLE_WRITE_CODE_CACHE: '1' } });
  }
  for (const client of clients) client.resetAndDestroy();
  server.close();
}

/** What the bundler writes for an export, minified: a getter each, which take half a millisecond for the core. */
const getter = /Object\.defineProperty\(exports,"([\w$]+)",\{enumerable:!0,get:function\(\)\{return ([\w$]+)\}\}\)[,;]?/g;

/** A module as the function that Node makes of it when it loads one; the bundle's head compiles the files as they are. */
const wrapped = (text) => `function (exports, require, module, __filename, __dirname) {${text}\n}`;

/** The same module with its exports written at once: all of them stand at its end, and no exported variable is assigned to again (import/no-mutable-exports). */
function withPlainExports(text) {
  const names = [...text.matchAll(getter)].map(([, name, local]) => `${name}:${local}`);
  return names.length === 0 ? text : `${text.replaceAll(getter, '')};module.exports={${names.join(',')}};`;
}

/**
 * Wraps all modules of the command line, and puts those that every count needs into one file: opening takes longer than
 * running.
 */
function pack(folder) {
  const hot = [];
  const isHot = (name) => name === 'main.cjs' || name.startsWith('core-') || name.startsWith('rolldown-runtime-');
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const text = readFileSync(file, 'latin1');
    if (isHot(name)) {
      hot.push(`${JSON.stringify(name)}: ${wrapped(withPlainExports(text))}`);
      rmSync(file);
    } else {
      writeFileSync(file, `(${wrapped(text)})`, 'latin1');
    }
  }
  writeFileSync(join(folder, 'hot.cjs'), `((start) => (${runBundle.toString()})({${hot.join(',\n')}}, start))`, 'latin1');
}

/** What every count loads, what check adds, what tables add, and what reads by BPF: each becomes one chunk. */
const groups = {
  core: ['src/cli/main.ts', 'src/cli/commands/ports/command.ts', 'src/cli/commands/check/command.ts', 'src/cli/commands/ports/run.ts'],
  text: ['src/cli/commands/ports/screen.ts'],
  check: ['src/cli/commands/check/run.ts', 'src/cli/commands/check/screen.ts'],
  bpf: ['src/kernel/bpf/readers.ts'],
};

/** The groups as the bundler takes them, the module of several to the first. Found by bundling once without a wish. */
async function findGroups(cliOptions) {
  const bundle = await rolldown(cliOptions);
  const { output } = await bundle.generate({ format: 'cjs' });
  await bundle.close();
  const taken = new Set();
  return Object.entries(groups).map(([name, paths]) => {
    const own = [...reachedBy(output, paths)].filter((id) => !taken.has(id));
    for (const id of own) taken.add(id);
    const modules = new Set(own);
    return { name, test: (id) => modules.has(id) };
  });
}

/** The modules that are loaded with the given ones, which are entries or imported dynamically. */
function reachedBy(output, paths) {
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  const reached = new Set();
  const follow = (name) => {
    const chunk = chunks.get(name);
    if (chunk === undefined || reached.has(chunk)) return;
    reached.add(chunk);
    chunk.imports.forEach(follow);
  };
  for (const path of paths) {
    const start = output.find(({ facadeModuleId }) => facadeModuleId === join(home, path));
    if (start === undefined) throw new Error(`no chunk begins with ${path}`);
    follow(start.fileName);
  }
  return new Set([...reached].flatMap(({ moduleIds }) => moduleIds));
}

/** @param withTypes also emit declarations, for users of the library: several seconds. */
export async function build({ withTypes = false } = {}) {
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const version = /version = '([^']+)'/.exec(readFileSync(join(home, 'src/cli/version.ts'), 'utf8'))?.[1];
  if (version !== manifest.version) throw new Error(`src/cli/version.ts says ${version}, package.json ${manifest.version}`);
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const external = ['koffi', /^node:/];
  const library = Object.fromEntries(['model', 'law', 'usage', 'plan', 'knobs', 'diagnose', 'report', 'filter', 'kernel', 'observe', 'tune'].map((name) => [name, join(home, `src/${name}/index.ts`)]));
  library.observe = join(home, 'src/observe/library.ts');
  library.index = join(home, 'src/index.ts');
  const modules = await rolldown({ input: library, platform: 'node', external, logLevel: 'warn' });
  await modules.write({ dir: join(dist, 'lib'), format: 'esm', chunkFileNames: 'shared-[hash].js', entryFileNames: '[name].js' });
  await modules.close();
  // Apart, so that a program that wants the pool loads nothing of the rest.
  const pool = Object.fromEntries(Object.entries({ index: 'index', http: 'http/index', undici: 'http/undici', register: 'register' }).map(([name, path]) => [name, join(home, `src/pool/${path}.ts`)]));
  const prevention = await rolldown({ input: pool, platform: 'node', external, logLevel: 'warn' });
  await prevention.write({ dir: join(dist, 'pool'), format: 'esm', chunkFileNames: 'shared-[hash].js', entryFileNames: '[name].js' });
  await prevention.close();
  const cliOptions = { input: { main: join(home, 'src/cli/main.ts'), 'fleet-worker': join(home, 'src/cli/commands/simulate/fleet-worker.ts') }, platform: 'node', external, logLevel: 'warn', transform: { target: 'node20' } };
  const chunkGroups = await findGroups(cliOptions);
  const cli = await rolldown(cliOptions);
  await cli.write({ dir: join(dist, 'cli'), format: 'cjs', minify: process.env.FOURTUPLE_READABLE !== "1", entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs', charset: 'ascii', codeSplitting: { groups: chunkGroups } });
  await cli.close();
  pack(join(dist, 'cli'));
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
