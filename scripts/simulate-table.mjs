// Plays the scenarios of packages/fourtuple/test/support/simulate-scenarios.ts and writes what came out, beside the formulas,
// into docs/concepts/simulation.md. --check only says whether they agree. About a minute.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs/concepts/simulation.md');
const [begin, end] = ['<!-- Table made by scripts/simulate-table.mjs -->', '<!-- End of the table -->'];

async function load() {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-scenarios-'));
  try {
    const bundle = await rolldown({ input: join(root, 'packages/fourtuple/test/support/simulate-scenarios.ts'), platform: 'node', logLevel: 'warn' });
    await bundle.write({ file: join(folder, 'scenarios.cjs'), format: 'cjs' });
    await bundle.close();
    return createRequire(import.meta.url)(join(folder, 'scenarios.cjs'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Three digits, without an exponent above a millionth. */
function text(value) {
  if (value === 0) return '0';
  return value < 1e-6 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

const { scenarios, agrees } = await load();
const rows = [];
const notes = [];
let disagreements = 0;
for (const [index, scenario] of scenarios.entries()) {
  const played = scenario.play(1);
  const deviation = (played.simulated / played.calculated - 1) * 100;
  const isGood = agrees(scenario, played);
  if (!isGood) disagreements++;
  const isNamed = scenario.why !== undefined && Math.abs(played.simulated - played.calculated) > 3 * played.standardError;
  if (isNamed && !notes.includes(scenario.why)) notes.push(scenario.why);
  const note = isNamed ? ` [${notes.indexOf(scenario.why) + 1}]` : '';
  rows.push(`| ${index + 1} | ${scenario.group} | ${scenario.name} | ${text(played.simulated)} ± ${text(played.standardError)} | ${text(played.calculated)} | ${scenario.formula} | ${deviation >= 0 ? '+' : ''}${deviation.toFixed(1)} %${note} |`);
  process.stdout.write(`${isGood ? 'ok' : 'DISAGREES'}: ${scenario.name}: ${text(played.simulated)} ± ${text(played.standardError)}, ${scenario.formula} ${text(played.calculated)} (${deviation.toFixed(1)} %)\n`);
}
const table = [
  `${scenarios.length} scenarios, the loss of each as it was simulated (± standard error) and calculated:`,
  '',
  '| | | scenario | simulated | calculated | formula | simulated over calculated |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...rows,
  '',
  ...notes.map((note, index) => `${index === 0 ? 'Deviations beyond three standard errors: ' : ''}[${index + 1}] ${note}`),
].join('\n');
if (!process.argv.includes('--check')) {
  const old = readFileSync(page, 'utf8');
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for the table`);
  writeFileSync(page, `${old.slice(0, from)}${begin}\n${table}\n${old.slice(to)}`);
}
process.stdout.write(`${scenarios.length} scenarios, ${disagreements} disagree\n`);
process.exitCode = disagreements > 0 ? 1 : 0;
