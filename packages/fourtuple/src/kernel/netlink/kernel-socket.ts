import { AF_NETLINK, MSG_TRUNC, NETLINK_EXT_ACK, SOCK_CLOEXEC, SOCK_RAW, SOL_NETLINK, SOL_SOCKET, SO_RCVTIMEO, checked, loadLibc, setOption } from '../libc.ts';
import { Errno } from '../errno.ts';
import { KernelError, MalformedMessageError } from '../errors.ts';

/**
 * A netlink socket, in four methods, so that a test can be the kernel.
 * It speaks for ever for the network namespace in which it was made.
 */
export interface KernelSocket {
  send(message: Uint8Array): void;
  /** Waits for the next datagram. @returns its length. @throws KernelError, e.g. ENOBUFS when messages were lost. */
  receive(buffer: Uint8Array): number;
  close(): void;
}

/** An answer that takes longer than this is taken for lost. */
const RECEIVE_TIMEOUT_SECONDS = 30;

/** @throws KernelError when the socket cannot be made (e.g. EPROTONOSUPPORT without CONFIG_INET_DIAG). */
export function openKernelSocket(protocol: number): KernelSocket {
  const libc = loadLibc();
  const fd = checked('socket(AF_NETLINK)', libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  // Best effort: an older kernel without extended acks still answers with an errno.
  setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(BigInt64Array.of(BigInt(RECEIVE_TIMEOUT_SECONDS), 0n).buffer), 16);
  let isOpen = true;
  const ensureOpen = (operation: string): void => {
    if (!isOpen) throw new KernelError(operation, Errno.EBADF);
  };
  return {
    send(message) {
      ensureOpen('send(AF_NETLINK)');
      checked('send(AF_NETLINK)', libc.send(fd, message, message.length, 0));
    },
    receive(buffer) {
      ensureOpen('recv(AF_NETLINK)');
      const length = checked('recv(AF_NETLINK)', libc.recv(fd, buffer, buffer.length, MSG_TRUNC));
      if (length > buffer.length) throw new MalformedMessageError(`a netlink datagram of ${length} bytes was cut to ${buffer.length}`);
      return length;
    },
    close() {
      // The number may be somebody else's by now.
      if (isOpen) libc.close(fd);
      isOpen = false;
    },
  };
}
