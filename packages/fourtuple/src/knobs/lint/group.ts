import { PortSet, type PortRange } from '../../model/index.ts';
import { findKnob, knobs, type Knob } from '../catalogue/index.ts';
import { RANGE, rangeOf, RESERVED, writeOutcome, type WriteOutcome } from '../writes/index.ts';
import { lineStarts } from './formats/line-starts.ts';
import type { NamedPort, Reach, Statement } from './statement.ts';

/** A file that is linted. */
export interface LintFile {
  readonly path: string;
  readonly text: string;
  /** A link to another of the files: it is there by its name, and read there. */
  readonly linkTo?: string;
}

/** A setting, with what the kernel makes of it where it stands. */
export interface JudgedSetting extends Statement {
  readonly file: LintFile;
  readonly knob: Knob | undefined;
  /** False where the text only seems to write: `sysctl KEY = VALUE`. */
  readonly isWritten: boolean;
  readonly outcome: WriteOutcome;
  /** Its value has quotes or a comment in it, which is a finding already. */
  readonly hasMalformedValue: boolean;
}

/** A setting in its file. */
export type PlacedStatement = Statement & Pick<JudgedSetting, 'file' | 'hasMalformedValue'>;

/** A port that something listens on by what a file says. */
export interface PlacedPort extends NamedPort {
  readonly file: LintFile;
}

/** All settings that end in one place, in the order of writing, and what is there in the end. */
export interface SettingGroup {
  readonly reach: Reach;
  readonly settings: readonly JudgedSetting[];
  readonly ports: readonly PlacedPort[];
  /** Files about Kubernetes by their names or comments. */
  readonly isAboutKubernetes: boolean;
  /** What a key reads in the end; undefined where the group does not set it, or not by a value that is known. */
  readonly state: (key: string) => string | undefined;
  /** The last setting of a key that is written and not refused. */
  readonly lastOf: (key: string) => JudgedSetting | undefined;
  /** In effect in the end: the group's, else the default. Undefined where it comes from a variable. */
  readonly range: PortRange | undefined;
  /** Undefined where it comes from a variable. */
  readonly reserved: PortSet | undefined;
}

export const DEFAULT_RANGE: PortRange = { low: 32768, high: 60999 };

/** @param statements in the order of writing */
export function groupOf(statements: readonly PlacedStatement[], ports: readonly PlacedPort[]): SettingGroup {
  const state = new Map<string, string | undefined>();
  const last = new Map<string, JudgedSetting>();
  const settings = statements.map((statement): JudgedSetting => {
    const isWritten = statement.flaw !== 'blanks-around-equals';
    const outcome: WriteOutcome = isWritten && statement.value !== undefined ? writeOutcome(statement.key, statement.value, (key) => state.get(key)) : { kind: 'unknown' };
    const judged = { ...statement, isWritten, outcome, knob: knobs.has(statement.key) ? findKnob(statement.key) : undefined };
    if (isWritten && outcome.kind !== 'refused') {
      state.set(judged.key, outcome.kind === 'unknown' ? undefined : outcome.reads);
      last.set(judged.key, judged);
    }
    return judged;
  });
  const isUnknown = (key: string): boolean => last.has(key) && state.get(key) === undefined;
  return {
    reach: statements[0]?.reach ?? 'host',
    settings,
    ports,
    isAboutKubernetes: statements.some(({ file }) => speaksOfKubernetes(file)),
    state: (key) => state.get(key),
    lastOf: (key) => last.get(key),
    range: isUnknown(RANGE) ? undefined : (rangeOf(state.get(RANGE)) ?? DEFAULT_RANGE),
    reserved: isUnknown(RESERVED) ? undefined : PortSet.parseList(state.get(RESERVED) ?? ''),
  };
}

const kubernetes = new WeakMap<LintFile, boolean>();

function speaksOfKubernetes(file: LintFile): boolean {
  let answer = kubernetes.get(file);
  if (answer === undefined) kubernetes.set(file, (answer = /kube|k8s/i.test(file.path) || /^[ \t]*(?:#|;|\/\/).{0,500}?(?:kube|k8s)/im.test(file.text)));
  return answer;
}

const starts = new WeakMap<LintFile, readonly number[]>();

/** Where its lines start. */
export function startsOf(file: LintFile): readonly number[] {
  let known = starts.get(file);
  if (known === undefined) starts.set(file, (known = lineStarts(file.text)));
  return known;
}

/** Ports of a range that no reservation keeps. */
export function openPorts({ low, high }: PortRange, reserved: PortSet, ports: Iterable<number>): number[] {
  return [...ports].filter((port) => port >= low && port <= high && !reserved.has(port));
}
