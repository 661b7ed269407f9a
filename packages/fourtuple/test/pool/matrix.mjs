// Runs the comparisons of the connector with net.connect() on other Nodes: node matrix.mjs NODE... [--case PART]
// As root, on Linux; each NODE is the path of an executable. Nothing is asserted that takes a test runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const given = process.argv.slice(2);
const option = given.indexOf('--case');
const part = option < 0 ? [] : given.splice(option, 2).slice(1);
const nodes = given.length === 0 ? [process.execPath] : given;
const folder = mkdtempSync(join(tmpdir(), 'fourtuple-matrix-'));
try {
  const bundle = await rolldown({ input: fileURLToPath(new URL('matrix-check.ts', import.meta.url)), platform: 'node', external: [/^node:/, 'koffi'] });
  const file = join(folder, 'check.mjs');
  await bundle.write({ file, format: 'esm' });
  // Where koffi is found from the bundle.
  const koffi = createRequire(import.meta.url).resolve('koffi');
  symlinkSync(koffi.slice(0, koffi.lastIndexOf('/koffi/')), join(folder, 'node_modules'));
  for (const node of nodes) {
    const { status, stdout, stderr } = spawnSync(node, [file, ...part], { encoding: 'utf8', timeout: 600_000 });
    process.stdout.write(stdout === '' ? `${node}: exit status ${status}\n${stderr}` : stdout);
    if (status !== 0 || !stdout.includes('"unequal":[]')) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
