import { constraintsOf, defaultSupply, mappingHold, natProfiles, profileNamed, type Constraint, type NatProfile, type ServiceDemand } from '../../../plan/index.ts';
import { plural } from '../../../model/index.ts';
import { renderTable, type Column } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { Printer } from '../../printer.ts';
import type { NatPlanFlags } from './command.ts';
import { constraintDocument, finite } from './document.ts';
import { computed, demandOf } from './request.ts';
import { figure, shareText, timeText } from './numbers.ts';

interface Row {
  readonly profile: NatProfile;
  readonly addresses: number;
  /** Its limits with so many addresses, the tightest first. */
  readonly constraints: readonly Constraint[];
  readonly ratio: number;
  /** Rate of one host up to which it holds. */
  readonly safeRate: number;
  readonly holdSeconds: number;
}

export function runPlanNat(this: CliContext, flags: NatPlanFlags, name?: string): void {
  const profiles = name === undefined ? [...natProfiles.values()] : [profileNamed(name)];
  const rows = computed(() => profiles.map((profile) => rowOf(profile, { ...flags, isAsked: name !== undefined })));
  const printer = new Printer(this, flags);
  // Of all profiles some never hold: only a profile that was asked for gives a verdict.
  this.process.exitCode = name !== undefined && rows[0]!.ratio > 1 ? ExitCode.notDone : ExitCode.done;
  if (flags.json === true) {
    printer.json({ schema: 'fourtuple.plan/1', kind: 'nat', lossAllowed: flags.loss, profiles: rows.map(documentOf) });
    return;
  }
  if (printer.isQuiet) printer.lines(rows.map((row) => `${row.profile.name} ${row.ratio <= 1 ? 'holds' : 'too much'}`));
  else {
    printer.paragraph(`${figure(flags.rate)} new connections a second from ${flags.hosts === 1 ? 'one host' : `each of ${plural(flags.hosts, 'host')}`}, to ${plural(flags.destinations, 'destination')}; at most ${shareText(flags.loss)} may fail.`);
    printer.lines(renderTable(columns, rows, printer));
    printer.paragraph('has and in use: of the limit that is tightest, mostly ports for one destination, on average; per host: of each host; safe rate: of one host. A NAT keeps a mapping after a FIN whoever closes first.', { style: 'dim' });
    for (const { profile, addresses } of rows) if (profile.quotaAddresses !== undefined && addresses > profile.quotaAddresses) printer.paragraph(`note: more than ${profile.quotaAddresses} addresses of ${profile.title} must be asked for (a quota).`, { hanging: '  ' });
    for (const { profile } of name === undefined && !printer.isVerbose ? [] : rows) printer.paragraph(`${profile.name}: ${profile.notes} Source: ${profile.source}; read on ${profile.checkedOn}.`, { hanging: '  ' });
  }
  printer.flush();
}

function rowOf(profile: NatProfile, flags: NatPlanFlags & { readonly isAsked: boolean }): Row {
  if (flags.addresses !== undefined && flags.addresses > profile.mostAddresses && flags.isAsked) throw new UsageError(`${profile.title} has ${profile.mostAddresses} addresses at most, not ${flags.addresses}`);
  const at = (addresses: number): Row => {
    const service = demandOf(flags, 'service', { profile, addresses, hosts: flags.hosts });
    const constraints = natLimitsOf(service, flags.loss);
    const { ratio } = constraints[0]!;
    return { profile, addresses, constraints, ratio, safeRate: ratio === 0 ? Number.POSITIVE_INFINITY : flags.rate / ratio, holdSeconds: mappingHold(service, profile.holdSeconds) };
  };
  if (flags.addresses !== undefined) return at(Math.min(flags.addresses, profile.mostAddresses));
  // More addresses do not help against a limit of connections: then the fewest that do for the ports.
  let addresses = 1;
  while (addresses < profile.mostAddresses && at(addresses).constraints.find(({ id }) => id === 'nat-ports')!.ratio > 1) addresses++;
  return at(addresses);
}

function natLimitsOf(service: ServiceDemand, loss: number): Constraint[] {
  return constraintsOf([service], defaultSupply, loss)
    .filter(({ id }) => id === 'nat-ports' || id === 'nat-connections')
    .sort((left, right) => right.ratio - left.ratio);
}

function documentOf({ profile, addresses, constraints, ratio, safeRate, holdSeconds }: Row): Record<string, unknown> {
  return { name: profile.name, title: profile.title, scope: profile.scope, addresses, mostAddresses: profile.mostAddresses, holds: ratio <= 1, ratio: finite(ratio), safeRatePerSecond: finite(safeRate), holdSeconds: finite(holdSeconds), constraints: constraints.map(constraintDocument), source: profile.source, checkedOn: profile.checkedOn, notes: profile.notes };
}

const columns: readonly Column<Row>[] = [
  { id: 'name', title: 'profile', help: 'Name of the profile.', align: 'left', value: ({ profile }) => profile.name },
  { id: 'addresses', title: 'addresses', help: 'Addresses, the least that do unless they were given.', align: 'right', value: ({ addresses }) => addresses, text: ({ profile, addresses }) => `${addresses}${profile.scope === 'per-host' ? ', per host' : ''}`, dropFirst: 1 },
  { id: 'hold', title: 'hold', help: 'How long it keeps a connection, its life included.', align: 'right', value: ({ holdSeconds }) => holdSeconds, text: ({ holdSeconds }) => timeText(holdSeconds), dropFirst: 4 },
  { id: 'capacity', title: 'has', help: 'Ports for one destination.', align: 'right', value: ({ constraints }) => constraints[0]!.capacity, text: ({ constraints }) => figure(constraints[0]!.capacity), dropFirst: 3 },
  { id: 'offered', title: 'in use', help: 'Ports in use for one destination on average.', align: 'right', value: ({ constraints }) => constraints[0]!.offered, text: ({ constraints }) => figure(constraints[0]!.offered), dropFirst: 2 },
  { id: 'safe', title: 'safe rate', help: 'New connections a second of one host up to which it holds.', align: 'right', value: ({ safeRate }) => safeRate, text: ({ safeRate }) => figure(safeRate) },
  { id: 'loss', title: 'fails', help: 'Share that fails.', align: 'right', value: ({ constraints }) => constraints[0]!.loss, text: ({ constraints }) => shareText(constraints[0]!.loss) },
  { id: 'verdict', title: '', help: 'Whether it holds.', align: 'left', value: ({ ratio }) => (ratio <= 1 ? 'holds' : 'too much'), style: ({ ratio }) => (ratio <= 1 ? 'ok' : 'critical') },
];
