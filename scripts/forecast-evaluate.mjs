// Runs the forecast of exhaustion and its rivals over the synthetic series and writes the tables into
// docs/concepts/forecast.md. `--tuning` runs the seeds that the rules were set on instead, and writes nothing: for work on
// the rules, so that the held-out seeds stay held out. Ends with 1 when the forecast misses one of its bars.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const suite = join(root, 'packages/fourtuple/src/plan/forecast/evaluation');
const page = join(root, 'docs/concepts/forecast.md');
const BEGIN = '<!-- written by npm run forecast:evaluate -->';
const END = '<!-- end -->';

async function load(name) {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-forecast-'));
  try {
    const bundle = await rolldown({ input: { [name]: join(suite, `${name}.ts`) }, platform: 'node', logLevel: 'warn' });
    await bundle.write({ dir: folder, format: 'cjs', entryFileNames: '[name].cjs' });
    await bundle.close();
    return createRequire(import.meta.url)(join(folder, `${name}.cjs`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writePage(text) {
  const before = readFileSync(page, 'utf8');
  const [start, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`${page} has no place for the tables: ${BEGIN} ... ${END}`);
  writeFileSync(page, `${before.slice(0, start + BEGIN.length)}\n\n${text}\n\n${before.slice(end)}`);
}

/** Processor time of an evaluation, over many tuples as an agent has them. @param used ports in use of 1,000 */
function cost(used) {
  const forecasters = Array.from({ length: 2000 }, () => new Forecaster(1000));
  const minutes = 2 * 1440 + 100;
  let [spent, count] = [0, 0];
  for (let minute = 0; minute < minutes; minute++) {
    for (const [index, forecaster] of forecasters.entries()) forecaster.add(60 * minute, used + ((minute * 31 + index * 17) % 43));
    if (minute < 2 * 1440 || minute % 5 !== 4) continue;
    const before = process.cpuUsage();
    for (const forecaster of forecasters) forecaster.evaluate(60 * minute);
    const { user, system } = process.cpuUsage(before);
    spent += user + system;
    count += forecasters.length;
  }
  return `${(spent / count).toFixed(1)} us`;
}

const { suiteFor, meetsBars, Forecaster } = await load('suite');
console.log(`cost of an evaluation: ${cost(300)} below half of the ports, ${cost(800)} above; ${new Forecaster(1000).bytes} bytes of samples a tuple`);
const isTuning = process.argv.includes('--tuning');
const { methods, score, report, describe } = suiteFor(isTuning ? 'tuning' : 'held-out');
const started = performance.now();
const scores = methods.map((method) => {
  const result = score(method);
  console.log(`${method.name}: ${result.falseAlarmsADay.toFixed(2)} false alarms a day, ${result.missed} of ${result.exhaustions} missed`);
  return result;
});
console.log(`${describe()} in ${Math.round((performance.now() - started) / 1000)} s`);
if (isTuning) console.log(`\n${report(scores)}`);
else writePage(`${describe()}\n\n${report(scores)}`);
const own = scores.slice(0, 2);
for (const missed of own.filter((result) => !meetsBars(result))) console.log(`${missed.method} misses a bar`);
process.exitCode = own.every(meetsBars) ? 0 : 1;
