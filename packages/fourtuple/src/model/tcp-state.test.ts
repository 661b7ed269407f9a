import { describe, expect, it } from 'vitest';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, stateBit, stateGroups, stateLabel, stateName, TcpState } from './tcp-state.ts';

const named = (group: string): string[] =>
  Object.entries(TcpState)
    .filter(([name, state]) => name !== 'newSynRecv' && (stateGroups[group]! & stateBit(state)) !== 0)
    .map(([name]) => name)
    .sort();

describe('TcpState', () => {
  it.each(Object.values(TcpState))('the name of state %i asks for that state', (state) => {
    expect(stateGroups[stateName(state)]).toBe(stateBit(state === TcpState.newSynRecv ? TcpState.synRecv : state));
  });

  it('has a label for every state, and no two alike', () => {
    const labels = Object.values(TcpState).filter((state) => state !== TcpState.newSynRecv).map(stateLabel);
    expect(new Set(labels).size).toBe(labels.length);
    expect(labels.every((label) => /^[A-Z][A-Z0-9-]+$/.test(label))).toBe(true);
  });

  it('shows a number that the kernel may invent', () => {
    expect([stateName(14), stateLabel(14)]).toEqual(['state-14', '14']);
  });
});

describe('groups of states, as ss has them', () => {
  it('all: every state there is', () => {
    expect(named('all')).toEqual(Object.keys(TcpState).filter((name) => name !== 'newSynRecv').sort());
    expect(stateGroups['all']).toBe(ALL_HASHED_STATES | BOUND_INACTIVE_BIT);
  });

  it('connected: all but listening, closed and bound', () => {
    expect(named('connected')).toEqual(['closeWait', 'closing', 'established', 'finWait1', 'finWait2', 'lastAck', 'synRecv', 'synSent', 'timeWait']);
  });

  it('synchronized: connected without syn-sent', () => {
    expect(named('synchronized')).toEqual(named('connected').filter((name) => name !== 'synSent'));
  });

  it('bucket: those without a socket of their own', () => {
    expect(named('bucket')).toEqual(['synRecv', 'timeWait']);
  });

  it('big: the others', () => {
    expect(named('big')).toEqual(['closeWait', 'close', 'closing', 'established', 'finWait1', 'finWait2', 'lastAck', 'listen', 'synSent'].sort());
    expect(stateGroups['big']! & stateGroups['bucket']!).toBe(0);
  });

  it.each([
    ['listen', 'listening'],
    ['unconnected', 'closed'],
  ])('%s is %s', (one, other) => {
    expect(stateGroups[one]).toBe(stateGroups[other]);
  });
});
