import { describe, expect, it } from 'vitest';
import { askerAt } from '../../test/support/law-hand-made.ts';
import { traitsOfRelease } from '../model/index.ts';
import { BindBucket } from './bucket.ts';
import type { PortSocket, Truth } from './holder.ts';

const explicit = (): { isConnectChosen: boolean } => ({ isConnectChosen: false });
const chosen = (): { isConnectChosen: boolean } => ({ isConnectChosen: true });

function bucketAfter(...bound: PortSocket[]): BindBucket {
  const bucket = new BindBucket();
  for (const socket of bound) bucket.bind(socket, explicit());
  return bucket;
}

describe('BindBucket', () => {
  it('is empty before anybody came and after everybody left', () => {
    const bucket = new BindBucket();
    const member = explicit();
    expect(bucket.isEmpty).toBe(true);
    bucket.bind(askerAt('10.0.0.1', 'P'), member);
    expect([bucket.isEmpty, bucket.user]).toEqual([false, 0]);
    bucket.leave(member);
    expect([bucket.isEmpty, bucket.letsIn(askerAt('10.0.0.1', 'P'))]).toEqual([true, false]);
  });

  it('counts a socket once that binds and then listens', () => {
    const bucket = new BindBucket();
    const member = explicit();
    bucket.bind(askerAt('10.0.0.1'), member);
    bucket.bind(askerAt('10.0.0.1'), member);
    bucket.leave(member);
    expect(bucket.isEmpty).toBe(true);
  });

  it.each<[string, PortSocket, PortSocket, boolean]>([
    ['the same again', askerAt('10.0.0.1', 'P'), askerAt('10.0.0.1', 'P'), true],
    ['without SO_REUSEPORT', askerAt('10.0.0.1', 'P'), askerAt('10.0.0.1', 'R'), false],
    ['another user', askerAt('10.0.0.1', 'P'), askerAt('10.0.0.1', 'P', { uid: 1000 }), false],
    ['another address', askerAt('10.0.0.1', 'P'), askerAt('10.0.0.2', 'P'), false],
    ['the wildcard, of an address remembered: a wildcard that asks covers nothing', askerAt('10.0.0.1', 'P'), askerAt('0.0.0.0', 'P'), false],
    ['an address, of the wildcard remembered', askerAt('0.0.0.0', 'P'), askerAt('10.0.0.1', 'P'), true],
    ['a mapped address, of its IPv4 form remembered', askerAt('10.0.0.1', 'P'), askerAt('::ffff:10.0.0.1/6', 'P'), true],
    ['[::] dual-stack, of 0.0.0.0 remembered', askerAt('0.0.0.0', 'P'), askerAt('::/6', 'P'), true],
    ['[::] IPv6 only, of 0.0.0.0 remembered', askerAt('0.0.0.0', 'P'), askerAt('::/only', 'P'), false],
    ['an IPv4 address, of [::] remembered', askerAt('::/6', 'P'), askerAt('10.0.0.1', 'P'), true],
    ['an IPv4 address, of [::] IPv6 only remembered', askerAt('::/only', 'P'), askerAt('10.0.0.1', 'P'), false],
    ['an IPv6 address, of [::] IPv6 only remembered', askerAt('::/only', 'P'), askerAt('::1/only', 'P'), true],
    ['an IPv6 address, of an IPv4 address remembered', askerAt('10.0.0.1', 'P'), askerAt('::1/only', 'P'), false],
    ['an IPv4 address, of its mapped form remembered', askerAt('::ffff:10.0.0.1/6', 'P'), askerAt('10.0.0.1', 'P'), true],
    ['an IPv4 address, of the mapped wildcard remembered', askerAt('::ffff:0.0.0.0/6', 'P'), askerAt('10.0.0.1', 'P'), true],
    ['the same IPv6 address', askerAt('::1/only', 'P'), askerAt('::1/only', 'P'), true],
    ['another IPv6 address', askerAt('::1/only', 'P'), askerAt('2001:db8::1/only', 'P'), false],
  ])('lets in %s', (_, first, next, expected) => {
    expect(bucketAfter(first).letsIn(next)).toBe(expected);
  });

  it('remembers nothing of SO_REUSEADDR', () => {
    expect(bucketAfter(askerAt('10.0.0.1', 'R')).letsIn(askerAt('10.0.0.1', 'R'))).toBe(false);
  });

  it('forgets with the first socket that binds without SO_REUSEPORT', () => {
    expect(bucketAfter(askerAt('10.0.0.1', 'P'), askerAt('10.0.0.2')).letsIn(askerAt('10.0.0.1', 'P'))).toBe(false);
  });

  it('keeps the wider address that it has, and takes the one that it does not cover', () => {
    expect(bucketAfter(askerAt('0.0.0.0', 'P'), askerAt('10.0.0.1', 'P')).letsIn(askerAt('10.0.0.2', 'P'))).toBe(true);
    const moved = bucketAfter(askerAt('10.0.0.1', 'P'), askerAt('10.0.0.2', 'P'));
    expect([moved.letsIn(askerAt('10.0.0.2', 'P')), moved.letsIn(askerAt('10.0.0.1', 'P'))]).toEqual([true, false]);
  });

  it('remembers beyond the socket that made it so, while an explicit one stays', () => {
    const bucket = new BindBucket();
    const member = explicit();
    bucket.bind(askerAt('10.0.0.1', 'R'), explicit());
    bucket.bind(askerAt('10.0.0.1', 'RP'), member);
    bucket.leave(member);
    expect(bucket.letsIn(askerAt('10.0.0.1', 'P'))).toBe(true);
  });

  it('forgets when none but connect-chosen ones remain', () => {
    const bucket = new BindBucket();
    const member = explicit();
    bucket.join(chosen());
    bucket.bind(askerAt('10.0.0.1', 'P'), member);
    expect(bucket.letsIn(askerAt('10.0.0.1', 'P'))).toBe(true);
    bucket.leave(member);
    expect([bucket.isEmpty, bucket.letsIn(askerAt('10.0.0.1', 'P'))]).toEqual([false, false]);
  });

  it('is not changed by who comes with connect() or accept()', () => {
    const bucket = bucketAfter(askerAt('10.0.0.1', 'P'));
    bucket.join(chosen());
    bucket.join(explicit());
    expect(bucket.letsIn(askerAt('10.0.0.1', 'P'))).toBe(true);
  });

  it('pays no heed to somebody who leaves and never was there', () => {
    const bucket = bucketAfter(askerAt('10.0.0.1', 'P'));
    bucket.leave(explicit());
    expect(bucket.letsIn(askerAt('10.0.0.1', 'P'))).toBe(true);
  });

  it.each<[string, PortSocket, PortSocket, Truth]>([
    ['whether the new one has SO_REUSEPORT', askerAt('10.0.0.1', 'P'), askerAt('10.0.0.1', 'p'), undefined],
    ['whether the new one has SO_REUSEPORT, at an address that is not covered', askerAt('10.0.0.1', 'P'), askerAt('10.0.0.2', 'p'), false],
    ['whose the new one is', askerAt('10.0.0.1', 'P'), askerAt('10.0.0.1', 'P', { uid: undefined }), undefined],
    ['whose the old one is', askerAt('10.0.0.1', 'P', { uid: undefined }), askerAt('10.0.0.1', 'P'), undefined],
    ['whose either is', askerAt('10.0.0.1', 'P', { uid: undefined }), askerAt('10.0.0.1', 'P', { uid: undefined }), undefined],
    ['whether the old one had SO_REUSEPORT', askerAt('10.0.0.1', 'p'), askerAt('10.0.0.1', 'P'), undefined],
    ['whether the old one had SO_REUSEPORT, and the new one has it not', askerAt('10.0.0.1', 'p'), askerAt('10.0.0.1'), false],
    ['whether the old one is IPv6 only', askerAt('::/?', 'P'), askerAt('10.0.0.1', 'P'), undefined],
    ['whether the new one is IPv6 only', askerAt('0.0.0.0', 'P'), askerAt('::/?', 'P'), undefined],
  ])('not known: %s', (_, first, next, expected) => {
    expect(bucketAfter(first).letsIn(next)).toBe(expected);
  });

  it('knows again after a socket without SO_REUSEPORT', () => {
    const bucket = bucketAfter(askerAt('10.0.0.1', 'p'), askerAt('10.0.0.1'));
    expect([bucket.user, bucket.letsIn(askerAt('10.0.0.1', 'P'))]).toEqual([undefined, false]);
  });

  it.each([
    ['6.18.0', false],
    ['6.12.117', true],
  ])('on %s still remembers when connections alone remain: %s', (release, expected) => {
    const bucket = new BindBucket(traitsOfRelease(release));
    const server = explicit();
    bucket.join(chosen());
    bucket.bind(askerAt('10.0.0.1', 'P'), server);
    bucket.leave(server);
    expect(bucket.letsIn(askerAt('10.0.0.1', 'P'))).toBe(expected);
  });

  it('may be forgotten when accepted connections alone remain', () => {
    const bucket = new BindBucket();
    const server = explicit();
    bucket.join({ isConnectChosen: false, isAccepted: true });
    bucket.bind(askerAt('10.0.0.1', 'P'), server);
    bucket.leave(server);
    expect([bucket.letsIn(askerAt('10.0.0.1', 'P')), bucket.letsIn(askerAt('10.0.0.1', 'R'))]).toEqual([undefined, false]);
  });
});
