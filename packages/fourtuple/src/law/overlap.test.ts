import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress } from '../../test/contract/hand-made.ts';
import { anyPlace, placeOf } from '../../test/support/law-hand-made.ts';
import type { Truth } from './holder.ts';
import { meets, type BoundAddress } from './overlap.ts';

const tcp = (asker: string, holder: string): Truth => meets(placeOf(asker), placeOf(holder), 'tcp');
const udp = (asker: string, holder: string): Truth => meets(placeOf(asker), placeOf(holder), 'udp');

describe('meets', () => {
  it.each<[string, string, string, Truth]>([
    ['the same IPv4 address', '10.0.0.1', '10.0.0.1', true],
    ['two IPv4 addresses', '10.0.0.1', '10.0.0.2', false],
    ['0.0.0.0 and an IPv4 address', '0.0.0.0', '10.0.0.1', true],
    ['0.0.0.0 twice', '0.0.0.0', '0.0.0.0', true],
    ['a mapped address is IPv4', '::ffff:10.0.0.1/6', '10.0.0.1', true],
    ['two mapped addresses', '::ffff:10.0.0.1/6', '::ffff:10.0.0.2/6', false],
    ['0.0.0.0 and a mapped address', '0.0.0.0', '::ffff:10.0.0.1/6', true],
    ['the mapped wildcard and an IPv4 address', '::ffff:0.0.0.0/6', '10.0.0.1', true],
    ['the mapped wildcard and a mapped address', '::ffff:0.0.0.0/6', '::ffff:10.0.0.1/6', true],
    ['the mapped wildcard and [::] IPv6 only', '::ffff:0.0.0.0/6', '::/only', false],
    ['[::] and an IPv4 address', '::/6', '10.0.0.1', true],
    ['[::] and 0.0.0.0', '::/6', '0.0.0.0', true],
    ['[::] and a mapped address', '::/6', '::ffff:10.0.0.1/6', true],
    ['[::] and an IPv6 address', '::/6', '2001:db8::1/6', true],
    ['[::] and an IPv6 address that is IPv6 only', '::/6', '2001:db8::1/only', true],
    ['[::] IPv6 only and an IPv4 address', '::/only', '10.0.0.1', false],
    ['[::] IPv6 only and 0.0.0.0', '::/only', '0.0.0.0', false],
    ['[::] IPv6 only and a mapped address', '::/only', '::ffff:10.0.0.1/6', false],
    ['[::] IPv6 only and an IPv6 address', '::/only', '2001:db8::1/6', true],
    ['[::] IPv6 only twice', '::/only', '::/only', true],
    ['[::] and [::] IPv6 only', '::/6', '::/only', true],
    ['0.0.0.0 and an address that is IPv6 only', '0.0.0.0', '::1/only', false],
    ['an IPv4 address and an IPv6 address', '10.0.0.1', '::1/6', false],
    ['two IPv6 addresses', '2001:db8::1/6', '2001:db8::2/6', false],
  ])('%s: the same from both sides, for TCP and for UDP', (_, left, right, expected) => {
    expect([tcp(left, right), tcp(right, left), udp(left, right), udp(right, left)]).toEqual([expected, expected, expected, expected]);
  });

  it.each<[string, string, string, Truth, Truth]>([
    ['0.0.0.0 and a connection of ::1, whose connect() left it open to IPv4', '0.0.0.0', '::1/6', true, false],
    ['0.0.0.0 and another IPv6 address that is open to IPv4', '0.0.0.0', '2001:db8::1/6', true, false],
    ['[::ffff:0.0.0.0] and a connection of ::1', '::ffff:0.0.0.0/6', '::1/6', false, false],
  ])('%s: not the same from the other side', (_, asker, holder, there, back) => {
    expect([tcp(asker, holder), tcp(holder, asker)]).toEqual([there, back]);
    expect([udp(asker, holder), udp(holder, asker)]).toEqual([there, back]);
  });

  it.each<[string, string, string, Truth]>([
    ['0.0.0.0 and ::1', '0.0.0.0', '::1/?', undefined],
    ['an IPv4 address and [::]', '10.0.0.1', '::/?', undefined],
    ['a mapped address and [::]', '::ffff:10.0.0.1/6', '::/?', undefined],
    ['[::] and an IPv4 address', '::/?', '10.0.0.1', undefined],
    ['[::] and 0.0.0.0', '::/?', '0.0.0.0', undefined],
    ['[::] and an IPv6 address: no matter', '::/?', '::1/?', true],
    ['[::] twice: no matter', '::/?', '::/?', true],
    ['the same IPv6 address: no matter', '::1/?', '::1/?', true],
    ['two IPv6 addresses: no matter', '::1/?', '2001:db8::1/?', false],
    ['0.0.0.0 and a mapped address, which no IPv6-only socket has', '0.0.0.0', '::ffff:10.0.0.1/?', true],
  ])('not known whether it is IPv6 only, %s', (_, asker, holder, expected) => {
    expect([tcp(asker, holder), udp(asker, holder)]).toEqual([expected, expected]);
  });

  it('UDP alone takes an IPv6 address that is open to IPv4 for 127.0.0.6', () => {
    expect([udp('127.0.0.6', '::1/6'), udp('127.0.0.6', '2001:db8::1/6'), udp('127.0.0.6', '::1/?')]).toEqual([true, true, undefined]);
    expect([udp('127.0.0.6', '::1/only'), udp('127.0.0.1', '::1/6'), udp('::ffff:127.0.0.6/6', '::1/6'), udp('::1/6', '127.0.0.6')]).toEqual([false, false, false, false]);
    expect(tcp('127.0.0.6', '::1/6')).toBe(false);
  });
});

const anyProtocol = fc.constantFrom('tcp' as const, 'udp' as const);
/** Places with a meaning of their own, and any others. */
const anyBound: fc.Arbitrary<BoundAddress> = fc.oneof(
  anyPlace,
  fc.record({ address: anyAddress, isIpv6: fc.boolean(), v6Only: fc.boolean() }).map(({ address, isIpv6, v6Only }) => {
    const isIpv6Socket = isIpv6 || !address.isIpv4;
    return { address, isIpv6Socket, v6Only: isIpv6Socket && !address.isIpv4 && v6Only };
  }),
);

describe('meets, of any two', () => {
  it('that have the same address: always', () => {
    fc.assert(
      fc.property(anyBound, fc.boolean(), anyProtocol, (bound, isMapped, protocol) => {
        const other = bound.address.isIpv4 ? { ...bound, isIpv6Socket: isMapped } : { ...bound, v6Only: isMapped };
        expect(meets(bound, other, protocol)).toBe(true);
      }),
    );
  });

  it('of which one is IPv6 only and the other has an IPv4 address: never', () => {
    fc.assert(
      fc.property(anyBound, anyBound, anyProtocol, (left, right, protocol) => {
        fc.pre(left.address.isIpv4 && right.isIpv6Socket && !right.address.isIpv4);
        const only = { ...right, v6Only: true };
        expect([meets(left, only, protocol), meets(only, left, protocol)]).toEqual([false, false]);
      }),
    );
  });

  it('that have addresses of their own: only when those are equal, or by UDP’s 127.0.0.6', () => {
    fc.assert(
      fc.property(anyBound, anyBound, anyProtocol, (asker, holder, protocol) => {
        fc.pre(!asker.address.isUnspecified && !holder.address.isUnspecified);
        fc.pre(protocol === 'tcp' || asker.address.toString() !== '127.0.0.6');
        expect(meets(asker, holder, protocol)).toBe(asker.address.equals(holder.address));
      }),
    );
  });

  it('of one family: the same from both sides', () => {
    fc.assert(
      fc.property(anyBound, anyBound, anyProtocol, (left, right, protocol) => {
        fc.pre(left.address.isIpv4 === right.address.isIpv4);
        expect(meets(left, right, protocol)).toBe(meets(right, left, protocol));
      }),
    );
  });

  it('not known says what both answers say, and nothing where they differ', () => {
    const ways = ({ v6Only, ...bound }: BoundAddress, isUnknown: boolean): BoundAddress[] => (isUnknown && bound.isIpv6Socket && !bound.address.isIpv4 ? [false, true].map((one) => ({ ...bound, v6Only: one })) : [{ ...bound, v6Only }]);
    fc.assert(
      fc.property(anyBound, anyBound, fc.boolean(), fc.boolean(), anyProtocol, (asker, holder, isAskerUnknown, isHolderUnknown, protocol) => {
        const hidden = (bound: BoundAddress, isUnknown: boolean): BoundAddress => (isUnknown && bound.isIpv6Socket ? { ...bound, v6Only: undefined } : bound);
        const answers = new Set(ways(asker, isAskerUnknown).flatMap((left) => ways(holder, isHolderUnknown).map((right) => meets(left, right, protocol))));
        expect(meets(hidden(asker, isAskerUnknown), hidden(holder, isHolderUnknown), protocol)).toBe(answers.size === 1 ? [...answers][0] : undefined);
      }),
    );
  });
});
