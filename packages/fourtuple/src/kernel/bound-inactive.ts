import { Address } from '../model/address.ts';
import { Protocol } from '../model/protocol.ts';
import { BOUND_INACTIVE_BIT } from '../model/tcp-state.ts';
import { AF_INET, checked, loadLibc, SOCK_CLOEXEC, SOCK_STREAM } from './libc.ts';
import { kernelAtLeast } from './release.ts';
import { decodeSockaddr, encodeSockaddr } from './sockaddr.ts';
import { SockDiagSource } from './sock-diag/source.ts';
import { readAll } from './socket-source.ts';

let boundInactive: boolean | undefined;

/** Whether sock_diag reports bound, unconnected sockets: assumed from 6.8 on, asked of older kernels (backports). */
export function seesBoundInactive(): boolean {
  boundInactive ??= kernelAtLeast(6, 8) || tryBoundInactive();
  return boundInactive;
}

function tryBoundInactive(): boolean {
  try {
    return askBoundInactive();
  } catch {
    return false;
  }
}

/** Binds a socket of our own and looks for it. */
export function askBoundInactive(): boolean {
  const libc = loadLibc();
  const fd = checked('socket(AF_INET, SOCK_STREAM)', libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  try {
    const sockaddr = encodeSockaddr(Address.loopbackIpv4, 0, AF_INET);
    checked('bind(127.0.0.1:0)', libc.bind(fd, sockaddr, sockaddr.length));
    const bytes = new Uint8Array(28);
    checked('getsockname', libc.getsockname(fd, bytes, new Uint8Array(Uint32Array.of(28).buffer)));
    const { port } = decodeSockaddr(bytes);
    let seen = false;
    const source = new SockDiagSource(true);
    try {
      const sink = { accept: (socket: { localPort: number }) => (seen ||= socket.localPort === port), reset: () => (seen = false) };
      readAll(source.read({ protocol: Protocol.tcp, states: BOUND_INACTIVE_BIT }, sink));
    } finally {
      source.close();
    }
    return seen;
  } finally {
    libc.close(fd);
  }
}
