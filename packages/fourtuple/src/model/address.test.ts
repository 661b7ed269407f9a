import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress } from '../../test/contract/hand-made.ts';
import { Address, endpointText, isLoopbackWords } from './address.ts';

const text = (input: string): string | undefined => Address.parse(input)?.toString();

describe('Address: canonical text (RFC 5952)', () => {
  it.each([
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::AaAa', '2001:db8::aaaa'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::192.0.2.1', '::c000:201'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['0.0.0.0', '0.0.0.0'],
  ])('%s is written %s', (input, canonical) => {
    expect(text(input)).toBe(canonical);
  });

  it.each(['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1'])('%s is the IPv4 address 192.0.2.1', (input) => {
    const address = Address.parse(input)!;
    expect(address.equals(Address.parse('192.0.2.1')!)).toBe(true);
    expect(address.family).toBe(4);
    expect(address.toString()).toBe('192.0.2.1');
    expect(address.toMappedString()).toBe('::ffff:192.0.2.1');
  });
});

describe('Address: refused text', () => {
  it.each(['010.0.0.1', '10.00.0.1', '127.1', '127', '0x7f.1', '0x7f.0.0.1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.-4', ' 1.2.3.4', '1.2.3.4 ', '1.2.3.4\n', '１.2.3.4', ''])('%j', (input) => {
    expect(Address.parse(input)).toBeUndefined();
  });

  it.each([':', ':::', '1:::2', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::12345', 'g::', '1.2.3.4::', '::1.2.3', '::1.2.3.04', '::1.2.3.4:5', 'fe80::1%', 'fe80::1%a b', 'fe80::1%a/b', 'fe80::1%a%b', '[::1]', '1.2.3.4%eth0', '%eth0'])('%j', (input) => {
    expect(Address.parse(input)).toBeUndefined();
  });

  it('a mapped address with a zone (IPv4 has none, and the text 10.0.0.1%eth0 that it prints cannot be read back)', () => {
    expect(text('::ffff:10.0.0.1%eth0')).toBeUndefined();
  });
});

describe('Address: parsing', () => {
  it('gives back what toString() wrote, for every address', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(Address.parse(address.toString())?.equals(address)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives back every zone', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9._@-]{1,15}$/), (zone) => {
        const address = new Address(0xfe800000, 0, 0, 1, zone);
        expect(Address.parse(address.toString())?.equals(address)).toBe(true);
        expect(address.equals(new Address(0xfe800000, 0, 0, 1))).toBe(false);
      }),
    );
  });

  it('accepts what node:net accepts, and nothing else', () => {
    const valid = fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), fc.ipV6().map((address) => `${address}%eth0`));
    const characters = fc.constantFrom(...Array.from('0123456789abcdefABCDEFgx:.%/ -'));
    const mutated = fc.tuple(valid, fc.nat(60), fc.nat(2), characters).map(([address, at, deleted, inserted]) => address.slice(0, at) + inserted + address.slice(at + deleted));
    const random = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef:.%')), maxLength: 45 });
    fc.assert(
      fc.property(fc.oneof(valid, mutated, random), (input) => {
        // A zone is any name of an interface here, of a narrower alphabet in node:net.
        fc.pre(!/%.*[^0-9a-zA-Z.:-]/.test(input));
        expect([input, Address.parse(input) !== undefined]).toEqual([input, isIP(input) !== 0]);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads the bytes that it writes', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const bytes = address.toBytes();
        expect(bytes.length).toBe(address.isIpv4 ? 4 : 16);
        expect(Address.fromBytes(bytes).equals(address)).toBe(true);
      }),
    );
  });

  it.each([0, 3, 5, 15, 17])('refuses %i bytes', (length) => {
    expect(() => Address.fromBytes(new Uint8Array(length))).toThrow(RangeError);
  });

  it('reads bytes in the middle of a buffer', () => {
    expect(Address.fromBytes(Uint8Array.of(9, 9, 10, 0, 0, 1, 9).subarray(2, 6)).toString()).toBe('10.0.0.1');
  });
});

describe('Address: meaning', () => {
  const is = (property: 'isLoopback' | 'isUnspecified' | 'isLinkLocal' | 'isIpv4', input: string): boolean => Address.parse(input)![property];

  it.each([
    ['127.0.0.1', true],
    ['127.255.255.255', true],
    ['::ffff:127.9.9.9', true],
    ['::1', true],
    ['126.255.255.255', false],
    ['128.0.0.1', false],
    ['::2', false],
    ['::127.0.0.1', false],
    ['1::1', false],
  ])('%s is loopback: %s', (input, expected) => {
    expect(is('isLoopback', input)).toBe(expected);
    const { w0, w1, w2, w3 } = Address.parse(input)!;
    expect(isLoopbackWords(w0, w1, w2, w3)).toBe(expected);
  });

  it.each([
    ['0.0.0.0', true],
    ['::', true],
    ['::ffff:0.0.0.0', true],
    ['0.0.0.1', false],
    ['::1', false],
    ['1::', false],
    ['::1:0:0', false],
  ])('%s is the wildcard: %s', (input, expected) => {
    expect(is('isUnspecified', input)).toBe(expected);
  });

  it.each([
    ['fe80::1', true],
    ['febf::1', true],
    ['fec0::1', false],
    ['fe7f::1', false],
    ['169.254.1.1', false],
  ])('%s is link-local: %s', (input, expected) => {
    expect(is('isLinkLocal', input)).toBe(expected);
  });

  it('orders IPv4 before IPv6, and as numbers, not as text', () => {
    const sorted = ['::1', '10.0.0.10', '9.0.0.1', '::', '255.0.0.1', '2001:db8::a', '2001:db8::9'].map((input) => Address.parse(input)!).sort((left, right) => left.compare(right));
    expect(sorted.map(String)).toEqual(['9.0.0.1', '10.0.0.10', '255.0.0.1', '::', '::1', '2001:db8::9', '2001:db8::a']);
  });

  it('compares antisymmetrically, and equal only to itself', () => {
    fc.assert(
      fc.property(anyAddress, anyAddress, (left, right) => {
        expect(Math.sign(left.compare(right)) + Math.sign(right.compare(left))).toBe(0);
        expect(left.compare(right) === 0).toBe(left.equals(right));
      }),
    );
  });
});

describe('endpointText', () => {
  it.each([
    ['10.0.0.1', 80, '10.0.0.1:80'],
    ['::1', 443, '[::1]:443'],
    ['0.0.0.0', 0, '0.0.0.0:*'],
    ['2001:db8::7', 'many', '[2001:db8::7]:many'],
  ])('%s and %s are written %s', (address, port, expected) => {
    expect(endpointText(Address.parse(address)!, port)).toBe(expected);
  });
});
