import { Errno } from '../errno.ts';
import { KernelError, UnsupportedError } from '../errors.ts';
import { NETLINK_SOCK_DIAG } from '../libc.ts';
import { openKernelSocket, type KernelSocket } from '../netlink/kernel-socket.ts';
import { encodeMessage, HOST_LITTLE_ENDIAN, NLM_F_ACK, NLM_F_REQUEST, readMessages } from '../netlink/message.ts';
import type { SocketCursor } from '../../model/socket-cursor.ts';

const SOCK_DESTROY = 21;
const REQUEST_BYTES = 56;

export type DestroyOutcome = 'destroyed' | 'gone';

/**
 * Ends sockets of a namespace (SOCK_DESTROY, net/core/sock_diag.c, what `ss -K` does): a TIME_WAIT frees its port at once,
 * the owner of a connection gets ECONNABORTED. Each is named by its addresses and its cookie, so that another socket on
 * the same addresses is never hit.
 */
export class SocketDestroyer {
  readonly #socket: KernelSocket;
  #sequence = 1;

  /** Must be made inside the namespace. */
  constructor(socket: KernelSocket = openKernelSocket(NETLINK_SOCK_DIAG)) {
    this.#socket = socket;
  }

  /** @throws UnsupportedError (a kernel without CONFIG_INET_DIAG_DESTROY, or one that ends no TIME_WAIT), KernelError (EPERM). */
  destroy(target: SocketCursor): DestroyOutcome {
    const sequence = this.#sequence++;
    this.#socket.send(encodeMessage(SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, sequence, encodeTarget(target)));
    const bytes = new Uint8Array(8192);
    const view = new DataView(bytes.buffer);
    try {
      const outcome = { done: false, interrupted: false, heard: 0 };
      while (!outcome.done) readMessages(view, this.#socket.receive(bytes), sequence, 'SOCK_DESTROY', { message: () => undefined }, outcome);
      return 'destroyed';
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.errno === Errno.ENOENT) return 'gone';
      if (error.errno === Errno.EOPNOTSUPP) throw new UnsupportedError('ending sockets of this kind', 'a kernel with CONFIG_INET_DIAG_DESTROY (for TIME_WAIT a recent one)', error);
      throw error;
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** struct inet_diag_req_v2 with the id of one socket. */
function encodeTarget(target: SocketCursor): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = target.family;
  bytes[1] = target.protocol;
  view.setUint32(4, 0xffff_ffff, HOST_LITTLE_ENDIAN);
  view.setUint16(8, target.localPort);
  view.setUint16(10, target.remotePort);
  const isIpv4 = target.family === 2;
  const local = isIpv4 ? [target.local3] : [target.local0, target.local1, target.local2, target.local3];
  const remote = isIpv4 ? [target.remote3] : [target.remote0, target.remote1, target.remote2, target.remote3];
  local.forEach((word, index) => view.setUint32(12 + index * 4, word));
  remote.forEach((word, index) => view.setUint32(28 + index * 4, word));
  view.setUint32(44, target.interfaceIndex, HOST_LITTLE_ENDIAN);
  view.setUint32(48, target.cookieLow, HOST_LITTLE_ENDIAN);
  view.setUint32(52, target.cookieHigh, HOST_LITTLE_ENDIAN);
  return bytes;
}
