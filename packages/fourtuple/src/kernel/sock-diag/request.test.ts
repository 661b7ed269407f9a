import { describe, expect, it } from 'vitest';
import { Protocol } from '../../model/index.ts';
import { encodeLegacyRequest, encodeRequest, fitsLegacy } from './request.ts';

const states = 0x2401;
const bytecode = Uint8Array.of(6, 4, 8, 0, 6, 4, 8, 0);

describe('the request of sock_diag', () => {
  it('is struct inet_diag_req_v2: family, protocol, states', () => {
    const bytes = encodeRequest({ protocol: Protocol.udp, states }, 10);
    expect(bytes.length).toBe(56);
    expect([...bytes.subarray(0, 8)]).toEqual([10, 17, 0, 0, 0x01, 0x24, 0, 0]);
    expect(bytes.subarray(8).every((byte) => byte === 0)).toBe(true);
  });

  it('is struct inet_diag_req for both families: states behind the socket id', () => {
    const bytes = encodeLegacyRequest({ protocol: Protocol.tcp, states });
    expect(bytes.length).toBe(60);
    expect([...bytes.subarray(52, 60)]).toEqual([0x01, 0x24, 0, 0, 0, 0, 0, 0]);
  });

  it.each([
    ['v2', encodeRequest({ protocol: Protocol.tcp, states, bytecode }, 2), 56],
    ['legacy', encodeLegacyRequest({ protocol: Protocol.tcp, states, bytecode }), 60],
  ])('%s carries a filter as its first attribute', (_, bytes, head) => {
    expect([...bytes.subarray(head)]).toEqual([12, 0, 1, 0, ...bytecode]);
  });

  it('carries no attribute for an empty filter', () => {
    expect(encodeRequest({ protocol: Protocol.tcp, states, bytecode: new Uint8Array(0) }, 2).length).toBe(56);
  });

  it('asks the old way for TCP alone', () => {
    expect([fitsLegacy({ protocol: Protocol.tcp, states }), fitsLegacy({ protocol: Protocol.udp, states })]).toEqual([true, false]);
  });
});
