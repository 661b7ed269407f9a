import { readFileSync, writeFileSync } from 'node:fs';
import { CLONE_NEWNET, loadLibc, checked, SOCK_CLOEXEC } from '../../src/kernel/libc.ts';
import { UnsupportedError } from '../../src/kernel/errors.ts';

/** Why live tests cannot run here, or undefined when they can. */
export function liveTestObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  try {
    loadLibc();
  } catch (error) {
    return error instanceof UnsupportedError ? error.message : String(error);
  }
  if (process.getuid?.() !== 0) return 'making a network namespace takes root';
  return undefined;
}

/** Moves this thread into a fresh network namespace with loopback up; it dies with the process. */
export function enterFreshNamespace(): void {
  const libc = loadLibc();
  checked('unshare(CLONE_NEWNET)', libc.unshare(CLONE_NEWNET));
  loopbackUp();
}

/** SIOCSIFFLAGS on lo. */
export function loopbackUp(): void {
  setInterfaceFlags('lo', 0x1 | 0x40);
}

function setInterfaceFlags(name: string, flags: number): void {
  const libc = loadLibc();
  const fd = checked('socket', libc.socket(2, 2 | SOCK_CLOEXEC, 0));
  const request = new Uint8Array(40);
  new TextEncoder().encodeInto(name, request);
  new DataView(request.buffer).setInt16(16, flags, true);
  try {
    checked('ioctl(SIOCSIFFLAGS)', ioctl(fd, 0x8914, request));
  } finally {
    libc.close(fd);
  }
}

function ioctl(fd: number, request: number, argument: Uint8Array): number {
  return loadLibc().ioctl(fd, request, argument);
}

export function setSysctl(name: string, value: string | number): void {
  writeFileSync(`/proc/sys/net/${name}`, String(value));
}

export function getSysctl(name: string): string {
  return readFileSync(`/proc/sys/net/${name}`, 'latin1').trim();
}
