import { readFileSync } from 'node:fs';
import { KernelError, UnsupportedError } from '../errors.ts';
import { loadFfi } from '../ffi.ts';
import { checked, loadLibc } from '../libc.ts';
import { tracefsRoot } from '../tracefs.ts';
import { loadProgram } from './program.ts';

/** Numbers of perf_event_open(2). */
const numbers: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 298, arm64: 241 };
const PERF_TYPE_TRACEPOINT = 2;
const ATTRIBUTE_BYTES = 64;
const PERF_FLAG_FD_CLOEXEC = 8;
const PERF_EVENT_IOC_SET_BPF = 0x4004_2408;
const PERF_EVENT_IOC_ENABLE = 0x2400;
const EVERY_PROCESS = -1;
/** Of the tracepoint's program there is one for all processors. */
const SOME_PROCESSOR = 0;
const NO_GROUP = -1;

/**
 * Runs a program at each call of a system call, or at each return from it, of all processes. While any is attached, every
 * system call of the host takes longer: entering and leaving the kernel then goes the slow way (some 100 ns).
 * @param event `sys_enter_bind`
 * @returns what ends it
 * @throws UnsupportedError without tracefs, or without CAP_BPF and CAP_PERFMON @throws VerifierError
 */
export function attachToSystemCall(event: string, name: string, code: Uint8Array): () => void {
  const purpose = `the tracepoint of ${event}`;
  const number = numbers[process.arch];
  if (number === undefined) throw new UnsupportedError(purpose, 'Linux on x64 or arm64');
  const libc = loadLibc();
  const program = loadProgram({ name, type: 'tracepoint', code });
  let fd = -1;
  try {
    const attributes = new Uint8Array(ATTRIBUTE_BYTES);
    const view = new DataView(attributes.buffer);
    view.setUint32(0, PERF_TYPE_TRACEPOINT, true);
    view.setUint32(4, ATTRIBUTE_BYTES, true);
    view.setBigUint64(8, BigInt(readId(purpose, event)), true);
    fd = checked('perf_event_open', libc.syscall5(number, loadFfi().address(attributes), EVERY_PROCESS, SOME_PROCESSOR, NO_GROUP, PERF_FLAG_FD_CLOEXEC));
    checked('ioctl(PERF_EVENT_IOC_SET_BPF)', libc.ioctlNumber(fd, PERF_EVENT_IOC_SET_BPF, program));
    checked('ioctl(PERF_EVENT_IOC_ENABLE)', libc.ioctlNumber(fd, PERF_EVENT_IOC_ENABLE, 0));
    return () => libc.close(fd);
  } catch (error) {
    if (fd >= 0) libc.close(fd);
    if (error instanceof KernelError && (error.code === 'EPERM' || error.code === 'EACCES')) throw new UnsupportedError(purpose, 'CAP_PERFMON', error);
    throw error;
  } finally {
    libc.close(program);
  }
}

function readId(purpose: string, event: string): string {
  const path = `${tracefsRoot(purpose)}/events/syscalls/${event}/id`;
  try {
    return readFileSync(path, 'latin1').trim();
  } catch (error) {
    throw new UnsupportedError(purpose, `${path} to be readable (root; a kernel with CONFIG_FTRACE_SYSCALLS)`, error);
  }
}
