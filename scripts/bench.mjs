// Bundles the bench runner and runs it with the arguments given: npm run bench -- --help
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bundle = (entry) => join(root, 'packages/bench/out', `${entry}.mjs`);

// The bench measures what is shipped: built from the sources as they are.
function ensureBuilt() {
  if (process.env['FOURTUPLE_BIN'] !== undefined) return;
  const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-stale'], { stdio: ['ignore', 2, 2] });
  if (build.status !== 0) {
    process.stderr.write('bench: building fourtuple failed\n');
    process.exit(1);
  }
}

// Each by itself, since each finds its files by its own place. The library stays outside, beside its koffi.
async function bundleEntry(entry) {
  const build = await rolldown({ input: join(root, 'packages/bench/src', `${entry}.ts`), platform: 'node' });
  await build.write({ file: bundle(entry), format: 'esm' });
  await build.close();
}

const notPermitted = 77;

if (!['--help', '-h'].some((flag) => process.argv.includes(flag))) {
  if (process.getuid?.() !== 0) {
    process.stderr.write('bench: network namespaces and TCP_REPAIR need root\n');
    process.exit(notPermitted);
  }
  ensureBuilt();
}
await bundleEntry('main');
await bundleEntry('in-process');
await import(bundle('main'));
