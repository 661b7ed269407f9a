import { TuneError, TuneJournal, verify, type Verdict } from '../../../tune/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { namespaceNamed } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import type { VerifyFlags } from './apply-flags.ts';

const exitCodes = { ok: ExitCode.done, warning: ExitCode.warning, critical: ExitCode.critical, unknown: ExitCode.unknown } as const;
const styles = { ok: 'ok', warning: 'warning', critical: 'critical', unknown: 'unknown' } as const;

export function runTuneVerify(this: CliContext, flags: VerifyFlags): void {
  const namespace = namespaceNamed(flags.namespace);
  const verdict = verdictOf(() => verify(new TuneJournal(flags.journal), namespace), namespace);
  this.process.exitCode = exitCodes[verdict.status];
  const printer = new Printer(this, flags);
  if (flags.json === true) printer.json(documentOf(verdict));
  else show(printer, verdict);
  printer.flush();
}

/** Whatever keeps it from a verdict must not look like a WARNING. */
function verdictOf(work: () => Verdict, { inode, name }: { readonly inode: number; readonly name: string }): Verdict {
  try {
    return work();
  } catch (error) {
    const summary = error instanceof TuneError ? `${error.message} ${error.remedy}` : error instanceof Error ? error.message : String(error);
    return { status: 'unknown', summary, deviations: [], transactions: [], inode, name };
  }
}

function show(printer: Printer, { status, summary, deviations }: Verdict): void {
  printer.paragraph(`${status.toUpperCase()}  ${summary}`, { hanging: '  ', style: styles[status] });
  if (printer.isQuiet) return;
  for (const { severity, text, transaction } of deviations) printer.paragraph(`${severity}: ${text} (transaction ${transaction})`, { hanging: '  ', style: severity });
}

function documentOf({ status, summary, deviations, transactions, inode, name }: Verdict): Record<string, unknown> {
  return { schema: 'fourtuple.tune-verify/1', status, summary, namespace: { inode, name }, transactions, deviations };
}
