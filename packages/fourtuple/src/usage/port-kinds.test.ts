import { describe, expect, it } from 'vitest';
import { many, ownersOf, settingsOf, tableOf, tcp, type SocketFields } from '../../test/contract/hand-made.ts';
import { newestKernel, noOwners, PortSet, traitsOfRelease, usablePorts, type PortProbes, type SocketCursor } from '../model/index.ts';
import { ConnectionRows } from './connection-rows.ts';
import { PortKinds, PROBE_LIMIT } from './port-kinds.ts';
import { ledgerOf, type PortLedger } from './port-ledger.ts';
import type { NamespaceUsage } from './types.ts';

const LOW = 32_768;

const connection = (port: number, destination = '10.0.0.9:443', fields: SocketFields = {}): SocketCursor => tcp('established', `10.0.0.1:${port}`, destination, { inode: 1, ...fields });

function kindsOf(sockets: SocketCursor[], reserved = '', kernel = newestKernel): PortKinds {
  const usable = usablePorts(settingsOf({ reserved }), new PortSet());
  const rows = new ConnectionRows(usable, false);
  const marks: { port: number; evidence: 'listening' | 'bound-idle' }[] = [];
  for (const socket of sockets) {
    if (socket.state === 10) marks.push({ port: socket.localPort, evidence: 'listening' });
    else if (socket.state === 13) marks.push({ port: socket.localPort, evidence: 'bound-idle' });
    else rows.add(socket, false);
  }
  return new PortKinds(usable, marks, rows, kernel);
}

/** Asks as the product does, of a kernel that knows which ports are explicit. @returns how many ports it was asked about. */
function ask(ledger: PortLedger, isExplicit: (port: number) => boolean, mode: 'auto' | 'all' = 'auto'): { usage: NamespaceUsage; asked: Set<number> } {
  const asked = new Set<number>();
  const answer = (ports: readonly number[]): PortProbes => {
    for (const port of ports) asked.add(port);
    return { explicit: ports.filter(isExplicit), shared: ports.filter((port) => !isExplicit(port)) };
  };
  const first = answer(ledger.planProbes(mode));
  const more = answer(ledger.planMoreProbes(first));
  const probes = { explicit: [...first.explicit, ...more.explicit], shared: [...first.shared, ...more.shared] };
  return { usage: ledger.finish({ inode: 1, name: 'here' }, probes, ownersOf({ 1: 'one', 2: 'two' })), asked };
}

const ledger = (sockets: SocketCursor[]): PortLedger => ledgerOf(tableOf(sockets), settingsOf());

describe('evidence without a probe', () => {
  const evidence = (...sockets: SocketCursor[]): unknown => {
    const kinds = kindsOf(sockets);
    kinds.settle({ explicit: [], shared: [] });
    return [kinds.explicit.has(LOW), kinds.evidenceAt(LOW)];
  };

  it.each([
    ['a listener', [tcp('listen', `0.0.0.0:${LOW}`)], true, 'listening'],
    ['a bound socket', [tcp('boundInactive', `0.0.0.0:${LOW}`)], true, 'bound-idle'],
    ['a listener beside a bound socket', [tcp('boundInactive', `10.0.0.5:${LOW}`), tcp('listen', `10.0.0.6:${LOW}`)], true, 'listening'],
    ['a connection with NO_PORT', [connection(LOW, '10.0.0.9:443', { noPort: 1 })], false, 'no-port-flag'],
    ['connections to two destinations', [connection(LOW), connection(LOW, '10.0.0.8:443')], false, 'shared-port'],
    ['a single connection', [connection(LOW)], false, 'inferred'],
    ['a connection that says nothing', [connection(LOW, '10.0.0.9:443', { noPort: -1 })], false, 'inferred'],
  ] as const)('%s', (_, sockets, isExplicit, name) => {
    expect(evidence(...sockets)).toEqual([isExplicit, name]);
  });

  it('a port that nobody holds has none', () => {
    expect(kindsOf([connection(LOW)]).evidenceAt(LOW + 1)).toBeUndefined();
  });
});

describe('evidence by a probe', () => {
  it('goes before what the sockets seem to say', () => {
    const kinds = kindsOf([connection(LOW, '10.0.0.9:443', { noPort: 1 }), connection(LOW + 1)]);
    kinds.settle({ explicit: [LOW], shared: [LOW + 1] });
    expect([kinds.explicit.has(LOW), kinds.evidenceAt(LOW), kinds.explicit.has(LOW + 1), kinds.evidenceAt(LOW + 1)]).toEqual([true, 'probed', false, 'probed']);
  });
});

describe('which ports are asked about', () => {
  it('those with connections whose kind no socket tells', () => {
    const sockets = [connection(LOW), connection(LOW + 2), tcp('boundInactive', `10.0.0.5:${LOW + 2}`), connection(LOW + 4), connection(2000)];
    expect(kindsOf(sockets, String(LOW + 4)).planProbes('auto')).toEqual([LOW]);
  });

  it('none when probing is off', () => {
    expect(kindsOf([connection(LOW)]).planProbes('none')).toEqual([]);
  });

  it(`all of them up to ${PROBE_LIMIT}`, () => {
    expect(kindsOf(many(PROBE_LIMIT, (index) => connection(LOW + index))).planProbes('auto')).toHaveLength(PROBE_LIMIT);
  });

  it('every one when all are wanted', () => {
    expect(kindsOf(many(10_000, (index) => connection(LOW + index))).planProbes('all')).toHaveLength(10_000);
  });

  it(`a sample of each group above ${PROBE_LIMIT}, spread over the group`, () => {
    const kinds = kindsOf([...many(5000, (index) => connection(LOW + index)), ...many(5000, (index) => connection(LOW + 10_000 + index, '10.0.0.8:80'))]);
    const plan = kinds.planProbes('auto');
    expect(plan).toHaveLength(2 * 64);
    expect(Math.max(...plan.filter((port) => port < LOW + 10_000)) - LOW).toBeGreaterThan(4900);
  });

  it(`never more than ${PROBE_LIMIT} at first, however many groups there are`, () => {
    expect(kindsOf(many(9000, (index) => connection(LOW + index, `10.1.${index >> 8}.${index & 255}:443`))).planProbes('auto')).toHaveLength(PROBE_LIMIT);
  });
});

describe('sampling', () => {
  const uniform = [...many(5000, (index) => connection(LOW + index)), ...many(5000, (index) => connection(LOW + 10_000 + index, '10.0.0.8:80', { inode: 2 }))];

  it('concludes from a group of one mind to all of it, in few probes', () => {
    const { usage, asked } = ask(ledger(uniform), (port) => port >= LOW + 10_000);
    expect(asked.size).toBe(128);
    expect(usage.poisonedPorts).toBe(5000);
    expect(usage.tuples.top().map((tuple) => [tuple.destinationPort, tuple.used, tuple.explicit])).toEqual([
      [443, 5000, 0],
      [80, 0, 5000],
    ]);
  });

  it('asks about all of a group whose sample is mixed, and about no other', () => {
    const isExplicit = (port: number): boolean => port < LOW + 10_000 && port % 3 === 0;
    const { usage, asked } = ask(ledger(uniform), isExplicit);
    expect(asked.size).toBe(5000 + 64);
    const expected = many(5000, (index) => connection(LOW + index)).filter((socket) => isExplicit(socket.localPort)).length;
    expect(usage.poisonedPorts).toBe(expected);
  });

  it('is exact when every port is asked', () => {
    const { usage, asked } = ask(ledger(uniform), (port) => port % 7 === 0, 'all');
    expect(asked.size).toBe(10_000);
    expect(usage.poisonedPorts).toBe(uniform.filter((socket) => socket.localPort % 7 === 0).length);
  });

  it.each<[string, (index: number) => SocketCursor]>([
    ['in TIME_WAIT', (index) => tcp('timeWait', `10.0.0.1:${LOW + 10_000 + index}`, '10.0.0.9:443')],
    ['with NO_PORT', (index) => connection(LOW + 10_000 + index, '10.0.0.9:443', { noPort: 1 })],
    ['to another destination', (index) => connection(LOW + 10_000 + index, '10.0.0.8:443')],
  ])('keeps connections %s in a group of their own', (_, make) => {
    const { usage, asked } = ask(ledger([...many(5000, (index) => connection(LOW + index)), ...many(5000, make)]), (port) => port >= LOW + 10_000);
    expect(asked.size).toBe(128);
    expect(usage.poisonedPorts).toBe(5000);
  });

  it.each([
    ['6.18.0', false],
    ['6.12.117', true],
  ])('on %s IP_BIND_ADDRESS_NO_PORT leaves open what a gone holder did: %s', (release, expected) => {
    expect(kindsOf([connection(LOW, '10.0.0.9:443', { noPort: 1 })], '', traitsOfRelease(release)).isGuess(LOW)).toBe(expected);
  });

  it('without answers takes the ports for chosen by connect(), as inference', () => {
    const kinds = kindsOf(uniform);
    kinds.planProbes('auto');
    kinds.planMoreProbes({ explicit: [], shared: [] });
    kinds.settle({ explicit: [], shared: [] });
    expect(kinds.explicit.size).toBe(0);
    expect(kinds.evidenceAt(LOW)).toBe('inferred');
  });

  it('says of each port whether it was asked or concluded', () => {
    const kinds = kindsOf(uniform);
    const plan = kinds.planProbes('auto');
    kinds.settle({ explicit: plan, shared: [] });
    const how = kinds.candidates.map((port) => kinds.evidenceAt(port));
    expect([how.filter((evidence) => evidence === 'probed').length, how.filter((evidence) => evidence === 'inferred').length]).toEqual([128, 9872]);
  });

  it('a poisoned group of which most was concluded from a sample does not call itself probed', () => {
    const { usage } = ask(ledger(uniform), (port) => port >= LOW + 10_000);
    const claimed = usage.poisoned.filter((group) => group.evidence === 'probed').reduce((sum, group) => sum + group.ports, 0);
    expect(claimed).toBeLessThanOrEqual(64);
  });
});

describe('ledgerOf', () => {
  it('has no probes to plan without connections', () => {
    const empty = ledgerOf(tableOf([]), settingsOf());
    expect([empty.planProbes('all'), empty.planBindProbes(), empty.anyDestination()]).toEqual([[], [], undefined]);
    expect(empty.finish({ inode: 1, name: 'x' }, undefined, noOwners).poisonedPorts).toBe(0);
  });

  it('offers a destination that is surely routed', () => {
    expect(ledger([connection(LOW)]).anyDestination()!.slice(4, 9)).toEqual([0, 0, 0xffff, 0x0a000009, 443]);
  });
});
