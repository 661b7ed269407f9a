import { existsSync } from 'node:fs';
import type { Spreader } from '../../../kernel/index.ts';
import { plural } from '../../../model/index.ts';
import { addMissingAddresses, attachSpread, endLike, findCgroup, inDelegatedScope, missingAddresses, parseSpread, removeAddresses, runSpread, SignalRelay, SpreadError, type AddedAddress, type Ending, type SpreadRun, type SpreadSpec, type TargetCgroup } from '../../../spread/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { Printer } from '../../printer.ts';
import type { SpreadFlags } from './command.ts';
import { spreadDocument } from './document.ts';
import { printCounts } from './screen.ts';
import { surroundingsOf, withJournal } from './surroundings.ts';

const CLEAR = '\u001B[H\u001B[2J';
const REFRESH_MS = 1000;

export async function runSpreadCommand(this: CliContext, flags: SpreadFlags, ...words: string[]): Promise<void> {
  const [command, ...args] = words;
  const { attach } = flags;
  if ((command === undefined) === (attach === undefined)) throw new UsageError(command === undefined ? 'there is nothing to spread: give a command after --, or --attach with what runs already' : '--attach spreads what runs already: it takes no command');
  if (command !== undefined && flags.json === true) throw new UsageError('--json goes with --attach, or with "spread status": standard output is the command\'s');
  if (command !== undefined && flags.for !== undefined) throw new UsageError('--for goes with --attach: a command ends by itself');
  const spec = parseSpread({ from: flags.from, to: flags.to, ports: flags.port, includesLoopback: flags.loopback });
  if (command !== undefined) {
    const signals = new SignalRelay();
    let ending: Ending;
    try {
      ending = (await inDelegatedScope(this.process.env, signals)) ?? (await launch(this, flags, spec, [command, ...args], signals));
    } finally {
      signals.close();
    }
    // A signal ends this process here and now.
    this.process.exitCode = await endLike(ending, (ms) => this.sleep(ms));
  } else {
    // What is named wrongly is told before anything is changed.
    const target = findCgroup(attach!);
    // And what was changed is taken back at a signal.
    this.heedSignals();
    await withAddresses(this, flags, spec, async () => {
      await follow(this, flags, spec, target);
      return { isLeftRunning: false };
    });
  }
}

function tell({ process }: CliContext, flags: SpreadFlags, text: string): void {
  if (flags.quiet !== true) process.stderr.write(`fourtuple: ${text}\n`);
}

/** Works with the addresses on the host, and removes those that it added for it, unless processes are left that use them. */
async function withAddresses<T extends Pick<SpreadRun, 'isLeftRunning'>>(context: CliContext, flags: SpreadFlags, spec: SpreadSpec, work: () => Promise<T>): Promise<T> {
  const surroundings = surroundingsOf(context, flags);
  const added = flags.addAddresses === undefined ? requireAddresses(spec) : await withJournal(() => addMissingAddresses(spec.addresses, flags.addAddresses!, surroundings));
  if (added.length > 0) tell(context, flags, `added to ${added[0]!.device}, to be removed at the end: ${listed(added)}`);
  let done: T | undefined;
  try {
    return (done = await work());
  } finally {
    if (added.length > 0 && done?.isLeftRunning === true) tell(context, flags, `what the command left running goes on from these addresses, which stay on ${added[0]!.device}: ${listed(added)}. "fourtuple spread clean" removes them later.`);
    else for (const { address, reason } of removeAddresses(added, surroundings)) tell(context, flags, `${address.toString()} could not be removed (${reason}): "fourtuple spread clean" tries again.`);
  }
}

/** @throws SpreadError when the host has not got all of them */
function requireAddresses({ addresses }: SpreadSpec): AddedAddress[] {
  const missing = missingAddresses(addresses);
  if (missing.length === 0) return [];
  const [first] = missing;
  const isMissing = first!.code === 'EADDRNOTAVAIL';
  throw new SpreadError(
    isMissing ? `This host has not got ${missing.length === 1 ? first!.address.toString() : `${missing.length === addresses.length ? 'any' : missing.length} of the ${addresses.length} addresses, ${first!.address.toString()} among them`}.` : `No connection can come from ${first!.address.toString()} (${first!.code}).`,
    'Name addresses that "ip address" shows, or let fourtuple add them: --add-addresses DEV',
  );
}

function listed(added: readonly AddedAddress[]): string {
  const shown = added.slice(0, 8).map(({ address }) => `${address.toString()}/${address.isIpv4 ? 32 : 128}`);
  return `${shown.join(', ')}${added.length > shown.length ? ` and ${added.length - shown.length} more` : ''}`;
}

async function launch(context: CliContext, flags: SpreadFlags, spec: SpreadSpec, [command, ...args]: readonly [string, ...string[]], signals: SignalRelay): Promise<Ending> {
  const { ending } = await withAddresses(context, flags, spec, async () => {
    const run = await runSpread(spec, command, args, signals, context.now().getTime());
    const { counts } = run;
    if (flags.stats === true) {
      // Standard output is the command's.
      const { process } = context;
      const printer = new Printer({ ...context, process: { ...process, stdout: process.stderr } }, flags);
      printCounts(printer, counts, flags.top);
      printer.flush();
    } else if (counts.keptDefault > 0) {
      tell(context, flags, `${plural(counts.keptDefault, 'connect')} kept the host's own source, since no address could be bound; --stats tells more.`);
    }
    return run;
  });
  return ending;
}

/** Spreads what runs already, until the time is over or the user has enough. */
async function follow(context: CliContext, flags: SpreadFlags, spec: SpreadSpec, target: TargetCgroup): Promise<void> {
  const began = context.now();
  const spreader = attachSpread(spec, target, began.getTime());
  try {
    const isLive = flags.json !== true && new Printer(context, flags).canClear;
    if (!isLive && flags.quiet !== true) context.process.stderr.write(`fourtuple: spreading what ${target.path} connects over ${plural(spec.addresses.length, 'address', 'addresses')}${flags.for === undefined ? ', until interrupted' : ''}\n`);
    const forMs = (flags.for ?? Number.POSITIVE_INFINITY) * 1000;
    for (let goesOn = true; goesOn; ) {
      const leftMs = forMs - (context.now().getTime() - began.getTime());
      goesOn = leftMs > 0 && (await context.sleep(Math.min(leftMs, REFRESH_MS)));
      if (goesOn && !existsSync(target.directory)) {
        context.process.stderr.write(`fourtuple: the cgroup ${target.path} is gone, and the spread with it\n`);
        goesOn = false;
      }
      if (isLive) picture(context, flags, spreader, target, true);
    }
    if (!isLive) picture(context, flags, spreader, target, false);
  } finally {
    spreader.close();
  }
}

function picture(context: CliContext, flags: SpreadFlags, spreader: Spreader, { path }: TargetCgroup, isLive: boolean): void {
  const printer = new Printer(context, flags);
  const counts = spreader.read();
  if (flags.json === true) {
    printer.json(spreadDocument({ takenAt: context.now(), spreads: [{ ...spreader.identity, ...counts, cgroup: path, command: 'fourtuple' }], leftAddresses: [], leftCgroups: [] }));
  } else {
    if (isLive) printer.write(CLEAR);
    printer.paragraph(`What ${path} connects:`);
    printer.line();
    printCounts(printer, counts, flags.top);
  }
  printer.flush();
}
