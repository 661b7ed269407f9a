import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** A folder with the program as it is in src, named fourtuple, for the PATH of a shell. Not dist: it may be old, or in the making. */
export async function bundleProgram(): Promise<{ folder: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-program-'));
  const bundle = await rolldown({ input: { main: fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)) }, platform: 'node', external: ['koffi', /^node:/], logLevel: 'warn' });
  await bundle.write({ dir: folder, format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' });
  await bundle.close();
  const program = join(folder, 'fourtuple');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" -e 'require("${folder}/main.cjs").main()' fourtuple "$@"\n`);
  chmodSync(program, 0o755);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
