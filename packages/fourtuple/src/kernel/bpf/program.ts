import { Errno } from '../errno.ts';
import { UnsupportedError } from '../errors.ts';
import { Attributes, cString } from './attributes.ts';
import { bpf, tryBpf } from './bpf-call.ts';
import { INSTRUCTION_BYTES } from './instruction.ts';
import { VerifierError } from './verifier-error.ts';

/** Types of programs (uapi/linux/bpf.h). */
export const programTypes = { tracepoint: 5, cgroupSocketAddress: 18, tracing: 26 } as const;
/** Where a program is attached: what it is loaded for. */
export const attachTypes = { cgroupConnect4: 10, cgroupConnect6: 11, rawTracepoint: 23, iterator: 28 } as const;

export interface ProgramSpec {
  /** Shown by bpftool, 15 characters. */
  readonly name: string;
  readonly type: keyof typeof programTypes;
  readonly attach?: keyof typeof attachTypes;
  /** Of the kernel's type information: the tracepoint that it is for. */
  readonly attachTypeId?: number;
  readonly code: Uint8Array;
}

/** The helpers that are used ask for a licence that is the kernel's too: the code may be had under the GPL as well. */
const LICENSE = 'Dual MIT/GPL';
const LOG_BYTES = 1 << 20;
const MOST_TRIALS = 20;

/**
 * Loads a program. @returns its descriptor, which the caller closes
 * @throws VerifierError with what the verifier says @throws UnsupportedError for want of privileges, or where the kernel has no such thing
 */
export function loadProgram(spec: ProgramSpec): number {
  let fd = tryBpf('programLoad', attributesOf(spec, undefined));
  // The verifier gives up when a signal comes, as a profiler's do all the time.
  for (let trial = 1; -fd === Errno.EAGAIN && trial < MOST_TRIALS; trial++) fd = tryBpf('programLoad', attributesOf(spec, undefined));
  if (fd >= 0) return fd;
  if (-fd === Errno.EPERM) throw new UnsupportedError(`the BPF program ${spec.name}`, `CAP_BPF and ${spec.type === 'cgroupSocketAddress' ? 'CAP_NET_ADMIN' : 'CAP_PERFMON'}, or CAP_SYS_ADMIN`);
  // Once more, for its reasons.
  const log = new Uint8Array(LOG_BYTES);
  const again = tryBpf('programLoad', attributesOf(spec, log));
  if (again >= 0) return again;
  throw new VerifierError(spec.name, -again, Buffer.from(log.buffer, 0, log.indexOf(0)).toString('latin1'));
}

function attributesOf({ name, type, attach, attachTypeId, code }: ProgramSpec, log: Uint8Array | undefined): Attributes {
  const attributes = new Attributes(120)
    .u32(0, programTypes[type])
    .u32(4, code.length / INSTRUCTION_BYTES)
    .pointer(8, code)
    .pointer(16, cString(LICENSE))
    .name(48, name)
    .u32(68, attach === undefined ? 0 : attachTypes[attach])
    .u32(108, attachTypeId ?? 0);
  return log === undefined ? attributes : attributes.u32(24, 1).u32(28, log.length).pointer(32, log);
}

/**
 * Attaches a program to the iterator that it was loaded for (Linux 5.8).
 * @param pid the process that an iterator over tasks is confined to (Linux 6.1)
 * @returns a descriptor: closed, it is gone
 */
export function attachToIterator(program: number, pid?: number): number {
  const attributes = new Attributes(48).u32(0, program).u32(8, attachTypes.iterator);
  if (pid !== undefined) {
    // union bpf_iter_link_info: the thread, the process, a descriptor of it.
    const confined = new Uint8Array(Uint32Array.of(0, pid, 0, 0).buffer);
    attributes.pointer(16, confined).u32(24, confined.length);
  }
  return bpf('linkCreate', attributes, 'attach a BPF program to its iterator');
}

/** Begins one walk of the network namespace (or process namespace) that this thread is in. @returns a descriptor to read from */
export function beginIteration(link: number): number {
  return bpf('iteratorCreate', new Attributes(8).u32(0, link), 'begin an iteration by BPF');
}

/** Attaches a program to the tracepoint that it was loaded for. @returns a descriptor: closed, it is detached */
export function attachToTracepoint(program: number): number {
  return bpf('rawTracepointOpen', new Attributes(16).u32(8, program), 'attach a BPF program to its tracepoint');
}

/**
 * Attaches a program to a cgroup, beside those that are there (Linux 5.7).
 * @param cgroup descriptor of its directory
 * @returns a descriptor of the link: when the last one is closed, in whatever process, it is detached
 * @throws KernelError
 */
export function attachToCgroup(program: number, cgroup: number, attach: keyof typeof attachTypes): number {
  return bpf('linkCreate', new Attributes(48).u32(0, program).u32(4, cgroup).u32(8, attachTypes[attach]), 'attach a BPF program to a cgroup');
}
