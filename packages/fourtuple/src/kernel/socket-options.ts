import type { SharingOptions, SocketDescriptor } from '../model/process.ts';
import { KernelError } from './errors.ts';
import { AF_INET6, getOption, IPV6_V6ONLY, SO_REUSEADDR, SO_REUSEPORT, SOL_IPV6, SOL_SOCKET, setOption } from './libc.ts';
import { withForeignDescriptor } from './pidfd.ts';

/** Reads the options of another process's socket, which sock_diag does not tell. @throws KernelError, see {@link withForeignDescriptor}. */
export function readSharingOptions(descriptor: SocketDescriptor, family: number): SharingOptions {
  return withForeignDescriptor(descriptor, (socket) => ({
    reuseAddress: (getOption(socket, SOL_SOCKET, SO_REUSEADDR) ?? 0) !== 0,
    reusePort: (getOption(socket, SOL_SOCKET, SO_REUSEPORT) ?? 0) !== 0,
    v6Only: family === AF_INET6 ? (getOption(socket, SOL_IPV6, IPV6_V6ONLY) ?? 0) !== 0 : undefined,
  }));
}

/** Sets SO_REUSEADDR on another process's socket. @throws KernelError */
export function allowAddressReuse(descriptor: SocketDescriptor, isAllowed: boolean): void {
  withForeignDescriptor(descriptor, (socket) => {
    const errno = setOption(socket, SOL_SOCKET, SO_REUSEADDR, isAllowed ? 1 : 0);
    if (errno !== 0) throw new KernelError('setsockopt(SO_REUSEADDR)', errno);
  });
}
