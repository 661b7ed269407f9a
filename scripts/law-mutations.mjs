// Deliberate errors in the port law, one after the other: the oracle and the matrix must notice each of them. Every
// clause of the law has one at least. Writes docs/concepts/law-mutations.md, and ends with 1 when an error survives.
// Takes root, as the oracle does. `--only WORD` tries the errors whose sentence or clause contains WORD, and writes nothing.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutations, OPERATIONS } from './law-mutations-list.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, 'packages/fourtuple');
const page = join(root, 'docs/concepts/law-mutations.md');
const copied = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
const LIMIT_MS = 180_000;
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;

/** Runs the oracle and the matrix on a copy of the package, after a change. @returns what each of them says. */
function judge(change, operations) {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-mutation-'));
  try {
    const copy = join(folder, 'packages/fourtuple');
    mkdirSync(copy, { recursive: true });
    for (const name of copied) cpSync(join(home, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    change(join(copy, 'src/law'));
    const report = join(folder, 'report.json');
    const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, 'test/kernel/oracle.test.ts', 'test/kernel/law-matrix.test.ts'];
    const { stdout } = spawnSync(process.execPath, vitest, { cwd: copy, encoding: 'utf8', env: { ...process.env, FOURTUPLE_OPERATIONS: String(operations), NO_COLOR: '1' }, maxBuffer: 1 << 28, timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'ignore'] });
    if (!existsSync(report)) throw new Error(`the tests did not end:\n${stdout.slice(-2000)}`);
    const files = JSON.parse(readFileSync(report, 'utf8')).testResults;
    const fileOf = (name) => files.find((file) => file.name.endsWith(name));
    const skipped = files.flatMap((file) => file.assertionResults).filter(({ status }) => status !== 'passed' && status !== 'failed');
    if (skipped.length > 0) throw new Error(`skipped: ${skipped[0].fullName}`);
    const number = (pattern) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
    const tried = { oracle: number(/oracle: (\d+) operations over/), matrix: number(/law matrix: (\d+) cells/) };
    if (Number.isNaN(tried.oracle) || Number.isNaN(tried.matrix)) throw new Error(`the tests broke off:\n${stdout.slice(-2000)}`);
    return {
      tried,
      oracle: fileOf('oracle.test.ts').status === 'failed' ? number(/oracle: the first disagreement is at operation (\d+)/) : undefined,
      matrix: fileOf('law-matrix.test.ts').status === 'failed' ? number(/(\d+) cells? differ/) : undefined,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function apply({ file, find, replace }) {
  return (law) => {
    const path = join(law, file);
    const text = readFileSync(path, 'utf8');
    const found = text.split(find).length - 1;
    if (found !== 1) throw new Error(`${file} has this text ${found} times, not once: ${find}`);
    writeFileSync(path, text.replace(find, () => replace));
  };
}

function pageOf(rows, clean, seconds) {
  const line = ({ mutation, result }, index) => `| ${index + 1} | \`${mutation.clause}\` | ${mutation.says} | \`${mutation.file}\` | ${result.oracle === undefined ? `not in ${result.tried.oracle.toLocaleString('en')}` : result.oracle.toLocaleString('en')} | ${result.matrix ?? 'none'} |`;
  const caught = rows.filter(({ result }) => result.oracle !== undefined || result.matrix !== undefined).length;
  return `# Deliberate errors in the port law

A suite that always agrees proves nothing unless it can disagree. \`npm run test:mutations\` therefore puts
${rows.length} errors into copies of the [port law](port-law.md), one at a time and at least one for each clause, and lets the
kernel judge each copy: by the oracle (random populations, random operations; ${OPERATIONS.toLocaleString('en')} operations, more where the
list in \`scripts/law-mutations-list.mjs\` says so) and by the matrix (a fixed suite of ${clean.tried.matrix.toLocaleString('en')} cells). The law as it
is passed both in the same run. It writes this page from what it saw; which operation is the first to disagree varies a
little between runs, since the kernel chooses some ports at random.

The last run, on Linux ${release().split('-')[0]}: **${caught} of ${rows.length} errors noticed**, in ${seconds} seconds. "Oracle" is the number of the operation that
disagreed first, "matrix" how many cells disagreed.

| | clause | the error | file | oracle | matrix |
| --- | --- | --- | --- | --- | --- |
${rows.map(line).join('\n')}
`;
}

const declared = [...readFileSync(join(home, 'src/law/clause.ts'), 'utf8').matchAll(/^ {2}'([a-z0-9-]+)': \{ says/gm)].map((match) => match[1]);
const covered = new Set(mutations.map(({ clause }) => clause));
const bare = declared.filter((clause) => !covered.has(clause));
const unknown = [...covered].filter((clause) => !declared.includes(clause));
if (bare.length > 0 || unknown.length > 0) throw new Error(`no error for the clauses ${bare.join(', ') || '(none)'}; no such clauses: ${unknown.join(', ') || '(none)'}`);
if (process.getuid?.() !== 0) throw new Error('the oracle takes root: it makes network namespaces');

const started = Date.now();
const clean = judge(() => {}, OPERATIONS);
if (clean.oracle !== undefined || clean.matrix !== undefined) throw new Error('the law disagrees with the kernel as it is: run npm run test:oracle');
console.log(`the law as it is agrees: ${clean.tried.oracle} operations, ${clean.tried.matrix} cells`);
const rows = [];
for (const mutation of mutations.filter(({ says, clause }) => only === undefined || says.includes(only) || clause.includes(only))) {
  const result = judge(apply(mutation), mutation.operations ?? OPERATIONS);
  rows.push({ mutation, result });
  const by = [...(result.oracle === undefined ? [] : [`the oracle at operation ${result.oracle}`]), ...(result.matrix === undefined ? [] : [`${result.matrix} ${result.matrix === 1 ? 'cell' : 'cells'} of the matrix`])];
  console.log(`${by.length === 0 ? `SURVIVED ${result.tried.oracle} operations` : 'noticed'}: ${mutation.clause}: ${mutation.says}${by.length === 0 ? '' : `: by ${by.join(' and ')}`}`);
}
const survivors = rows.filter(({ result }) => result.oracle === undefined && result.matrix === undefined);
const seconds = Math.round((Date.now() - started) / 1000);
console.log(`${rows.length - survivors.length} of ${rows.length} errors noticed, ${survivors.length} survived, in ${seconds} seconds`);
if (only === undefined) writeFileSync(page, pageOf(rows, clean, seconds));
process.exitCode = survivors.length > 0 || rows.length === 0 ? 1 : 0;
