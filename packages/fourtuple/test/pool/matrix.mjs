// Tests the pool on other Nodes: node matrix.mjs [--quick] [--case PART] [NODE...]. As root, on Linux.
// A NODE is `own` (the one that runs this), the major version of one in matrix/package.json, or the path of an executable; by
// default all of them. --case compares only the cases whose name has that part. One line a Node, and one for each thing that
// came out otherwise. --install only installs, and says why it cannot.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';

const home = fileURLToPath(new URL('matrix', import.meta.url));
const modules = join(home, 'node_modules');
/** What is installed, as the lock had it then. */
const installed = join(modules, 'lock.json');

const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean', default: false }, case: { type: 'string', default: '' }, install: { type: 'boolean', default: false } }, allowPositionals: true });

const environment = { ...process.env, NODE_PATH: modules };
// Some machines set it, and every start of Node 20 then reads all certificates.
delete environment.NODE_EXTRA_CA_CERTS;

/** Major versions of the Nodes in matrix/package.json. */
const majors = [...new Set(Object.keys(JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).optionalDependencies).map((name) => name.split('-')[1]))].sort();

function executable(node) {
  if (node === 'own') return process.execPath;
  return majors.includes(node) ? join(modules, `node-${node}-${process.arch}/bin/node`) : node;
}

/** @returns why it is not possible, or undefined */
function install() {
  const lock = readFileSync(join(home, 'package-lock.json'), 'utf8');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return undefined;
  // undici 8 is for newer Nodes than the one that may run this; no package here needs a script. Without a network it ends soon.
  const { status, error, stderr } = spawnSync('npm', ['ci', '--prefix', home, '--ignore-scripts', '--engine-strict=false', '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=2000', '--loglevel=error'], { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) return error?.message ?? stderr.trim().split('\n', 1)[0];
  // They are optional, so that npm passes by those of other processors; it passes by those that it cannot get, too.
  const missing = majors.filter((major) => !existsSync(executable(major)));
  if (missing.length > 0) return `npm did not bring Node ${missing.join(', ')} for ${process.arch}`;
  writeFileSync(installed, lock);
  return undefined;
}

async function bundle(folder) {
  const input = { check: 'matrix-check.ts', plain: 'matrix/plain-clients.ts', register: '../../src/pool/register.ts' };
  const made = await rolldown({ input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, fileURLToPath(new URL(path, import.meta.url))])), platform: 'node', external: [/^node:/, 'koffi'] });
  await made.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: 'shared-[hash].mjs' });
  await made.close();
  // Where koffi and the undicis of the workspace are found from the bundle.
  const koffi = createRequire(import.meta.url).resolve('koffi');
  symlinkSync(koffi.slice(0, koffi.lastIndexOf('/koffi/')), join(folder, 'node_modules'));
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

function check(node, folder) {
  const begin = performance.now();
  const task = { isQuick: values.quick, part: values.case, register: join(folder, 'register.mjs'), plain: join(folder, 'plain.mjs') };
  const { status, error, stdout, stderr } = spawnSync(executable(node), ['--no-warnings', join(folder, 'check.mjs'), JSON.stringify(task)], { encoding: 'utf8', timeout: 1_800_000, maxBuffer: 2 ** 28, env: environment });
  if (!stdout?.startsWith('{')) {
    say(`${node}: failed: ${error?.message ?? `exit status ${status}: ${stderr}`}`);
    return false;
  }
  const report = JSON.parse(stdout);
  const parts = { clients: 'connections of clients', preload: 'connections under the preload', behaviour: 'comparisons equal' };
  const text = Object.entries(parts).map(([part, what]) => `${report[part].good} of ${report[part].all} ${what}`);
  const bad = Object.keys(parts).flatMap((part) => report[part].bad);
  say(`Node ${report.node.slice(1)}: ${text.join(', ')}, in ${Math.round((performance.now() - begin) / 1000)} s${bad.length === 0 ? '' : `: ${bad.length} came out otherwise`}`);
  for (const one of bad) say(`  ${JSON.stringify(one)}`);
  return bad.length === 0;
}

const nodes = positionals.length === 0 ? ['own', ...majors] : positionals;
const obstacle = install();
if (obstacle !== undefined) {
  process.stderr.write(`the Nodes of the matrix cannot be installed: ${obstacle}\n`);
  process.exitCode = 1;
} else if (!values.install) {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-matrix-'));
  try {
    await bundle(folder);
    for (const node of nodes) if (!check(node, folder)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
