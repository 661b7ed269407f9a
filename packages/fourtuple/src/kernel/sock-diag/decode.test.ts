import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySocket, tcp, udp } from '../../../test/contract/hand-made.ts';
import { encodeSocket } from '../../../test/support/fake-kernel.ts';
import { SocketCursor, TcpState } from '../../model/index.ts';
import { MalformedMessageError } from '../errors.ts';
import { encodeAttribute } from '../netlink/message.ts';
import { decodeSocket, DIAG_MESSAGE_BYTES, isTimeWaitBucket } from './decode.ts';

function decode(bytes: Uint8Array, protocol = 6, into = new SocketCursor()): SocketCursor {
  into.protocol = protocol;
  // In the middle of a buffer, as in a datagram.
  const buffer = new Uint8Array(bytes.length + 24).fill(0xee);
  buffer.set(bytes, 16);
  decodeSocket(new DataView(buffer.buffer), 16, bytes.length, into);
  return into;
}

/** A socket as the kernel could report it: an AF_INET one has IPv4 addresses, timers and interfaces are signed. */
const reported = anySocket.map((socket) => {
  if (socket.family === 2) {
    socket.local0 = socket.local1 = socket.remote0 = socket.remote1 = 0;
    socket.local2 = socket.remote2 = 0xffff;
  }
  socket.expiresMs &= 0x7fffffff;
  socket.interfaceIndex &= 0x7fffffff;
  if (socket.state === 12 || (socket.protocol === 17 && socket.state === 13)) socket.state = 1;
  if (socket.protocol === 6 && socket.state === TcpState.close) socket.state = TcpState.boundInactive;
  return socket;
});

describe('decodeSocket', () => {
  it('reads back every field of every socket', () => {
    fc.assert(
      fc.property(reported, (socket) => {
        expect(decode(encodeSocket(socket), socket.protocol)).toEqual(socket);
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves nothing of the socket before', () => {
    const cursor = decode(encodeSocket(tcp('listen', '[::]:80', undefined, { v6Only: 1, mark: 7, cgroupId: 9, noPort: 1, inode: 5 })));
    decode(encodeSocket(tcp('established', '10.0.0.1:80', '10.0.0.2:90')), 6, cursor);
    expect(cursor).toMatchObject({ v6Only: -1, mark: -1, cgroupId: 0, noPort: -1, inode: 0, local0: 0, local2: 0xffff });
  });

  it('skips attributes that it does not know, in any place', () => {
    const socket = tcp('established', '10.0.0.1:80', '10.0.0.2:90', { noPort: 1, mark: 3 });
    const unknown = [encodeAttribute(999, Uint8Array.of(1, 2, 3)), encodeAttribute(8, Uint8Array.of(0)), encodeAttribute(4, new TextEncoder().encode('cubic\0'))];
    expect(decode(encodeSocket(socket, unknown))).toEqual(decode(encodeSocket(socket)));
  });

  it('does not take attributes that are too short for a value', () => {
    const socket = tcp('established', '10.0.0.1:80', '10.0.0.2:90');
    const short = [encodeAttribute(21, new Uint8Array(4)), encodeAttribute(22, new Uint8Array(1)), encodeAttribute(15, new Uint8Array(2)), encodeAttribute(11, new Uint8Array(0))];
    expect(decode(encodeSocket(socket, short))).toMatchObject({ cgroupId: 0, noPort: -1, mark: -1, v6Only: -1 });
  });

  it('calls a bound TCP socket so, and leaves an unconnected UDP one closed', () => {
    expect(decode(encodeSocket(tcp('boundInactive', '10.0.0.1:80'))).state).toBe(TcpState.boundInactive);
    expect(decode(encodeSocket(udp('10.0.0.1:80')), 17).state).toBe(TcpState.close);
  });

  it('reads a cgroup id beyond 32 bits', () => {
    expect(decode(encodeSocket(tcp('listen', '0.0.0.0:80', undefined, { cgroupId: 2 ** 40 + 5 }))).cgroupId).toBe(2 ** 40 + 5);
  });

  it.each([0, 1, 71])('refuses a record of %i bytes', (length) => {
    expect(() => decode(new Uint8Array(length))).toThrow(MalformedMessageError);
  });

  it.each([0, 3, 9, 0xffff])('refuses an attribute of %i bytes where there are 8', (length) => {
    const bytes = new Uint8Array(DIAG_MESSAGE_BYTES + 8);
    new DataView(bytes.buffer).setUint16(DIAG_MESSAGE_BYTES, length, true);
    expect(() => decode(bytes)).toThrow(MalformedMessageError);
  });

  it('does not mind up to three bytes of padding at the end', () => {
    const bytes = encodeSocket(tcp('listen', '0.0.0.0:80'));
    expect(decode(Uint8Array.of(...bytes, 0, 0, 0)).localPort).toBe(80);
  });
});

describe('isTimeWaitBucket', () => {
  it.each([
    ['TIME_WAIT', tcp('timeWait', '10.0.0.1:80', '10.0.0.2:90'), true],
    ["an orphan's FIN_WAIT2", tcp('finWait2', '10.0.0.1:80', '10.0.0.2:90', { timer: 3 }), true],
    ['a FIN_WAIT2 that still has its socket', tcp('finWait2', '10.0.0.1:80', '10.0.0.2:90', { inode: 5 }), false],
    ['ESTABLISHED that is not accepted yet', tcp('established', '10.0.0.1:80', '10.0.0.2:90'), false],
  ])('%s: %s', (_, socket, expected) => {
    expect(isTimeWaitBucket(socket)).toBe(expected);
  });
});
