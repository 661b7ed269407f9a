import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress } from '../../test/contract/hand-made.ts';
import { Address } from './address.ts';
import { parsePrefix, prefixContains, prefixContainsWords } from './prefix.ts';

const contains = (prefix: string, address: string): boolean => prefixContains(parsePrefix(prefix)!, Address.parse(address)!);

/** The 128 bits as one number. */
const bitsOf = ({ w0, w1, w2, w3 }: Address): bigint => (BigInt(w0) << 96n) | (BigInt(w1) << 64n) | (BigInt(w2) << 32n) | BigInt(w3);

describe('parsePrefix', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0', 8],
    ['10/8', '10.0.0.0', 8],
    ['192.168/16', '192.168.0.0', 16],
    ['192.168.1/24', '192.168.1.0', 24],
    ['10.1.2.3', '10.1.2.3', 32],
    ['0.0.0.0/0', '0.0.0.0', 0],
    ['2001:db8::/32', '2001:db8::', 32],
    ['::/0', '::', 0],
    ['::1', '::1', 128],
    ['fe80::1%eth0/64', 'fe80::1%eth0', 64],
    ['::ffff:10.0.0.0/104', '10.0.0.0', 8],
    ['::ffff:10.0.0.0/128', '10.0.0.0', 32],
  ])('reads %s', (text, address, bits) => {
    const prefix = parsePrefix(text)!;
    expect([prefix.address.toString(), prefix.bits]).toEqual([address, bits]);
  });

  it.each(['', '/', '10', '10.0', '10/', '/8', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', '010/8', '10.0.0.0/8 ', '10.0.0.0/0x8', '256/8', '1.2.3.4.5/8', 'localhost/8'])('refuses %j', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });
});

describe('prefixContains', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['10.1.2.3/32', '10.1.2.3', true],
    ['10.1.2.3/31', '10.1.2.2', true],
    ['10.1.2.3/32', '10.1.2.2', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '10.0.0.1', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['2001:db8::/64', '2001:db8::ffff:ffff:ffff:ffff', true],
    ['2001:db8::/64', '2001:db8:0:1::', false],
    ['::1/128', '::1', true],
    ['::1/128', '::', false],
  ])('%s holds %s: %s', (prefix, address, expected) => {
    expect(contains(prefix, address)).toBe(expected);
  });

  it('agrees with arithmetic on 128 bits', () => {
    const flipped = fc.tuple(anyAddress, fc.nat(127)).map(([address, bit]) => {
      const words = [address.w0, address.w1, address.w2, address.w3];
      words[bit >>> 5] = (words[bit >>> 5]! ^ (1 << (31 - (bit & 31)))) >>> 0;
      return [address, new Address(words[0]!, words[1]!, words[2]!, words[3]!)] as const;
    });
    fc.assert(
      fc.property(flipped, fc.nat(128), ([block, address], wanted) => {
        const bits = block.isIpv4 ? wanted % 33 : wanted;
        const width = BigInt(block.isIpv4 ? bits + 96 : bits);
        const expected = block.isIpv4 === address.isIpv4 && (width === 0n || bitsOf(block) >> (128n - width) === bitsOf(address) >> (128n - width));
        const prefix = { address: block, bits };
        expect(prefixContains(prefix, address)).toBe(expected);
        expect(prefixContainsWords(prefix, address.w0, address.w1, address.w2, address.w3)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
