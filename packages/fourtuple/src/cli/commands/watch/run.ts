import { findNamespaces, hostName, kernelRelease } from '../../../kernel/index.ts';
import { grouped, plural } from '../../../model/index.ts';
import { watchConnects, type ConnectReport, type ConnectWatch } from '../../../observe/index.ts';
import { renderTable } from '../../../report/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { namespaceNamed } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import { bindColumns, churnColumns, failureColumns, type BindRow, type ChurnRow, type FailureRow } from './columns.ts';
import type { WatchFlags } from './command.ts';
import { watchDocument } from './document.ts';

const CLEAR = '\u001B[H\u001B[2J';

export async function runWatch(this: CliContext, flags: WatchFlags): Promise<void> {
  if (flags.json === true && flags.jsonl === true) throw new UsageError('--json and --jsonl exclude each other');
  if (flags.once === true && flags.for !== undefined) throw new UsageError('--once and --for exclude each other');
  if (flags.json === true && flags.once !== true && flags.for === undefined) throw new UsageError('--json is one document of a time that ends: give --once or --for SECONDS, or take --jsonl');
  const only = flags.namespace === undefined ? undefined : namespaceNamed(flags.namespace).inode;
  const watch = watchConnects({ isBpfAllowed: flags.mechanism !== 'tracefs', hasBinds: flags.binds === true });
  try {
    if (flags.mechanism === 'bpf' && watch.mechanism !== 'bpf') throw new UsageError(`BPF is refused here: ${watch.limits.join(' ')}`);
    this.heedSignals();
    await follow(this, flags, watch, only);
  } finally {
    watch.close();
  }
}

/** Picture after picture, until the time is over or the user has enough. */
async function follow(context: CliContext, flags: WatchFlags, watch: ConnectWatch, only: number | undefined): Promise<void> {
  const names = new NamespaceNames();
  const began = context.now().getTime();
  const forMs = flags.once === true ? flags.interval * 1000 : (flags.for ?? Number.POSITIVE_INFINITY) * 1000;
  for (let pictures = 0; ; pictures++) {
    const leftMs = forMs - (context.now().getTime() - began);
    // One document is of the whole time.
    const goesOn = await context.sleep(Math.max(0, flags.json === true ? leftMs : Math.min(leftMs, flags.interval * 1000)));
    const report = ofNamespace(watch.read(), only);
    const printer = new Printer(context, flags);
    if (pictures > 0 && !printer.canClear && flags.jsonl !== true) printer.line();
    print(printer, context, flags, watch, report, names);
    printer.flush();
    if (!goesOn || context.now().getTime() - began >= forMs) return;
  }
}

function ofNamespace(report: ConnectReport, only: number | undefined): ConnectReport {
  if (only === undefined) return report;
  return { ...report, failures: report.failures.filter(({ namespace }) => namespace === only), churn: report.churn?.filter(({ namespace }) => namespace === only), binds: report.binds?.filter(({ namespace }) => namespace === only) };
}

/** Names of network namespaces, looked up again when one is new. */
class NamespaceNames {
  #names = new Map<number, string>();

  of(inode: number | undefined): string {
    if (inode === undefined) return '?';
    if (!this.#names.has(inode)) {
      this.#names = new Map(findNamespaces().namespaces.map(({ inode, name }) => [inode, name]));
      if (!this.#names.has(inode)) this.#names.set(inode, String(inode));
    }
    return this.#names.get(inode)!;
  }
}

function print(printer: Printer, context: CliContext, flags: WatchFlags, watch: ConnectWatch, report: ConnectReport, names: NamespaceNames): void {
  if (flags.json === true || flags.jsonl === true) {
    printer.json(watchDocument({ report, watch, takenAt: context.now(), host: hostName(), kernel: kernelRelease(), nameOf: (inode) => names.of(inode) }), flags.jsonl === true);
    return;
  }
  const isLive = flags.once !== true && printer.canClear;
  if (isLive) printer.write(CLEAR);
  const seconds = Math.max(0.001, report.intervalMs / 1000);
  const failures = report.failures.slice(0, flags.top).map((one): FailureRow => ({ ...one, namespace: names.of(one.namespace), perSecond: one.recent / seconds }));
  const churn = (report.churn ?? []).slice(0, flags.top).map((one): ChurnRow => ({ ...one, namespace: names.of(one.namespace), seconds }));
  const binds = (report.binds ?? []).slice(0, flags.top).map((one): BindRow => ({ ...one, namespace: names.of(one.namespace), perSecond: one.recent / seconds }));
  const isOne = new Set([...failures, ...churn, ...binds].map(({ namespace }) => namespace)).size <= 1;
  const { theme, width } = printer;
  if (failures.length > 0) printer.lines(renderTable(isOne ? failureColumns.slice(1) : failureColumns, failures, { theme, width }));
  else printer.paragraph('No connect() found no port.');
  if (binds.length > 0) {
    printer.line();
    printer.lines(renderTable(isOne ? bindColumns.slice(1) : bindColumns, binds, { theme, width }));
  } else if (report.binds !== undefined) {
    printer.paragraph('No bind() failed.');
  }
  if (churn.length > 0) {
    printer.line();
    printer.lines(renderTable(isOne ? churnColumns.slice(1) : churnColumns, churn, { theme, width }));
  }
  if (printer.isQuiet) return;
  printer.line();
  const total = report.failures.reduce((sum, one) => sum + one.total, 0);
  const hidden = report.failures.length - failures.length + (report.churn?.length ?? 0) - churn.length + (report.binds?.length ?? 0) - binds.length;
  printer.paragraph(`${plural(total, 'connect')} without a port in ${(report.elapsedMs / 1000).toFixed(1)} s, counted by ${watch.mechanism === 'bpf' ? 'BPF in the kernel' : "the tracepoint's text"}${report.lost === 0 ? '' : `; ${grouped(report.lost)} more could not be told apart`}${hidden === 0 ? '' : `; ${plural(hidden, 'row')} not shown (--top)`}`, { hanging: '  ', style: 'dim' });
  for (const limit of watch.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}
