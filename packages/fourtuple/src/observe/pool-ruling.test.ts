import { describe, expect, it } from 'vitest';
import { bindPool } from '../../test/contract/cases.ts';
import { Address } from '../model/index.ts';
import { isPoolExact, ruleBindPool } from './pool-ruling.ts';

describe('ruleBindPool', () => {
  it.each([
    [5, 100, 'succeeds', 'port-found'],
    [0, 100, 'fails', 'range-held'],
    [0, 0, 'fails', 'range-reserved'],
  ])('%i of %i free: %s (%s)', (free, capacity, outcome, clause) => {
    expect(ruleBindPool(bindPool(free, capacity), { isExact: true, canMissOne: true })).toMatchObject({ outcome, clause });
  });

  it('the last port of an odd range may not be tried', () => {
    expect(ruleBindPool(bindPool(1), { isExact: true, canMissOne: true })).toMatchObject({ outcome: 'unknown', clause: 'odd-range', errno: 'EADDRINUSE' });
    expect(ruleBindPool(bindPool(1), { isExact: true, canMissOne: false })).toMatchObject({ outcome: 'succeeds' });
  });

  it('a count that is no more than an upper bound proves no failure, but success', () => {
    expect(ruleBindPool(bindPool(0), { isExact: false, canMissOne: false })).toMatchObject({ outcome: 'unknown', errno: 'EADDRINUSE' });
    expect(ruleBindPool(bindPool(1), { isExact: false, canMissOne: false })).toMatchObject({ outcome: 'succeeds' });
  });
});

describe('isPoolExact', () => {
  const own = Address.parse('10.0.0.5')!;
  const plain = { protocol: 'tcp', address: own, v6Only: false, device: 0, reuseAddress: true, reusePort: false } as const;

  it.each([
    [plain, false, true, true],
    [plain, false, false, true],
    [plain, true, true, false],
    [{ ...plain, reuseAddress: false }, true, true, true],
    [{ ...plain, device: 1 }, false, true, false],
    [{ ...plain, device: -1 }, false, true, false],
    [{ ...plain, address: Address.anyIpv6, v6Only: true }, false, true, false],
    [{ ...plain, address: Address.parse('::1')!, v6Only: true }, false, true, true],
    [{ ...plain, address: Address.anyIpv4 }, false, true, true],
    [{ ...plain, address: Address.anyIpv4 }, false, false, false],
    [{ ...plain, protocol: 'udp', reuseAddress: false }, true, true, true],
    [{ ...plain, protocol: 'udp' }, false, true, false],
    [{ ...plain, protocol: 'udp', reuseAddress: false, reusePort: true }, false, true, false],
  ] as const)('%j, ip_autobind_reuse %s, probed %s: %s', (socket, autobindReuse, isProbed, expected) => {
    expect(isPoolExact(socket, { autobindReuse }, isProbed)).toBe(expected);
  });
});
