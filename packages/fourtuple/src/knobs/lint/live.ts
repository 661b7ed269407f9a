import { groupOf, type LintFile } from './group.ts';
import { placed, type LintReport } from './lint.ts';
import { groupRules } from './rules/index.ts';

/** A setting as a kernel has it now. */
export interface LiveSetting {
  readonly key: string;
  /** Without its newline. */
  readonly value: string;
}

/** Said of files: that a value is the default, or stands twice. */
const NOT_LIVE: ReadonlySet<string> = new Set(['value-is-default', 'overridden', 'reserved-replaced']);

/** Judges what a network namespace has now. @param listening ports that something listens on there */
export function lintLive(settings: readonly LiveSetting[], listening: readonly number[]): LintReport {
  const files = settings.map(({ key, value }): LintFile => ({ path: `/proc/sys/${key.replaceAll('.', '/')}`, text: value }));
  const statements = settings.map(({ key, value }, index) => {
    const span = { start: 0, end: value.length };
    return { group: 'live', reach: 'host' as const, sharesHostNetwork: false, means: 'field' as const, key, keySpan: { start: 0, end: 0 }, value, valueSpan: span, span, comment: '', file: files[index]!, hasMalformedValue: false };
  });
  const place = files.find(({ path }) => path.endsWith('/ip_local_port_range'));
  const ports = place === undefined ? [] : listening.map((port) => ({ group: 'live', port, span: { start: 0, end: port }, file: place }));
  const group = groupOf(statements, ports);
  const raw = groupRules.filter(({ id }) => !NOT_LIVE.has(id)).flatMap((rule) => [...rule.judge(group)]);
  // Spans of ports only tell them apart.
  return { ...placed(files, raw.map((finding) => ({ ...finding, span: { start: 0, end: Math.min(finding.span.end, files.find(({ path }) => path === finding.file)?.text.length ?? 0) } }))), settings: settings.length, files: files.length };
}
