import { readPortList, RESERVED, writeOutcome, type WriteOutcome } from '../knobs/index.ts';
import { PortSet } from '../model/index.ts';

/** A value that is to be written to a key. */
export interface Write {
  readonly key: string;
  readonly to: string;
}

/** A write at its moment, after those before it. */
export interface OrderedWrite<W extends Write> {
  readonly write: W;
  readonly outcome: WriteOutcome;
}

/**
 * Puts writes into an order in which the kernel takes each at its moment, if there is one: ip_local_port_range may not begin below
 * ip_unprivileged_port_start, so which of the two goes first depends on where they are. Else the order stays, but for reserved ports: those that come to
 * the list are reserved before a range opens to them, those that leave it afterwards.
 * @param state text of each key before the first write
 */
export function orderWrites<W extends Write>(writes: readonly W[], state: (key: string) => string | undefined): OrderedWrite<W>[] {
  const waiting = writes.toSorted((one, other) => rankOf(one, state) - rankOf(other, state));
  const written = new Map<string, string>();
  const now = (key: string): string | undefined => written.get(key) ?? state(key);
  const ordered: OrderedWrite<W>[] = [];
  while (waiting.length > 0) {
    const legal = waiting.findIndex(({ key, to }) => writeOutcome(key, to, now).kind !== 'refused');
    // One that is refused now and behind every other is refused for good.
    const [write] = waiting.splice(Math.max(0, legal), 1) as [W];
    const outcome = writeOutcome(write.key, write.to, now);
    if (outcome.kind !== 'refused') written.set(write.key, readingOf(write.to, outcome));
    ordered.push({ write, outcome });
  }
  // Whether a list leaves ports depends on the range in the end, not on that of its moment.
  return ordered.map(({ write, outcome }) => ({ write, outcome: write.key === RESERVED && outcome.kind !== 'refused' ? writeOutcome(write.key, write.to, now) : outcome }));
}

/** What is read after a write; of a value of which nothing is known, itself with the kernel's tabs. */
export function readingOf(to: string, outcome: WriteOutcome): string {
  return 'reads' in outcome ? outcome.reads : to.trim().replaceAll(/\s+/g, '\t');
}

function rankOf({ key, to }: Write, state: (key: string) => string | undefined): number {
  if (key !== RESERVED) return 0;
  const [now, then] = [listed(state(key)), written(to)];
  return now !== undefined && then !== undefined && without(now, then).size > 0 && without(then, now).size === 0 ? 1 : -1;
}

/**
 * Ports that a list has and another has not any more, as a list; empty for none.
 * @param from text of the kernel, which can be longer than what it takes of one write
 */
export function droppedPorts(from: string | undefined, to: string): string {
  const [now, then] = [listed(from), written(to)];
  return now === undefined || then === undefined ? '' : without(now, then).toString();
}

/** True when every port of a list is in another one, too; both texts of the kernel. */
export function isPartOf(list: string, whole: string): boolean {
  const [part, all] = [listed(list), listed(whole)];
  return part !== undefined && all !== undefined && without(part, all).size === 0;
}

function listed(text: string | undefined): PortSet | undefined {
  return PortSet.parseList(text ?? '');
}

function written(text: string): PortSet | undefined {
  return readPortList(`${text}\n`)?.ports;
}

function without(ports: PortSet, others: PortSet): PortSet {
  return ports.clone().deleteAll(others);
}
