import { sysctlPath } from '../files/key.ts';
import { inReadingOrder } from '../files/precedence.ts';
import { sysctlProblemText, type SysctlProblem } from '../files/problem.ts';
import { extract, formatOf } from './formats/detect.ts';
import { lineStarts, placeOf } from './formats/line-starts.ts';
import { extractSysctlFile, sysctlFileProblems } from './formats/sysctl-file.ts';
import { groupOf, type LintFile, type PlacedPort, type PlacedStatement } from './group.ts';
import type { LintFinding, RawFinding, SuppressedFinding } from './finding.ts';
import { groupRules } from './rules/index.ts';
import { exclusionWithoutEffect, malformedLine, neverRead, notReadBySystemd } from './rules/texts.ts';
import type { Extracted } from './statement.ts';
import { sift } from './suppressions.ts';

export interface LintOptions {
  /** Judge what stands in Markdown outside of code too. */
  readonly prose?: boolean;
}

export interface LintReport {
  /** By file in the order of the inputs, then by place. */
  readonly findings: readonly LintFinding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Settings that were judged, in how many files. */
  readonly settings: number;
  readonly files: number;
}

interface Read {
  readonly file: LintFile;
  readonly extracted: Extracted;
  readonly problems: readonly RawFinding[];
  /** Starts of the values that a problem of the text is about. */
  readonly malformed: ReadonlySet<number>;
}

/** A place of a host's settings, found by the names of files: what `sysctl --system` would read if it stood at the root. */
interface Tree {
  readonly files: { readonly path: string; readonly file: LintFile }[];
}

/**
 * Judges settings in files. Files of sysctl.d folders below one root are judged together, in the order in which sysctl
 * reads them. Any text is taken; nothing is read but what is given.
 */
export function lintFiles(files: readonly LintFile[], options: LintOptions = {}): LintReport {
  const raw: RawFinding[] = [];
  const groups = new Map<string, { statements: PlacedStatement[]; ports: PlacedPort[] }>();
  const groupNamed = (name: string): { statements: PlacedStatement[]; ports: PlacedPort[] } => {
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = { statements: [], ports: [] }));
    return group;
  };
  const take = ({ file, extracted, problems, malformed }: Read, name: (group: string) => string): void => {
    for (const problem of problems) raw.push(problem);
    for (const statement of extracted.statements) groupNamed(name(statement.group)).statements.push({ ...statement, file, hasMalformedValue: statement.valueSpan !== undefined && malformed.has(statement.valueSpan.start) });
    for (const port of extracted.ports) groupNamed(name(port.group)).ports.push({ ...port, file });
  };
  const { trees, others } = sortOut(files);
  for (const [root, { files: members }] of trees) {
    const { read, unread } = inReadingOrder(members);
    for (const { file } of read) if (file.linkTo === undefined) take(readSysctl(file), () => `tree\0${root}`);
    for (const { file, why, by } of unread.map((one) => ({ file: one.file.file, why: one.why, by: one.by }))) {
      if (why === 'elsewhere' || file.linkTo !== undefined || extractSysctlFile(file.text, file.path).statements.length === 0) continue;
      raw.push({ rule: neverRead.id, severity: neverRead.severity, file: file.path, span: { start: 0, end: 0 }, message: why === 'hidden' ? `this file is never read: ${by ?? 'another one'} has the same name and comes first` : 'this file is never read: its name does not end in .conf' });
    }
    const last = members.find(({ path }) => path === '/etc/sysctl.conf')?.file;
    const first = last === undefined ? undefined : extractSysctlFile(last.text, last.path).statements[0];
    if (first !== undefined && !members.some(({ path }) => path === '/etc/sysctl.d/99-sysctl.conf')) {
      raw.push({ rule: notReadBySystemd.id, severity: notReadBySystemd.severity, file: last!.path, span: first.keySpan, message: 'systemd-sysctl does not read /etc/sysctl.conf: without a link /etc/sysctl.d/99-sysctl.conf these settings are not there after a boot with systemd' });
    }
  }
  for (const file of others) if (file.linkTo === undefined) take(readFile(file, options), (group) => `${file.path}\0${group}`);
  let settings = 0;
  for (const { statements, ports } of groups.values()) {
    settings += statements.length;
    if (statements.length === 0) continue;
    const group = groupOf(statements, ports);
    for (const rule of groupRules) for (const finding of rule.judge(group)) raw.push(finding);
  }
  return { ...placed(files, raw), settings, files: files.length };
}

/** Which files belong to trees of sysctl.d folders, by their roots. */
function sortOut(files: readonly LintFile[]): { trees: Map<string, Tree>; others: LintFile[] } {
  const trees = new Map<string, Tree>();
  const others: LintFile[] = [];
  for (const file of files) {
    const whole = /^(|.*\/)((?:etc|run|usr\/local\/lib|usr\/lib|lib)\/sysctl\.d\/[^/]+|etc\/sysctl\.conf)$/.exec(file.path);
    const folder = whole === null ? /^(|.*\/)sysctl\.d\/([^/]+)$/.exec(file.path) : null;
    if (whole === null && folder === null) {
      others.push(file);
      continue;
    }
    const root = whole === null ? `${folder![1]!}\0sysctl.d` : whole[1]!;
    let tree = trees.get(root);
    if (tree === undefined) trees.set(root, (tree = { files: [] }));
    tree.files.push({ path: whole === null ? `/etc/sysctl.d/${folder![2]!}` : `/${whole[2]!}`, file });
  }
  return { trees, others };
}

function readFile(file: LintFile, options: LintOptions): Read {
  const format = formatOf(file.path, file.text);
  // A text for people has no name that says so.
  const isProse = options.prose === true && (format === 'other' || (format === 'sysctl' && file.path.endsWith('.txt')));
  if (format === 'sysctl' && !isProse) return readSysctl(file);
  const extracted = extract(isProse ? `${file.path}.md` : file.path, file.text, options);
  return { file, extracted, problems: extracted.problems.map(({ span, text }) => ({ rule: malformedLine.id, severity: malformedLine.severity, file: file.path, span, message: text })), malformed: new Set() };
}

/** Not said twice: the kernel's refusal of such a value is a finding of its own, or there is nothing wrong with it for this host. */
const LEFT_OUT: ReadonlySet<SysctlProblem> = new Set<SysctlProblem>(['too-short', 'repeated-separator', 'longer-than-a-page']);

function readSysctl(file: LintFile): Read {
  const extracted = extractSysctlFile(file.text, file.path);
  const settings = new Map(extracted.statements.flatMap((statement) => (statement.valueSpan === undefined ? [] : [[statement.valueSpan.start, statement] as const])));
  const malformed = new Set<number>();
  const problems: RawFinding[] = [];
  for (const { problem, span } of sysctlFileProblems(file.text, file.path)) {
    // No key has a name that begins with a dot: ../x is no way out, but no way to a key either.
    const isNowhere = problem === 'repeated-separator' && /(?:^|\/)\.[^/]/.test(sysctlPath(file.text.slice(span.start, span.end)));
    if (LEFT_OUT.has(problem) && !isNowhere) continue;
    const isOfValue = problem === 'comment-in-value' || problem === 'quoted-value';
    const setting = isOfValue ? settings.get(span.start) : undefined;
    // A list of ports with semicolons is no comment.
    if (problem === 'comment-in-value' && /^[\d\s;,-]+$/.test(file.text.slice(span.start, span.end))) continue;
    if (isOfValue && setting === undefined) continue;
    const judged = setting === undefined ? undefined : groupOf([{ ...setting, file, hasMalformedValue: false }], []).settings[0];
    const isTaken = judged !== undefined && judged.outcome.kind !== 'refused';
    // Of other keys it is not known: some take any text.
    if (isOfValue && judged?.knob === undefined) continue;
    if (isOfValue) malformed.add(span.start);
    const rule = problem === 'pattern-of-exclusion' ? exclusionWithoutEffect : malformedLine;
    const severity = isTaken && problem === 'comment-in-value' ? 'warning' : rule.severity;
    problems.push({ rule: rule.id, severity, file: file.path, span, message: isNowhere ? 'no key has such a name: nothing is set' : sysctlProblemText(problem) });
  }
  return { file, extracted, problems, malformed };
}

/** Sorted, each once, with lines and columns, without what comments dismiss. */
export function placed(files: readonly LintFile[], raw: readonly RawFinding[]): Pick<LintReport, 'findings' | 'suppressed'> {
  const byFile = new Map<string, RawFinding[]>(files.map(({ path }) => [path, []]));
  for (const finding of raw) byFile.get(finding.file)?.push(finding);
  const findings: LintFinding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const file of files) {
    const found = byFile.get(file.path) ?? [];
    byFile.delete(file.path);
    const starts = lineStarts(file.text);
    const withPlace = (finding: RawFinding): LintFinding => {
      const start = placeOf(starts, finding.span.start);
      const end = placeOf(starts, finding.span.end);
      return { ...finding, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
    };
    const sifted = sift(file, eachOnce(found).map(withPlace));
    // One by one: of a long file there are more than a call can have arguments.
    for (const finding of [...sifted.findings, ...sifted.ofComments.map(withPlace)].sort(byPlace)) findings.push(finding);
    for (const finding of sifted.suppressed.sort(byPlace)) suppressed.push(finding);
  }
  return { findings, suppressed };
}

function byPlace(one: LintFinding, other: LintFinding): number {
  return one.line - other.line || one.column - other.column || (one.rule < other.rule ? -1 : one.rule > other.rule ? 1 : 0);
}

/** A text may be read in two ways, as a here-document by two commands. */
function eachOnce(findings: readonly RawFinding[]): RawFinding[] {
  return [...new Map(findings.map((finding) => [`${finding.rule} ${finding.span.start} ${finding.span.end} ${finding.message}`, finding])).values()];
}
