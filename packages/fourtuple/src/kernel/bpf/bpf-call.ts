import { KernelError, UnsupportedError } from '../errors.ts';
import { loadFfi } from '../ffi.ts';
import { loadLibc } from '../libc.ts';
import type { Attributes } from './attributes.ts';

/** Commands of bpf(2) (uapi/linux/bpf.h). */
export const commands = { mapCreate: 0, mapLookup: 1, mapUpdate: 2, programLoad: 5, programNextId: 11, programOfId: 13, mapOfId: 14, objectInfo: 15, rawTracepointOpen: 17, lookupBatch: 24, linkCreate: 28, linkOfId: 30, linkNextId: 31, enableStatistics: 32, iteratorCreate: 33 } as const;
export type BpfCommand = keyof typeof commands;

/** Number of the system call. */
const numbers: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 321, arm64: 280 };

/**
 * bpf(2). @returns its result, or a negative errno
 * @throws UnsupportedError on other processors than x64 and arm64, without koffi, or with FOURTUPLE_NO_BPF=1
 */
export function tryBpf(command: BpfCommand, attributes: Attributes): number {
  if (process.env['FOURTUPLE_NO_BPF'] === '1') throw new UnsupportedError('BPF', 'FOURTUPLE_NO_BPF to be unset');
  const number = process.platform === 'linux' ? numbers[process.arch] : undefined;
  if (number === undefined) throw new UnsupportedError('BPF', 'Linux on x64 or arm64');
  const libc = loadLibc();
  const result = libc.syscall(number, commands[command], loadFfi().address(attributes.bytes), attributes.bytes.length);
  // What the kernel was pointed to is there until here.
  return result < 0 && attributes.kept.length >= 0 ? -libc.errno() : result;
}

/** @throws KernelError */
export function bpf(command: BpfCommand, attributes: Attributes, what: string): number {
  const result = tryBpf(command, attributes);
  if (result < 0) throw new KernelError(what, -result);
  return result;
}
