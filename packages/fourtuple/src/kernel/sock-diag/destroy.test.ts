import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { explainError } from '../../cli/errors.ts';
import { tcp } from '../../../test/contract/hand-made.ts';
import { FakeKernel, refusal } from '../../../test/support/fake-kernel.ts';
import type { SocketCursor } from '../../model/index.ts';
import { KernelError, UnsupportedError } from '../errors.ts';
import { encodeMessage, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR } from '../netlink/message.ts';
import { SocketDestroyer } from './destroy.ts';

const { ENOENT, EPERM, EOPNOTSUPP } = constants.errno;
const acknowledgement = (sequence: number): Uint8Array => encodeMessage(NLMSG_ERROR, 0, sequence, new Uint8Array(20));
const target = (local: string, remote: string): SocketCursor => Object.assign(tcp('timeWait', local, remote), { cookieLow: 0x11, cookieHigh: 0x22 });
const one = target('10.0.0.1:40000', '10.0.0.9:443');

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('SocketDestroyer', () => {
  it('names a socket by its addresses, its device and its cookie', () => {
    const kernel = new FakeKernel(({ sequence }) => [acknowledgement(sequence)]);
    const destroyer = new SocketDestroyer(kernel);
    expect(destroyer.destroy(Object.assign(target('10.0.0.1:40000', '10.0.0.9:443'), { interfaceIndex: 3 }))).toBe('destroyed');
    expect(destroyer.destroy(target('[2001:db8::1]:40000', '[2001:db8::9]:443'))).toBe('destroyed');
    const [four, six] = kernel.requests;
    expect([four!.type, four!.flags, four!.payload.length]).toEqual([21, NLM_F_REQUEST | NLM_F_ACK, 56]);
    // family, protocol; ports and addresses in network order; device and cookie in the host's.
    expect([...four!.payload.subarray(0, 2)]).toEqual([2, 6]);
    expect([...four!.payload.subarray(8, 16)]).toEqual([0x9c, 0x40, 0x01, 0xbb, 10, 0, 0, 1]);
    expect([...four!.payload.subarray(28, 32)]).toEqual([10, 0, 0, 9]);
    expect([...new Uint32Array(four!.payload.slice(44, 56).buffer)]).toEqual([3, 0x11, 0x22]);
    expect([...six!.payload.subarray(0, 2)]).toEqual([10, 6]);
    expect([...six!.payload.subarray(12, 28)]).toEqual([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(four!.sequence).not.toBe(six!.sequence);
  });

  it('what has gone by itself is told', () => {
    expect(new SocketDestroyer(new FakeKernel(({ sequence }) => [refusal(sequence, { errno: ENOENT })])).destroy(one)).toBe('gone');
  });

  it('passes over the late answer to an earlier request', () => {
    const kernel = new FakeKernel(({ sequence }, count) => (count === 1 ? [{ errno: constants.errno.EAGAIN }] : [refusal(sequence - 1, { errno: EPERM }), acknowledgement(sequence)]));
    const destroyer = new SocketDestroyer(kernel);
    expect(() => destroyer.destroy(one)).toThrow(KernelError);
    expect(destroyer.destroy(one)).toBe('destroyed');
  });

  it('EOPNOTSUPP: a kernel that ends no such socket, in words', () => {
    const destroyer = new SocketDestroyer(new FakeKernel(({ sequence }) => [refusal(sequence, { errno: EOPNOTSUPP })]));
    expect(() => destroyer.destroy(one)).toThrow(UnsupportedError);
    expect(explainError(thrownBy(() => destroyer.destroy(one)))).toEqual({ exitCode: 1, text: 'ending sockets of this kind is not available here; it needs a kernel with CONFIG_INET_DIAG_DESTROY (for TIME_WAIT a recent one). "fourtuple doctor" shows what works here.' });
  });

  it('EPERM: not permitted (77)', () => {
    const destroyer = new SocketDestroyer(new FakeKernel(({ sequence }) => [refusal(sequence, { errno: EPERM })]));
    expect(explainError(thrownBy(() => destroyer.destroy(one)))).toMatchObject({ exitCode: 77, text: expect.stringContaining('EPERM') as string });
  });

  it('closes its socket', () => {
    const kernel = new FakeKernel(() => []);
    new SocketDestroyer(kernel).close();
    expect(kernel.isClosed).toBe(true);
  });
});
