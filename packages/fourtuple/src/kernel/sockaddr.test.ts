import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress } from '../../test/contract/hand-made.ts';
import { Address } from '../model/index.ts';
import { decodeSockaddr, encodeSockaddr } from './sockaddr.ts';

describe('sockaddr', () => {
  it('reads back every address and port', () => {
    fc.assert(
      fc.property(anyAddress, fc.integer({ min: 0, max: 65_535 }), (address, port) => {
        const decoded = decodeSockaddr(encodeSockaddr(address, port, address.isIpv4 ? 2 : 10));
        expect(decoded.address.equals(address)).toBe(true);
        expect(decoded.port).toBe(port);
      }),
    );
  });

  it('puts an IPv4 address into an AF_INET6 socket in its mapped form', () => {
    const bytes = encodeSockaddr(Address.loopbackIpv4, 80, 10);
    expect([...bytes.subarray(8, 24)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1]);
    expect(decodeSockaddr(bytes).address.toString()).toBe('127.0.0.1');
  });

  it('is struct sockaddr_in: family in host order, port in network order', () => {
    expect([...encodeSockaddr(Address.fromIpv4(0x0a000001), 0x1234, 2)]).toEqual([2, 0, 0x12, 0x34, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('is struct sockaddr_in6 of 28 bytes, with its scope', () => {
    const bytes = encodeSockaddr(Address.loopbackIpv6, 80, 10, 3);
    expect([bytes.length, bytes[24]]).toEqual([28, 3]);
  });
});
