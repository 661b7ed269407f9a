import { abandonedCgroups, removeCgroup } from '../../../kernel/index.ts';
import { plural } from '../../../model/index.ts';
import { leftAddresses, removeAddresses } from '../../../spread/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { Printer } from '../../printer.ts';
import type { CleanFlags } from './command.ts';
import { spreadDocument } from './document.ts';
import { surroundingsOf, withJournal } from './surroundings.ts';

export async function runSpreadClean(this: CliContext, flags: CleanFlags): Promise<void> {
  const surroundings = surroundingsOf(this, flags);
  const addresses = leftAddresses(surroundings.journal);
  const cgroups = abandonedCgroups();
  const printer = new Printer(this, flags);
  let failures: string[] = [];
  if (flags.yes === true) {
    const failed = await withJournal(() => removeAddresses(addresses, surroundings));
    const kept = cgroups.filter((path) => !removeCgroup(path));
    failures = [...failed.map(({ address, reason }) => `${address.toString()} could not be removed (${reason})`), ...kept.map((path) => `${path} has processes again`)];
    if (failures.length > 0) this.process.exitCode = ExitCode.notDone;
  }
  if (flags.json === true) {
    printer.json(spreadDocument({ takenAt: this.now(), spreads: [], leftAddresses: flags.yes === true ? leftAddresses(surroundings.journal) : addresses, leftCgroups: flags.yes === true ? abandonedCgroups() : cgroups }));
    return;
  }
  const verb = flags.yes === true ? 'removed' : 'would be removed';
  for (const { address, device, pid } of addresses) printer.line(`${address.toString()} on ${device}, added by process ${pid}: ${verb}`);
  for (const path of cgroups) printer.line(`${path}: ${verb}`);
  for (const failure of failures) printer.paragraph(failure, { style: 'critical' });
  if (addresses.length + cgroups.length === 0) printer.line('Nothing is left of any spread.');
  else if (flags.yes !== true && !printer.isQuiet) printer.paragraph(`With --yes ${plural(addresses.length + cgroups.length, 'thing')} would be removed.`, { style: 'dim' });
  printer.flush();
}
