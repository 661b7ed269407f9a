// Writes the files that are made from the program: man page, completion scripts, reference. --check only compares.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));

async function generatedFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-docs-'));
  try {
    const bundle = await rolldown({ input: { generated: join(root, 'packages/fourtuple/src/cli/generated.ts') }, platform: 'node', external: ['koffi', /^node:/], logLevel: 'warn' });
    await bundle.write({ dir: folder, format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' });
    await bundle.close();
    return await createRequire(import.meta.url)(join(folder, 'generated.cjs')).generatedFiles();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function current(path) {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

const isCheck = process.argv.includes('--check');
const files = Object.entries(await generatedFiles());
const stale = files.filter(([path, text]) => current(path) !== text);
for (const [path, text] of stale) {
  if (!isCheck) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  process.stdout.write(`${isCheck ? 'stale' : 'written'}: ${path}\n`);
}
if (isCheck && stale.length > 0) process.stdout.write('Run "node scripts/docs.mjs".\n');
process.stdout.write(`docs: ${files.length} files, ${stale.length} ${isCheck ? 'stale' : 'written'}\n`);
process.exitCode = isCheck && stale.length > 0 ? 1 : 0;
