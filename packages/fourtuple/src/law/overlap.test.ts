import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress } from '../../test/contract/hand-made.ts';
import { Address } from '../model/index.ts';
import { addressesOverlap, type BoundAddress } from './overlap.ts';

/** `A` an address of an AF_INET socket, `A/6` of a dual-stack one, `A/only` of one with IPV6_V6ONLY. */
function bound(text: string): BoundAddress {
  const [address, kind] = text.split('/');
  return { address: Address.parse(address!)!, isIpv6Socket: kind !== undefined, v6Only: kind === 'only' };
}

const overlap = (left: string, right: string): boolean => addressesOverlap(bound(left), bound(right));

describe('addressesOverlap (measured: kernel-facts.md, 3.1 and 3.2)', () => {
  it.each([
    ['the same IPv4 address', '10.0.0.1', '10.0.0.1', true],
    ['two IPv4 addresses', '10.0.0.1', '10.0.0.2', false],
    ['0.0.0.0 and an IPv4 address', '0.0.0.0', '10.0.0.1', true],
    ['0.0.0.0 twice', '0.0.0.0', '0.0.0.0', true],
    ['a mapped address is IPv4', '::ffff:10.0.0.1/6', '10.0.0.1', true],
    ['0.0.0.0 and a mapped address', '0.0.0.0', '::ffff:10.0.0.1/6', true],
    ['[::] dual and an IPv4 address', '::/6', '10.0.0.1', true],
    ['[::] dual and 0.0.0.0', '::/6', '0.0.0.0', true],
    ['[::] dual and an IPv6 address', '::/6', '2001:db8::1/6', true],
    ['[::] dual and a v6only address', '::/6', '2001:db8::1/only', true],
    ['[::] v6only and an IPv4 address', '::/only', '10.0.0.1', false],
    ['[::] v6only and 0.0.0.0', '::/only', '0.0.0.0', false],
    ['[::] v6only and a mapped address', '::/only', '::ffff:10.0.0.1/6', false],
    ['[::] v6only and an IPv6 address', '::/only', '2001:db8::1/6', true],
    ['[::] v6only twice', '::/only', '::/only', true],
    ['[::] dual and v6only', '::/6', '::/only', true],
    ['0.0.0.0 and a dual-stack socket on ::1', '0.0.0.0', '::1/6', true],
    ['0.0.0.0 and a v6only socket on ::1', '0.0.0.0', '::1/only', false],
    ['an IPv4 address and a dual-stack socket on ::1', '127.0.0.1', '::1/6', false],
    ['two IPv6 addresses', '2001:db8::1/6', '2001:db8::2/6', false],
  ])('%s', (_, left, right, expected) => {
    expect(overlap(left, right)).toBe(expected);
    expect(overlap(right, left)).toBe(expected);
  });

  const anyBound = fc.record({ address: anyAddress, isIpv6: fc.boolean(), v6Only: fc.boolean() }).map(({ address, isIpv6, v6Only }) => {
    const isIpv6Socket = isIpv6 || !address.isIpv4;
    return { address, isIpv6Socket, v6Only: isIpv6Socket && !address.isIpv4 && v6Only };
  });

  it('is symmetric', () => {
    fc.assert(
      fc.property(anyBound, anyBound, (left, right) => {
        expect(addressesOverlap(left, right)).toBe(addressesOverlap(right, left));
      }),
    );
  });

  it('two addresses that are no wildcards meet only when they are equal', () => {
    fc.assert(
      fc.property(anyBound, anyBound, (left, right) => {
        fc.pre(!left.address.isUnspecified && !right.address.isUnspecified);
        expect(addressesOverlap(left, right)).toBe(left.address.equals(right.address));
      }),
    );
  });
});
