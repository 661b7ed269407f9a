import { RANGE, RESERVED } from '../../../knobs/index.ts';
import { grouped, plural } from '../../../model/index.ts';
import { observeSituation, propose, type Advice, type Proposal, type StealablePort } from '../../../tune/index.ts';
import { loadBpfReaders, type Measurement } from '../../../observe/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { namespaceNamed } from '../../gather.ts';
import { namespaceLine } from '../../namespace-line.ts';
import { Printer } from '../../printer.ts';
import type { ProposeFlags } from './propose-command.ts';

export async function runTunePropose(this: CliContext, flags: ProposeFlags): Promise<void> {
  const namespace = namespaceNamed(flags.namespace);
  await loadBpfReaders();
  const { situation, measured } = observeSituation(namespace);
  const advice = propose(situation, flags.profile);
  const printer = new Printer(this, flags);
  this.process.exitCode = ExitCode.done;
  if (flags.json === true) {
    printer.json(documentOf(advice, flags, measured));
    return;
  }
  if (!printer.isQuiet) printer.paragraph(namespaceLine(measured), { style: 'dim' });
  show(printer, advice, flags);
  for (const limit of measured.usage.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
  printer.flush();
}

function documentOf({ changes, stealable, notes }: Advice, flags: ProposeFlags, { id, usage }: Measurement): Record<string, unknown> {
  return {
    schema: 'fourtuple.tune-propose/1',
    namespace: id.inode,
    name: id.name,
    profile: flags.profile ?? null,
    changes: changes.map(({ key, from, to, why, gains, risk }) => ({ key, from, to, why: why.join(' '), gains, risk })),
    stealable: stealable.map(({ service, isNew }) => ({ low: service.low, high: service.high, name: service.name, source: service.source, isNew })),
    notes,
    limits: usage.limits,
  };
}

function show(printer: Printer, { changes, stealable, notes }: Advice, flags: ProposeFlags): void {
  if (changes.length === 0) printer.paragraph(`Nothing to change${flags.profile === undefined ? '' : ` by the profile ${flags.profile}`}: no setting would help here.`, { style: 'ok' });
  else printer.paragraph(`${plural(changes.length, 'change')} ${changes.length === 1 ? 'helps' : 'help'} here${flags.profile === undefined ? '' : `, by the profile ${flags.profile}`}:`, { style: 'strong' });
  for (const [index, change] of changes.entries()) showChange(printer, index + 1, change);
  if (!printer.isQuiet) {
    const isOfPorts = changes.some(({ key }) => key === RANGE || key === RESERVED);
    // What is well-known and not here is of interest when its ports come into reach.
    showStealable(printer, isOfPorts || printer.isVerbose ? stealable : stealable.filter(({ service }) => service.source !== 'well-known' && service.source !== 'etc-services'), isOfPorts);
    for (const note of notes) printer.paragraph(`Note: ${note}`, { hanging: '  ' });
  }
  if (changes.length === 0) return;
  printer.paragraph(`To see what would be done${flags.namespace === undefined ? ', file and conflicts included' : ''} (--yes does it, "fourtuple tune undo" takes it back):`);
  printer.line(`    ${printer.clean(commandOf(changes, flags))}`);
}

function showChange(printer: Printer, number: number, { key, from, to, why, gains, risk }: Proposal): void {
  printer.paragraph(`${number}. ${key}: ${shown(from, printer)} → ${shown(to, printer)}`, { hanging: '   ', style: 'info' });
  if (printer.isQuiet) return;
  for (const sentence of why) printer.paragraph(sentence, { indent: '   ' });
  for (const sentence of gains) printer.paragraph(`Gain: ${sentence}`, { indent: '   ', hanging: '     ' });
  printer.paragraph(`Risk: ${risk}`, { indent: '   ', hanging: '     ' });
}

const LONGEST = 120;

function shown(value: string, printer: Printer): string {
  if (value === '') return 'nothing';
  if (value.length <= LONGEST || printer.isVerbose) return value;
  return `${value.slice(0, LONGEST).replace(/,[^,]*$/, '')},… (--verbose shows all)`;
}

const sources = { listener: 'listens', 'socket-unit': 'socket unit', container: 'published by a container', 'node-port': 'Kubernetes', 'well-known': 'well-known', 'etc-services': '/etc/services' } as const;
const SHOWN = 8;

function showStealable(printer: Printer, stealable: readonly StealablePort[], isChanging: boolean): void {
  const named = stealable.filter(({ service }) => service.source !== 'etc-services');
  const others = stealable.filter(({ service }) => service.source === 'etc-services');
  if (stealable.length === 0) return;
  const when = isChanging ? 'After it, outgoing connections' : 'Outgoing connections';
  const list = named.slice(0, printer.isVerbose ? undefined : SHOWN).map(({ service: { low, high, name, source } }) => `${low === high ? low : `${low}-${high}`} (${name}, ${sources[source]})`);
  const more = named.length - list.length;
  if (named.length > 0) printer.paragraph(`${when} may still take ${list.join(', ')}${more > 0 ? ` and ${grouped(more)} more` : ''}, while nothing listens there.`, { hanging: '  ' });
  if (others.length > 0) {
    const names = others.slice(0, printer.isVerbose ? undefined : 3).map(({ service: { low, name } }) => `${low} (${name})`);
    printer.paragraph(`${named.length > 0 ? 'Also' : `${when} may take`} ${plural(others.length, 'port')} that /etc/services names, such as ${names.join(', ')}: reserve those that this host uses.`, { hanging: '  ', style: 'dim' });
  }
}

function commandOf(changes: readonly Proposal[], { namespace }: ProposeFlags): string {
  const words = changes.map(({ key, to }) => (/^[\w.,=-]*$/.test(to) ? `${key}=${to}` : `'${key}=${to}'`));
  return ['fourtuple tune apply', ...(namespace === undefined ? [] : [`--namespace ${namespace}`]), ...words].join(' ');
}
