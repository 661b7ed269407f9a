import type * as nodeOs from 'node:os';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Address } from '../model/index.ts';
import { SourceError } from './errors.ts';
import { expandSources, type SourceSpec } from './source-list.ts';

vi.mock('node:os', async (load) => {
  const os = await load<typeof nodeOs>();
  return { ...os, networkInterfaces: vi.fn<typeof nodeOs.networkInterfaces>(os.networkInterfaces) };
});

function textsOf(spec: SourceSpec): string[] {
  return expandSources(spec).map(String);
}

function refusal(spec: unknown): string {
  try {
    expandSources(spec as SourceSpec);
  } catch (error) {
    if (error instanceof SourceError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

const octets = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255));

describe('source addresses', () => {
  afterEach(() => {
    vi.mocked(networkInterfaces).mockReset();
  });

  it.each<[SourceSpec, string[]]>([
    ['10.0.0.5', ['10.0.0.5']],
    [' 10.0.0.5 , 10.0.0.6 ,', ['10.0.0.5', '10.0.0.6']],
    [['10.0.0.5', '2001:db8::1'], ['10.0.0.5', '2001:db8::1']],
    ['10.0.0.5-10.0.0.7', ['10.0.0.5', '10.0.0.6', '10.0.0.7']],
    ['10.0.0.5-7', ['10.0.0.5', '10.0.0.6', '10.0.0.7']],
    ['10.0.0.254-10.0.1.1', ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1']],
    ['2001:db8::ffff-2001:db8::1:1', ['2001:db8::ffff', '2001:db8::1:0', '2001:db8::1:1']],
    ['10.0.0.4/30', ['10.0.0.5', '10.0.0.6']],
    ['10.0.0.5/30', ['10.0.0.5', '10.0.0.6']],
    ['10.0.0.4/31', ['10.0.0.4', '10.0.0.5']],
    ['10.0.0.4/32', ['10.0.0.4']],
    ['2001:db8::4/126', ['2001:db8::4', '2001:db8::5', '2001:db8::6', '2001:db8::7']],
    ['10.0.0.5,10.0.0.4/30,10.0.0.5-6', ['10.0.0.5', '10.0.0.6']],
  ])('%j', (spec, expected) => {
    expect(textsOf(spec)).toEqual(expected);
  });

  it.each<[unknown, string]>([
    ['', 'no source address is given'],
    [' , ', 'no source address is given'],
    [[], 'no source address is given'],
    [5, 'source addresses are a text, or a list of texts'],
    [null, 'source addresses are a text, or a list of texts'],
    [['10.0.0.5', 7], 'source addresses are a text, or a list of texts'],
    ['nowhere0', '"nowhere0" is no address, range, prefix or interface of this host'],
    ['constructor', '"constructor" is no address, range, prefix or interface of this host'],
    ['__proto__', '"__proto__" is no address, range, prefix or interface of this host'],
    ['10.0.0.256', '"10.0.0.256" is no address, range, prefix or interface of this host'],
    ['10.0.0.5/33', '"10.0.0.5/33" is no address, range, prefix or interface of this host'],
    ['10.0.0.7-10.0.0.5', '"10.0.0.7-10.0.0.5" is no range of addresses, lowest first'],
    ['10.0.0.7-300', '"10.0.0.7-300" is no range of addresses, lowest first'],
    ['10.0.0.7-2001:db8::1', '"10.0.0.7-2001:db8::1" is no range of addresses, lowest first'],
    ['10.0.0.7-x', '"10.0.0.7-x" is no range of addresses, lowest first'],
    ['0.0.0.0', '"0.0.0.0" is every address, and none to come from'],
    ['::', '"::" is every address, and none to come from'],
    ['::/126', '"::/126" is every address, and none to come from'],
    ['0.0.0.0-1', '"0.0.0.0-1" is every address, and none to come from'],
    ['10.0.0.0-10.1.0.0', '"10.0.0.0-10.1.0.0" has more than 65,536 addresses: name those that this host has'],
    [['10.0.0.0/16', '10.1.0.1', '10.1.0.2', '10.1.0.3'], '"10.1.0.3" has more than 65,536 addresses: name those that this host has'],
    ['10.0.0.0/8', '"10.0.0.0/8" has more than 65,536 addresses: name those that this host has'],
    ['2001:db8::/32', '"2001:db8::/32" has more than 65,536 addresses: name those that this host has'],
  ])('refuses %j in one sentence', (spec, message) => {
    expect(refusal(spec)).toBe(message);
  });

  it('the name of an interface stands for its addresses, but not for those of its link', () => {
    vi.mocked(networkInterfaces).mockReturnValue({
      'eth0-1': [
        { address: '192.0.2.7', family: 'IPv4', netmask: '', mac: '', internal: false, cidr: null },
        { address: '2001:db8::7', family: 'IPv6', netmask: '', mac: '', internal: false, cidr: null, scopeid: 0 },
        { address: 'fe80::7', family: 'IPv6', netmask: '', mac: '', internal: false, cidr: null, scopeid: 3 },
      ],
      eth1: [{ address: 'fe80::8', family: 'IPv6', netmask: '', mac: '', internal: false, cidr: null, scopeid: 4 }],
    });
    expect(textsOf('eth0-1')).toEqual(['192.0.2.7', '2001:db8::7']);
    expect(refusal('eth1')).toBe('the interface "eth1" has no address that reaches beyond its link');
  });

  it('a range has all addresses between its ends, each once', () => {
    fc.assert(
      fc.property(octets, fc.nat(300), ([a, b, c, d], length) => {
        const low = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
        const expected = Array.from({ length: length + 1 }, (_, index) => Address.fromIpv4((low + index) >>> 0).toString());
        expect(textsOf(`${expected[0]}-${expected.at(-1)}`)).toEqual(expected);
      }),
    );
  });

  it('a prefix has the addresses of its network without the first and the last', () => {
    fc.assert(
      fc.property(octets, fc.integer({ min: 20, max: 30 }), ([a, b, c, d], bits) => {
        const address = `${a}.${b}.${c}.${d}`;
        const found = expandSources(`${address}/${bits}`);
        const size = 2 ** (32 - bits);
        const network = Math.floor((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / size) * size;
        expect(found).toHaveLength(size - 2);
        expect([found[0]!.w3, found.at(-1)!.w3]).toEqual([network + 1, network + size - 2]);
      }),
    );
  });

  it('any text names addresses, or is refused in one line', () => {
    const piece = fc.constantFrom('10.0.0.', '5', '-', '/', ',', ' ', '::', 'ffff', '%lo', '1', '255', 'x', '2001:db8::', '.', '\n');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))), (text) => {
        let message = '';
        let count = 1;
        try {
          count = expandSources(text).length;
        } catch (error) {
          if (!(error instanceof SourceError)) throw error;
          ({ message } = error);
        }
        expect(count).toBeGreaterThan(0);
        expect(message.replaceAll(text.trim(), '')).not.toMatch(/undefined|NaN|\[object/);
      }),
      { numRuns: 500 },
    );
  });
});
