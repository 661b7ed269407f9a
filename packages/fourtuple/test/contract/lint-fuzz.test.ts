import { describe, expect, it } from 'vitest';
import { judgeClaims } from '../../src/knobs/claims/index.ts';
import { applyFixes, lintFiles, lintRules, type LintFile, type LintFinding, type LintReport } from '../../src/knobs/lint/index.ts';
import { sift } from '../../src/knobs/lint/suppressions.ts';
import { damagedFile, lintCorpus } from '../support/lint-inputs.ts';
import { Random } from '../support/random.ts';

// Any text is linted to an end, quickly, and what is said of it stands in it.

const seed = Number(process.env['FOURTUPLE_SEED'] ?? 1);
const runs = Number(process.env['FOURTUPLE_FUZZ'] ?? 5000);
/** The slowest single input may take so much time of a processor: on a busy machine the clock tells nothing. */
const PATIENCE_MS = 2000;
/** `--fix` goes on so long, too. */
const MOST_ROUNDS = 10;

/** What is wrong with a report of texts; nothing mostly. */
function faultsOf({ findings, suppressed }: LintReport, files: readonly LintFile[]): string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  return [...findings, ...suppressed].flatMap(({ rule, file, span, fix, line, column, endLine, endColumn, message }) => {
    const length = texts.get(file)?.length ?? -1;
    const spans = [span, ...(fix?.edits ?? []).map((edit) => edit.span)];
    const faults = spans.filter(({ start, end }) => !(start >= 0 && start <= end && end <= length)).map(({ start, end }) => `${rule}: ${start} to ${end} of ${length}`);
    if (!(line >= 1 && column >= 1 && (endLine > line || (endLine === line && endColumn >= column)))) faults.push(`${rule}: at ${line}:${column} to ${endLine}:${endColumn}`);
    if (!lintRules.has(rule) || message === '' || /[^.]\.$/.test(message) || /undefined|NaN|\[object/.test(message)) faults.push(`${rule}: "${message}"`);
    return faults;
  });
}

function countOf(findings: readonly LintFinding[], rule: string): number {
  return findings.filter((finding) => finding.rule === rule).length;
}

/** What is wrong with the fixes of a text, and how many there were. */
function tryFixes(file: LintFile, prose: boolean): { faults: string[]; fixed: number } {
  const faults: string[] = [];
  let fixed = 0;
  let { text } = file;
  let { findings } = lintFiles([file], { prose });
  for (let round = 0; round <= MOST_ROUNDS; round++) {
    const done = applyFixes(text, findings);
    if (done.fixed.length === 0) {
      if (done.text !== text) faults.push('the text changed without a fix');
      return { faults, fixed };
    }
    fixed += done.fixed.length;
    const after = lintFiles([{ ...file, text: done.text }], { prose }).findings;
    for (const rule of new Set(done.fixed.map((finding) => finding.rule))) {
      const [before, mended, left] = [countOf(findings, rule), countOf(done.fixed, rule), countOf(after, rule)];
      if (left > before - mended) faults.push(`${rule}: ${before} found, ${mended} mended, ${left} left`);
    }
    ({ text } = done);
    findings = after;
  }
  return { faults: [...faults, 'fixes without an end'], fixed };
}

/** What is left when a line of the file dismisses every rule that found something. */
function leftBehind({ path, text }: LintFile, findings: readonly LintFinding[]): string[] {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  if (rules.length === 0) return [];
  return sift({ path, text: `${text}\n# fourtuple-ignore-file ${rules.join(', ')}: to see what is left` }, findings).findings.map(({ rule }) => `${rule} is not dismissed`);
}

function faultsOfClaims(file: LintFile): string[] {
  const lines = file.text.split('\n');
  return judgeClaims(file.text, file.path).filter(({ line, column, text }) => lines[line - 1]?.trim() !== text || !(column >= 1 && column <= lines[line - 1]!.length + 1)).map(({ claim, line, column }) => `${claim}: at ${line}:${column}`);
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe('fuzz: lint', () => {
  it('has many files of many formats to be made from', () => {
    expect(lintCorpus.length).toBeGreaterThan(150);
  });

  it(`${runs} damaged files, linted, mended, dismissed and read for claims`, { timeout: Math.max(60_000, runs * 20) }, () => {
    const random = new Random(seed);
    let slowest = 0;
    let slowestWhat = '';
    const counts = { findings: 0, suppressed: 0, fixed: 0, clean: 0, settings: 0, trees: 0 };
    const rules = new Set<string>();
    for (let count = 0; count < runs; count++) {
      const file = damagedFile(random);
      const files = random.chance(0.1) ? [file, ...Array.from({ length: 2 }, () => damagedFile(random))].filter(({ path }, index, all) => all.findIndex((one) => one.path === path) === index) : [file];
      const prose = random.chance(0.3);
      const timed = <T>(what: string, work: () => T): T => {
        const began = processorMs();
        try {
          return work();
        } catch (error) {
          throw new Error(`${what} of ${JSON.stringify(files).slice(0, 5000)}: ${String((error as Error).stack)}`, { cause: error });
        } finally {
          const took = processorMs() - began;
          if (took > slowest) [slowest, slowestWhat] = [took, `${what} of input ${count}, ${file.path}, ${file.text.length} characters`];
        }
      };
      const report = timed('lint', () => lintFiles(files, { prose }));
      const faults = faultsOf(report, files);
      const first = files.length === 1 ? report : timed('lint', () => lintFiles([file], { prose }));
      faults.push(...timed('dismissing', () => leftBehind(file, first.findings)), ...timed('claims', () => faultsOfClaims(file)));
      if (first.findings.some(({ fix }) => fix?.isSafe === true)) {
        const tried = timed('fixes', () => tryFixes(file, prose));
        faults.push(...tried.faults);
        counts.fixed += tried.fixed;
      }
      if (faults.length > 0) throw new Error(`input ${count} of seed ${seed}, ${JSON.stringify(files).slice(0, 5000)}:\n${faults.slice(0, 10).join('\n')}`);
      counts.findings += report.findings.length;
      counts.suppressed += report.suppressed.length;
      counts.settings += report.settings;
      if (report.findings.length === 0) counts.clean++;
      if (files.length > 1) counts.trees++;
      for (const { rule } of report.findings) rules.add(rule);
    }
    console.log(`fuzz: ${runs} texts to lint, seed ${seed}: ${JSON.stringify(counts)}, ${rules.size} of ${lintRules.size} rules; slowest ${slowest.toFixed(0)} ms (${slowestWhat})`);
    expect(slowest).toBeLessThan(PATIENCE_MS);
    // Texts in which nothing is found, or settings that are never read, would test nothing.
    expect(rules.size).toBeGreaterThan(lintRules.size - 3);
    expect(counts.findings).toBeGreaterThan(runs);
    expect(Math.min(counts.clean, counts.fixed, counts.suppressed)).toBeGreaterThan(runs / 100);
  });
});
