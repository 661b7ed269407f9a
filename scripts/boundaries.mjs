// Checks the layers, and that the checker saw any module at all: a parser that it cannot load makes it see none.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'packages/fourtuple/src');
const run = spawnSync(process.execPath, [join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'packages/fourtuple/src'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
if (run.status !== 0 && run.stdout === '') {
  process.stderr.write(run.stderr);
  process.exit(1);
}
const { summary } = JSON.parse(run.stdout);
for (const violation of summary.violations) process.stdout.write(`${violation.rule.name}: ${violation.from} -> ${violation.to}\n`);

// dependency-cruiser knows modules, not calls: asynchronous file access through node:fs is looked for by its names.
const asynchronous = /(fs\.promises|promises\b.*from 'node:fs'|[^#]readFile\(|[^#]writeFile\(|[^#]readdir\(|[^#]readlink\(|\.async\()/;
let offences = 0;
for (const folder of ['kernel', 'observe']) {
  for (const name of readdirSync(join(source, folder), { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    readFileSync(join(source, folder, name), 'utf8')
      .split('\n')
      .forEach((line, index) => {
        if (!asynchronous.test(line)) return;
        process.stdout.write(`asynchronous file access: ${folder}/${name}:${index + 1}: ${line.trim()}\n`);
        offences++;
      });
  }
}
process.stdout.write(`boundaries: ${summary.totalCruised} modules, ${summary.violations.length + offences} violations\n`);
process.exitCode = summary.violations.length + offences > 0 || summary.totalCruised < 50 ? 1 : 0;
