import { closeSync } from 'node:fs';
import { KernelError, UnsupportedError } from '../errors.ts';
import { loadLibc } from '../libc.ts';
import { kernelAtLeast } from '../release.ts';
import { READ_BYTES, readSome, type TwoReaders } from '../two-readers.ts';
import type { Btf } from './btf.ts';
import { attachToIterator, beginIteration, loadProgram } from './program.ts';
import { typesOfKernel } from './state-tracepoint.ts';

export type IteratorName = 'tcp' | 'udp' | 'task_file';

/** A program that the kernel runs for each of its sockets, or each descriptor of each process, when it is read. */
export class BpfIterator {
  readonly #program: number;
  readonly #link: number;

  /**
   * @param make the program for this kernel
   * @throws UnsupportedError without CAP_BPF and CAP_PERFMON, or where the kernel has no such iterator @throws VerifierError
   */
  constructor(iterator: IteratorName, name: string, make: (types: Btf) => Uint8Array) {
    const types = typesOfKernel();
    const target = types.find('function', `bpf_iter_${iterator}`);
    if (target === undefined) throw new UnsupportedError(`the BPF iterator ${iterator}`, 'Linux 5.9');
    this.#program = loadProgram({ name, type: 'tracing', attach: 'iterator', attachTypeId: target, code: make(types) });
    try {
      this.#link = attachToIterator(this.#program);
    } catch (error) {
      loadLibc().close(this.#program);
      throw error;
    }
  }

  /** Begins a walk of the namespace that this thread is in. It may go on elsewhere. @returns a descriptor, which {@link walk} closes */
  begin(): number {
    return beginIteration(this.#link);
  }

  /**
   * Walks to the end, pausing after each read.
   * @param take gets what the program wrote: whole records
   * @param bytes to read at a time, a multiple of a record's: short ones take long to be written, thousands of them
   */
  *walk(fd: number, take: (bytes: Uint8Array, length: number) => void = () => undefined, bytes = READ_BYTES): Generator<void> {
    const buffer = new Uint8Array(bytes);
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

  /**
   * The same by two threads.
   * @param processes those to walk, each by itself; undefined for all in one walk
   */
  *walkByTwo(readers: TwoReaders, processes: readonly number[] | undefined, take: (bytes: Uint8Array, length: number) => void): Generator<void> {
    yield* readers.read((index) => (processes === undefined ? this.begin() : this.#beginOf(processes[index]!)), processes?.length ?? 1, take);
  }

  /** Walks processes one after the other, each by itself. */
  *walkEach(processes: readonly number[], take: (bytes: Uint8Array, length: number) => void): Generator<void> {
    for (const pid of processes) yield* this.walk(this.#beginOf(pid), take);
  }

  /** Whether a walk can be confined to a process (Linux 6.1). */
  canConfine(): boolean {
    if (!kernelAtLeast(6, 1)) return false;
    try {
      closeSync(this.#beginOf(process.pid));
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    }
  }

  /** Begins a walk of one process. */
  #beginOf(pid: number): number {
    const link = attachToIterator(this.#program, pid);
    try {
      return beginIteration(link);
    } finally {
      loadLibc().close(link);
    }
  }

  close(): void {
    loadLibc().close(this.#link);
    loadLibc().close(this.#program);
  }
}
