import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyExpression, madeUpNames, textOf } from '../../test/contract/expressions.ts';
import { Address, stateGroups } from '../model/index.ts';
import type { Expression } from './expression.ts';
import { parseFilter } from './parse.ts';
import { FilterSyntaxError } from './tokens.ts';

const parse = (text: string): Expression | undefined => parseFilter(text, madeUpNames).expression;
const states = (text: string): number => parseFilter(text, madeUpNames).states;
const sport = (low: number, high = low): Expression => ({ kind: 'port', side: 'source', low, high });
const dport = (low: number, high = low): Expression => ({ kind: 'port', side: 'destination', low, high });
const not = (operand: Expression): Expression => ({ kind: 'not', operand });
const and = (left: Expression, right: Expression): Expression => ({ kind: 'and', left, right });
/** `inet:` means sockets of AF_INET: not the mapped addresses of AF_INET6 ones. */
const ipv4Alone = (condition: Expression): Expression =>
  and(condition, not({ kind: 'host', side: condition.kind === 'host' ? condition.side : 'source', block: { family: 'ipv6', address: Address.anyIpv4, bits: 96 }, port: undefined }));
const or = (left: Expression, right: Expression): Expression => ({ kind: 'or', left, right });
const dst = (address: string | undefined, bits = 32, port?: number, family: 'ipv4' | 'ipv6' = address?.includes(':') === true ? 'ipv6' : 'ipv4'): Expression => ({
  kind: 'host',
  side: 'destination',
  block: address === undefined ? undefined : { family, address: Address.parse(address)!, bits },
  port,
});

describe('conditions on ports', () => {
  it.each<[string, Expression]>([
    ['sport = :22', sport(22)],
    ['sport 22', sport(22)],
    ['sport :22', sport(22)],
    ['sport == 22', sport(22)],
    ['sport eq 22', sport(22)],
    ['sport = :ssh', sport(22)],
    ['dport http', dport(80)],
    ['dport = 8000-8010', dport(8000, 8010)],
    ['dport != 80', not(dport(80))],
    ['dport ne 80', not(dport(80))],
    ['dport neq 8000-8010', not(dport(8000, 8010))],
    ['dport > 80', dport(81, 65_535)],
    ['dport gt 80', dport(81, 65_535)],
    ['dport >= 80', dport(80, 65_535)],
    ['dport geq 80', dport(80, 65_535)],
    ['dport < 80', dport(0, 79)],
    ['dport lt 80', dport(0, 79)],
    ['dport <= 80', dport(0, 80)],
    ['dport leq 80', dport(0, 80)],
    ['dport>=80', dport(80, 65_535)],
    ['dport > 65535', dport(65_536, 65_535)],
    ['dport < 0', dport(0, -1)],
    ['sport = 0', sport(0)],
    ['sport = :*', sport(0, 65_535)],
    ['sport = inet:22', ipv4Alone({ kind: 'host', side: 'source', block: { family: 'ipv4', address: Address.anyIpv4, bits: 0 }, port: 22 })],
    ['sport != inet6:22', not({ kind: 'host', side: 'source', block: { family: 'ipv6', address: Address.anyIpv6, bits: 0 }, port: 22 })],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe('conditions on hosts', () => {
  it.each<[string, Expression]>([
    ['dst 10.0.0.1', dst('10.0.0.1')],
    ['dst = 10.0.0.1', dst('10.0.0.1')],
    ['dst 10.0.0.1:80', dst('10.0.0.1', 32, 80)],
    ['dst 10.0.0.1:http', dst('10.0.0.1', 32, 80)],
    ['dst 10.0.0.1:*', dst('10.0.0.1')],
    ['dst 10.0.0.0/8', dst('10.0.0.0', 8)],
    ['dst 10/8', dst('10.0.0.0', 8)],
    ['dst 192.168/16:443', dst('192.168.0.0', 16, 443)],
    ['dst *', dst(undefined)],
    ['dst *:80', dst(undefined, 0, 80)],
    ['dst :80', dst(undefined, 0, 80)],
    ['dst ::1', dst('::1', 128)],
    ['dst 2001:db8::/32', dst('2001:db8::', 32)],
    ['dst [2001:db8::1]', dst('2001:db8::1', 128)],
    ['dst [2001:db8::1]:443', dst('2001:db8::1', 128, 443)],
    ['dst [2001:db8::]/32', dst('2001:db8::', 32)],
    ['dst [2001:db8::]/32:443', dst('2001:db8::', 32, 443)],
    ['dst [10.0.0.1]:80', dst('10.0.0.1', 32, 80)],
    ['dst ::ffff:10.0.0.1', dst('::ffff:10.0.0.1', 128, undefined, 'ipv6')],
    ['dst != 10.0.0.1', not(dst('10.0.0.1'))],
    ['dst inet:10.0.0.1:80', ipv4Alone(dst('10.0.0.1', 32, 80))],
    ['dst inet6:2001:db8::1', dst('2001:db8::1', 128)],
    ['dst inet:*', ipv4Alone(dst('0.0.0.0', 0))],
    ['dst inet6:', dst('::', 0)],
    ['dst inet:*:80', ipv4Alone(dst('0.0.0.0', 0, 80))],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it('src asks about the local side', () => {
    expect(parse('src 10.0.0.1')).toMatchObject({ kind: 'host', side: 'source' });
  });
});

describe('other conditions', () => {
  it.each<[string, Expression]>([
    ['autobound', { kind: 'autobound' }],
    ['dev = if3', { kind: 'device', index: 3 }],
    ['dev if3', { kind: 'device', index: 3 }],
    ['dev 3', { kind: 'device', index: 3 }],
    ['dev != if3', not({ kind: 'device', index: 3 })],
    ['fwmark = 1', { kind: 'mark', mark: 1, mask: 0xffffffff }],
    ['fwmark 0x10/0xff', { kind: 'mark', mark: 16, mask: 255 }],
    ['cgroup = /cg7', { kind: 'cgroup', id: 7 }],
    ['cgroup /cg7', { kind: 'cgroup', id: 7 }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe('how conditions are joined', () => {
  const [a, b, c] = [sport(1), sport(2), sport(3)];

  it.each<[string, Expression]>([
    ['sport 1 and sport 2', and(a, b)],
    ['sport 1 & sport 2', and(a, b)],
    ['sport 1 && sport 2', and(a, b)],
    ['sport 1 sport 2', and(a, b)],
    ['sport 1 or sport 2', or(a, b)],
    ['sport 1 | sport 2', or(a, b)],
    ['sport 1||sport 2', or(a, b)],
    ['sport 1 or sport 2 and sport 3', or(a, and(b, c))],
    ['sport 1 sport 2 or sport 3', or(and(a, b), c)],
    ['(sport 1 or sport 2) and sport 3', and(or(a, b), c)],
    ['( sport 1 or sport 2 ) sport 3', and(or(a, b), c)],
    ['sport 1 (sport 2 or sport 3)', and(a, or(b, c))],
    ['sport 1 and sport 2 and sport 3', and(and(a, b), c)],
    ['not sport 1', not(a)],
    ['! sport 1', not(a)],
    ['!sport 1 sport 2', and(not(a), b)],
    ['not not sport 1', not(not(a))],
    ['not (sport 1 or sport 2)', not(or(a, b))],
    ['sport 1 not sport 2', and(a, not(b))],
    ['((sport 1))', a],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it('no expression is none', () => {
    expect(parse('')).toBeUndefined();
    expect(parse('  \t ')).toBeUndefined();
  });

  it('reads every expression that can be written', () => {
    fc.assert(
      fc.property(anyExpression, (expression) => {
        expect(parse(textOf(expression))).toEqual(expression);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('states', () => {
  const mask = (...names: string[]): number => names.reduce((sum, name) => sum | stateGroups[name]!, 0);

  it.each<[string, number]>([
    ['', mask('all')],
    ['sport 1', mask('all')],
    ['state established', mask('established')],
    ['state ESTABLISHED', mask('established')],
    ['state established state time-wait', mask('established', 'time-wait')],
    ['state established,time-wait', mask('established', 'time-wait')],
    ['state established , time-wait', mask('established', 'time-wait')],
    ['exclude time-wait', mask('all') & ~mask('time-wait')],
    ['state connected exclude established', mask('connected') & ~mask('established')],
    // From the left, as ss reads them: what was excluded may be asked for again.
    ['exclude established state connected', (mask('all') & ~mask('established')) | mask('connected')],
    ['excl time-wait', mask('all') & ~mask('time-wait')],
    ['state listening sport 22', mask('listening')],
    ['state bound-inactive', 1 << 13],
  ])('%j', (text, expected) => {
    expect(states(text)).toBe(expected);
  });
});

describe('what cannot be understood is refused, and the words say why', () => {
  it.each([
    ['sport', /ends where/],
    ['sport =', /ends where a port/],
    ['sport = :ftp-data', /neither a port nor a service/],
    ['sport = 65536', /0 to 65535/],
    ['sport = 99999999999999999999', /0 to 65535/],
    ['sport = 20-10', /empty/],
    ['sport = -5', /neither/],
    ['dst', /ends where/],
    ['dst > 10.0.0.1', /compares ports alone/],
    ['dst 10.0.0.256', /not an address/],
    ['dst 10', /not an address/],
    ['dst localhost', /names are not looked up/],
    ['dst inet6:10.0.0.1', /not of the family inet6/],
    ['sport > inet:22', /"=" or "!=" alone/],
    ['sport = 022', /leading zeros/],
    ['fwmark = 010', /a mark is/],
    ['dst 10.0.0.0/33', /0 to 32/],
    ['dst 2001:db8::/129', /0 to 128/],
    ['dst [2001:db8::1', /"\[" without "\]"/],
    ['dev = eth9', /no interface "eth9"/],
    ['cgroup /nowhere', /no cgroup "\/nowhere"/],
    ['fwmark = x', /a mark is/],
    ['fwmark = 0x1ffffffff', /a mark is/],
    ['fwmark = 1/x', /a mark is/],
    ['state', /ends where the name of a state/],
    ['state establisched', /did you mean "established"/],
    ['state constructor', /is no state/],
    ['sprot = 22', /did you mean "sport"/],
    ['constructor', /is no condition/],
    ['( sport 1', /"\(" without "\)"/],
    ['sport 1 )', /not expected/],
    ['sport 1 or', /ends where a condition/],
    ['sport 1 and and sport 2', /is no condition/],
    ['or sport 1', /is no condition/],
    ['not', /ends where a condition/],
    ['()', /is no condition/],
    ['sport 1 state established', /is no condition|not expected/],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(FilterSyntaxError);
    expect(() => parse(text)).toThrow(message);
  });

  it('a mark with two masks', () => {
    expect(() => parse('fwmark = 1/2/3')).toThrow(FilterSyntaxError);
  });

  it.each(['(', '!', 'not '])('"%s" 100,000 times, with the error that callers know and not a stack overflow', (word) => {
    expect(() => parse(word.repeat(100_000))).toThrow(FilterSyntaxError);
  });
});
