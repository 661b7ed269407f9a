import { fstatSync } from 'node:fs';
import type { SocketDescriptor } from '../model/process.ts';
import { Errno } from './errno.ts';
import { KernelError } from './errors.ts';
import { loadLibc } from './libc.ts';

/** System calls newer than 5.1 have one number on every architecture. */
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

/**
 * Runs work on a duplicate of another process's descriptor (pidfd_open(2), 5.3, and pidfd_getfd(2), 5.6): the same
 * socket, so its options can be read and set. The process notices nothing.
 * @throws KernelError: EPERM without the right to trace the process, ESRCH or EBADF when it or its descriptor is gone or
 * another one's by now, ENOSYS.
 */
export function withForeignDescriptor<T>({ pid, fd: descriptor, inode }: SocketDescriptor, work: (fd: number) => T): T {
  const libc = loadLibc();
  const pidfd = called('pidfd_open', libc.syscall(SYS_pidfd_open, pid, 0, 0));
  try {
    const fd = called('pidfd_getfd', libc.syscall(SYS_pidfd_getfd, pidfd, descriptor, 0));
    try {
      if (fstatSync(fd).ino !== inode) throw new KernelError('pidfd_getfd', Errno.EBADF);
      return work(fd);
    } finally {
      libc.close(fd);
    }
  } finally {
    libc.close(pidfd);
  }
}

function called(operation: string, result: number): number {
  if (result < 0) throw new KernelError(operation, loadLibc().errno());
  return result;
}
