import { abandonedCgroups } from '../../../kernel/index.ts';
import { plural } from '../../../model/index.ts';
import { leftAddresses, readSpreads, type SpreadStatus } from '../../../spread/index.ts';
import type { CliContext } from '../../context.ts';
import { Printer } from '../../printer.ts';
import type { StatusFlags } from './command.ts';
import { spreadDocument } from './document.ts';
import { printCounts } from './screen.ts';
import { surroundingsOf } from './surroundings.ts';

export function runSpreadStatus(this: CliContext, flags: StatusFlags): void {
  const spreads = readSpreads();
  const left = { addresses: leftAddresses(surroundingsOf(this, flags).journal), cgroups: abandonedCgroups() };
  const printer = new Printer(this, flags);
  if (flags.json === true) {
    printer.json(spreadDocument({ takenAt: this.now(), spreads, leftAddresses: left.addresses, leftCgroups: left.cgroups }));
    return;
  }
  if (spreads.length === 0) printer.paragraph('Nothing is spread on this host.');
  spreads.forEach((one, index) => {
    if (index > 0) printer.line();
    printer.paragraph(titleOf(one, this.now()), { hanging: '  ' });
    printer.line();
    printCounts(printer, one, flags.top);
  });
  const count = left.addresses.length + left.cgroups.length;
  if (count > 0) {
    printer.line();
    printer.paragraph(`Spreads that ended left ${plural(left.addresses.length, 'address', 'addresses')} and ${plural(left.cgroups.length, 'empty cgroup')}: "fourtuple spread clean" shows and removes them.`, { hanging: '  ', style: 'warning' });
  }
  printer.flush();
}

function titleOf({ pid, command, cgroup, startedAtMs }: SpreadStatus, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - startedAtMs) / 1000));
  const by = command === undefined ? `begun by process ${pid}, which is gone` : `by ${command}/${pid}`;
  return `${cgroup ?? 'a cgroup that is gone'}: for ${seconds.toLocaleString('en')} s, ${by}`;
}
