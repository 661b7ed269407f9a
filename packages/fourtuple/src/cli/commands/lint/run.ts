import { applyFixes, judgeClaims, lintFiles, lintLive, lintRules, type JudgedClaim, type LintFile, type LintFinding, type LintReport } from '../../../knobs/index.ts';
import { nearest } from '../../../model/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { Printer } from '../../printer.ts';
import { writeInPlace } from '../../whole-file.ts';
import type { LintFlags } from './command.ts';
import { lintDocument, ruleDocuments } from './document.ts';
import { hostFiles, readFiles, type ReadFile } from './files.ts';
import { githubLines, sarifDocument } from './formats.ts';
import { liveState } from './live.ts';
import { showClaims, showLint, showRules } from './screen.ts';

/** What was found, whatever it was found in. */
export interface Linted {
  readonly report: LintReport;
  readonly files: readonly LintFile[];
  /** Of texts for people: each claim with its verdict; undefined without --markdown. */
  readonly claims: readonly JudgedClaim[] | undefined;
  readonly fixed: readonly LintFinding[];
  /** A sentence for each file that could not be read or mended. */
  readonly unread: readonly string[];
}

export function runLint(this: CliContext, flags: LintFlags, ...names: string[]): void {
  const format = flags.json === true ? 'json' : flags.format;
  const printer = new Printer(this, flags);
  if (flags.json === true && flags.format !== 'text' && flags.format !== 'json') throw new UsageError(`--json and --format ${flags.format} exclude each other`);
  requireRules(flags.ignore ?? []);
  if (flags.rules === true) {
    if (names.length > 0) throw new UsageError('--rules lists what there is to be found: it takes no files');
    if (format === 'json') printer.json({ schema: 'fourtuple.lint-rules/1', rules: ruleDocuments() });
    else showRules(printer);
    printer.flush();
    this.process.exitCode = ExitCode.done;
    return;
  }
  const linted = without(flags.ignore ?? [], flags.live === true ? lintHost(flags, names) : lintNamed(this, flags, names));
  this.process.exitCode = exitCode(linted, flags.failOn);
  if (format === 'json') printer.json(lintDocument(linted));
  else if (format === 'sarif') printer.json(sarifDocument(linted) as Record<string, unknown>);
  else if (format === 'github') printer.lines(githubLines(linted));
  else {
    if (linted.claims !== undefined) showClaims(printer, linted.claims);
    showLint(printer, linted);
  }
  printer.flush();
  // The document has them under "limits".
  if (format !== 'json') for (const sentence of linted.unread) this.process.stderr.write(`${sentence}\n`);
}

function lintNamed(context: CliContext, flags: LintFlags, names: readonly string[]): Linted {
  if (flags.namespace !== undefined) throw new UsageError('--namespace needs --live: files are of no namespace');
  if (names.length === 0 && flags.markdown === true) throw new UsageError('say which text: --markdown FILE, or - for standard input');
  if (names.includes('-') && context.isInputTerminal()) throw new UsageError('nothing comes from standard input: pipe a text into it, or name a file');
  if (flags.stdinName !== undefined && !names.includes('-')) throw new UsageError('--stdin-name names what comes from standard input: give - as a file');
  if (names.includes('-') && flags.fix === true) throw new UsageError('--fix writes into files: standard input is none');
  const { files, unread: sentences } = names.length === 0 ? hostFiles() : readFiles(names, flags.stdinName ?? (flags.markdown === true ? 'stdin.md' : 'stdin.conf'));
  const unread = sentences.map((sentence) => `could not be read: ${sentence}`);
  if (names.length > 0 && files.length === 0 && unread.length === 0) throw new UsageError(`${names.join(', ')} has no file that could set a sysctl`);
  const lint = (texts: readonly LintFile[]): LintReport => lintFiles(texts, { prose: flags.markdown === true });
  const judge = (texts: readonly LintFile[]): readonly JudgedClaim[] | undefined => (flags.markdown === true ? texts.flatMap(({ path, text }) => judgeClaims(text, path)) : undefined);
  if (flags.fix !== true) return { report: lint(files), files, claims: judge(files), fixed: [], unread };
  const mended = mend(files, lint, new Set(flags.ignore));
  const failed = new Map(mended.files.flatMap((file, index) => (file.text === files[index]!.text ? [] : tryToWrite(file))));
  const now = mended.files.map((file, index) => (failed.has(file.path) ? files[index]! : file));
  return { report: lint(now), files: now, claims: judge(now), fixed: mended.fixed.filter(({ file }) => !failed.has(file)), unread: [...unread, ...failed.values()] };
}

/** @returns what to say of a file that cannot be written: it is as it was */
function tryToWrite({ path, text, encoding }: ReadFile): [string, string][] {
  try {
    writeInPlace(path, text, encoding);
    return [];
  } catch (error) {
    return [[path, `could not be mended: ${path}: ${(error as Error).message}`]];
  }
}

/** A fix may bring another one to light, but not for ever. */
const MOST_ROUNDS = 10;

function mend(files: readonly ReadFile[], lint: (files: readonly LintFile[]) => LintReport, ignored: ReadonlySet<string>): { files: ReadFile[]; fixed: LintFinding[] } {
  let now = [...files];
  const fixed: LintFinding[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { findings } = lint(now);
    const done = now.map((file) => ({ file, ...applyFixes(file.text, findings.filter((finding) => finding.file === file.path && !ignored.has(finding.rule))) }));
    fixed.push(...done.flatMap((one) => one.fixed));
    if (done.every((one) => one.fixed.length === 0)) break;
    now = done.map(({ file, text }) => ({ ...file, text }));
  }
  return { files: now, fixed };
}

/** What the kernel has in a namespace, with what listens there. */
function lintHost(flags: LintFlags, names: readonly string[]): Linted {
  if (names.length > 0) throw new UsageError('--live judges the kernel: it takes no files');
  if (flags.fix === true) throw new UsageError('--fix writes into files: "fourtuple tune" changes the kernel');
  if (flags.markdown === true) throw new UsageError('--live and --markdown exclude each other');
  const { settings, listening, limits } = liveState(flags.namespace);
  return { report: lintLive(settings, listening), files: [], claims: undefined, fixed: [], unread: limits };
}

function requireRules(names: readonly string[]): void {
  for (const name of names) if (!lintRules.has(name)) throw new UsageError(`there is no rule "${name}"${nearest(name, [...lintRules.keys()])}; "fourtuple lint --rules" lists them`);
}

function without(ignored: readonly string[], linted: Linted): Linted {
  return { ...linted, report: { ...linted.report, findings: linted.report.findings.filter(({ rule }) => !ignored.includes(rule)) } };
}

function exitCode({ report, unread }: Linted, failOn: LintFlags['failOn']): number {
  if (unread.length > 0) return ExitCode.unknown;
  if (failOn === 'never') return ExitCode.done;
  if (report.findings.some(({ severity }) => severity === 'error')) return ExitCode.critical;
  return failOn === 'warning' && report.findings.some(({ severity }) => severity === 'warning') ? ExitCode.warning : ExitCode.done;
}

