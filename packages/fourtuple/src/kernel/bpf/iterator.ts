import { closeSync, readSync } from 'node:fs';
import { errnoOf, UnsupportedError } from '../errors.ts';
import { loadLibc } from '../libc.ts';
import type { Btf } from './btf.ts';
import { attachToIterator, beginIteration, loadProgram } from './program.ts';
import { typesOfKernel } from './state-tracepoint.ts';

/** The kernel fills at most 32 KiB a read. */
const BUFFER_BYTES = 32_768;

export type IteratorName = 'tcp' | 'udp' | 'task_file';

/** A program that the kernel runs for each of its sockets, or each descriptor of each process, when it is read. */
export class BpfIterator {
  readonly #link: number;

  /**
   * @param make the program for this kernel
   * @throws UnsupportedError without CAP_BPF and CAP_PERFMON, or where the kernel has no such iterator @throws VerifierError
   */
  constructor(iterator: IteratorName, name: string, make: (types: Btf) => Uint8Array) {
    const types = typesOfKernel();
    const target = types.find('function', `bpf_iter_${iterator}`);
    if (target === undefined) throw new UnsupportedError(`the BPF iterator ${iterator}`, 'Linux 5.9');
    const program = loadProgram({ name, type: 'tracing', attach: 'iterator', attachTypeId: target, code: make(types) });
    try {
      this.#link = attachToIterator(program);
    } finally {
      loadLibc().close(program);
    }
  }

  /** Begins a walk of the namespace that this thread is in. It may go on elsewhere. @returns a descriptor, which {@link walk} closes */
  begin(): number {
    return beginIteration(this.#link);
  }

  /** Walks to the end, pausing after each read. @param take gets what the program wrote: whole records */
  *walk(fd: number, take: (bytes: Uint8Array, length: number) => void = () => undefined): Generator<void> {
    const buffer = new Uint8Array(BUFFER_BYTES);
    try {
      for (;;) {
        const length = readSome(fd, buffer);
        if (length === 0) return;
        if (length > 0) take(buffer, length);
        yield;
      }
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    loadLibc().close(this.#link);
  }
}

/** @returns 0 at the end, -1 when the kernel pauses: after a million objects for which nothing was written */
function readSome(fd: number, buffer: Uint8Array): number {
  try {
    return readSync(fd, buffer);
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return -1;
    throw error;
  }
}
