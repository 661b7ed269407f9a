import { features, kernelRelease, probeFeature, type FeatureReport } from '../../../kernel/index.ts';
import { renderTable, type Column } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import type { OutputFlags } from '../../flags.ts';
import { Printer } from '../../printer.ts';
import { version } from '../../version.ts';

const columns: readonly Column<FeatureReport>[] = [
  { id: 'available', title: '', help: 'Whether it works.', align: 'left', value: (row) => (row.available ? 'yes' : 'no'), style: (row) => (row.available ? 'ok' : 'warning') },
  { id: 'name', title: 'mechanism', help: 'Name.', align: 'left', value: (row) => row.name },
  { id: 'detail', title: 'result', help: 'What the probe returned, or why it failed.', align: 'left', value: (row) => row.detail, canShrink: true },
  { id: 'since', title: 'since', help: 'First Linux release that has it.', align: 'left', value: (row) => row.since, dropFirst: 2 },
  { id: 'needs', title: 'needs', help: 'Privilege or package.', align: 'left', value: (row) => row.needs, canShrink: true, dropFirst: 1 },
];

export function runDoctor(this: CliContext, flags: OutputFlags): void {
  const reports = features.map(probeFeature);
  const missing = reports.filter((report) => !report.available);
  this.process.exitCode = missing.length === 0 ? ExitCode.done : ExitCode.notDone;
  const printer = new Printer(this, flags);
  const user = process.geteuid?.() ?? -1;
  if (flags.json === true) {
    printer.json({ schema: 'fourtuple.doctor/1', version, kernel: kernelRelease(), node: process.versions.node, uid: user, mechanisms: reports });
    return;
  }
  printer.paragraph(`fourtuple ${version}, Linux ${kernelRelease()}, Node.js ${process.versions.node}, ${process.arch}, user id ${user}`);
  if (!printer.isQuiet) {
    printer.line();
    printer.lines(renderTable(columns, reports, { theme: printer.theme, width: printer.width }));
  }
  if (missing.length > 0) printer.line();
  for (const report of missing) printer.paragraph(`Without ${report.name}: ${report.without}.`, { hanging: '  ' });
  printer.flush();
}
