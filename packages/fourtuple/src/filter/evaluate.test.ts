import { describe, expect, it } from 'vitest';
import { madeUpNames } from '../../test/contract/expressions.ts';
import { tcp, type SocketFields } from '../../test/contract/hand-made.ts';
import { defaultLocalPortRange } from '../model/index.ts';
import { matches, needsKernel } from './evaluate.ts';
import { parseFilter } from './parse.ts';

function selects(filter: string, local: string, remote: string, fields: SocketFields = {}): boolean {
  return matches(parseFilter(filter, madeUpNames).expression, tcp('established', local, remote, fields), { localPortRange: defaultLocalPortRange });
}

const ipv4 = (filter: string, fields?: SocketFields): boolean => selects(filter, '10.0.0.1:40000', '10.0.0.9:443', fields);
const ipv6 = (filter: string, fields?: SocketFields): boolean => selects(filter, '[2001:db8::1]:40000', '[2001:db8::9]:443', fields);
const mapped = (filter: string): boolean => ipv4(filter, { family: 10 });

describe('matches', () => {
  it('no expression selects everything', () => {
    expect(matches(undefined, tcp('listen', '0.0.0.0:80'), { localPortRange: defaultLocalPortRange })).toBe(true);
  });

  it.each([
    ['sport = 40000', true],
    ['sport = 443', false],
    ['dport = 443', true],
    ['dport >= 443', true],
    ['dport > 443', false],
    ['dport < 444', true],
    ['dport > 65535', false],
    ['dport < 0', false],
    ['not dport > 65535', true],
    ['sport 40000 and dport 443', true],
    ['sport 40000 and dport 80', false],
    ['sport 1 or dport 443', true],
    ['sport 1 or dport 80', false],
    ['! dport 443', false],
    ['src 10.0.0.1', true],
    ['dst 10.0.0.1', false],
    ['dst 10.0.0.9:443', true],
    ['dst 10.0.0.9:80', false],
    ['dst 10/8', true],
    ['dst 10.0.0.8/31', true],
    ['dst 10.0.0.8/32', false],
    ['dst 0.0.0.0/0', true],
    ['dst :443', true],
    ['dst *', true],
    ['dst ::/0', false],
    ['dst ::ffff:10.0.0.9', false],
  ])('IPv4: %s: %s', (filter, expected) => {
    expect(ipv4(filter)).toBe(expected);
  });

  it.each([
    ['dst 10.0.0.9', true],
    ['dst 10/8', true],
    ['dst 0.0.0.0/0', true],
    ['dst ::ffff:10.0.0.9', true],
    ['dst ::ffff:10.0.0.0/104', true],
    ['dst ::/0', true],
    ['dst ::/1', true],
    ['dst 8000::/1', false],
  ])('IPv4 on an AF_INET6 socket: %s: %s', (filter, expected) => {
    expect(mapped(filter)).toBe(expected);
  });

  it.each([
    ['dst 2001:db8::9', true],
    ['dst [2001:db8::9]:443', true],
    ['dst [2001:db8::9]:80', false],
    ['dst 2001:db8::8/127', true],
    ['dst 2001:db8::8', false],
    ['dst 2001:db9::/32', false],
    ['dst ::/0', true],
    ['dst 0.0.0.0/0', false],
  ])('IPv6: %s: %s', (filter, expected) => {
    expect(ipv6(filter)).toBe(expected);
  });

  it.each<[string, SocketFields, boolean]>([
    ['dev if3', { interfaceIndex: 3 }, true],
    ['dev if3', { interfaceIndex: 0 }, false],
    ['dev != if3', { interfaceIndex: 0 }, true],
    ['fwmark 1', { mark: 1 }, true],
    ['fwmark 1', { mark: 3 }, false],
    ['fwmark 1/1', { mark: 3 }, true],
    ['fwmark 0/0', { mark: 3 }, true],
    ['fwmark 2/1', { mark: 3 }, false],
    ['fwmark 0x80000000/0x80000000', { mark: 0xffffffff }, true],
    ['fwmark 0/0', { mark: -1 }, false],
    ['cgroup /cg5', { cgroupId: 5 }, true],
    ['cgroup /cg5', { cgroupId: 6 }, false],
  ])('%s of %j: %s', (filter, fields, expected) => {
    expect(ipv4(filter, fields)).toBe(expected);
  });

  it('autobound takes ports of the range for it', () => {
    expect([selects('autobound', '10.0.0.1:40000', '10.0.0.9:80'), selects('autobound', '10.0.0.1:22', '10.0.0.9:80')]).toEqual([true, false]);
  });
});

describe('needsKernel', () => {
  it.each([
    ['sport 1 and not (dport 2 or src 10/8)', false],
    ['autobound', true],
    ['sport 1 or autobound', true],
    ['autobound and sport 1', true],
    ['not autobound', true],
    ['', false],
  ])('%j: %s', (filter, expected) => {
    expect(needsKernel(parseFilter(filter, madeUpNames).expression)).toBe(expected);
  });
});
