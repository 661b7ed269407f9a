import { addressesFor, lossOver, policies, portsInUse, type SourcePolicy } from '../../../plan/index.ts';
import { plural } from '../../../model/index.ts';
import { renderTable, type Column } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { Printer } from '../../printer.ts';
import type { SourcesFlags } from './command.ts';
import { computed, demandOf, supplyOf } from './request.ts';
import { figure, shareText } from './numbers.ts';

interface Row {
  readonly policy: SourcePolicy;
  readonly how: string;
  readonly needed: number;
  readonly loss: number;
}

const hows: Readonly<Record<SourcePolicy, string>> = {
  'least-used': 'the one with fewest connections',
  retry: 'any, and another one after EADDRNOTAVAIL',
  'two-choices': 'the emptier of two at random',
  'round-robin': 'one after the other',
  random: 'at random',
  hash: 'by a hash of many keys that weigh alike',
};

export function runPlanSources(this: CliContext, flags: SourcesFlags): void {
  const host = supplyOf({ ...flags, policy: 'least-used' });
  const offered = portsInUse(demandOf(flags, 'service'), host) / flags.destinations;
  const z = 1 + (flags.peakedness - 1) / flags.destinations;
  const rows = computed(() => policies.map((policy): Row => ({ policy, how: hows[policy], needed: host.usablePorts === 0 ? Number.POSITIVE_INFINITY : addressesFor(policy, host.usablePorts, offered, flags.loss, z), loss: lossOver(policy, flags.sources, host.usablePorts, offered, z) }))).toSorted((left, right) => left.needed - right.needed || left.loss - right.loss);
  const printer = new Printer(this, flags);
  this.process.exitCode = rows[0]!.needed <= flags.sources ? ExitCode.done : ExitCode.notDone;
  if (flags.json === true) {
    printer.json({ schema: 'fourtuple.plan/1', kind: 'sources', lossAllowed: flags.loss, portsPerAddress: host.usablePorts, sources: flags.sources, offered, policies: rows.map(({ policy, needed, loss }) => ({ policy, needed: Number.isFinite(needed) ? needed : null, loss })) });
    return;
  }
  const best = rows[0]!;
  if (!Number.isFinite(best.needed)) {
    printer.paragraph('No number of source addresses is enough: none of them has a usable port.', { style: 'critical' });
    return printer.flush();
  }
  printer.paragraph(`${plural(best.needed, 'source address', 'source addresses')} of ${figure(host.usablePorts)} ports: ${figure(offered)} are in use for one destination on average, and at most ${shareText(flags.loss)} may fail.`, { style: best.needed <= flags.sources ? 'ok' : 'critical' });
  if (!printer.isQuiet) {
    printer.lines(renderTable(columnsFor(flags.sources), rows, printer));
    printer.paragraph('Hashing by few or uneven keys needs more: the fullest address decides. A second address is used only by programs that bind it, with IP_BIND_ADDRESS_NO_PORT.', { style: 'dim' });
  }
  printer.flush();
}

function columnsFor(sources: number): readonly Column<Row>[] {
  return [
    { id: 'policy', title: 'choice', help: 'Name of the policy.', align: 'left', value: ({ policy }) => policy },
    { id: 'how', title: 'how', help: 'What it does.', align: 'left', value: ({ how }) => how, canShrink: true, dropFirst: 1 },
    { id: 'needed', title: 'needs', help: 'Addresses that it needs.', align: 'right', value: ({ needed }) => needed, text: ({ needed }) => figure(needed) },
    { id: 'loss', title: `fails with ${sources}`, help: 'Share that fails with the addresses that there are.', align: 'right', value: ({ loss }) => loss, text: ({ loss }) => shareText(loss) },
  ];
}
