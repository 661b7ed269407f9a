import { constants } from 'node:os';
import { KernelError } from '../errors.ts';
import { loadFfi } from '../ffi.ts';
import { loadLibc } from '../libc.ts';
import { Attributes } from './attributes.ts';
import { bpf, tryBpf } from './bpf-call.ts';

const types = { hash: 1, array: 2, perProcessorArray: 6, lruHash: 9 } as const;
const BPF_F_MMAPABLE = 1 << 10;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const FAILED = 0xffff_ffff_ffff_ffffn;
const PAGE_BYTES = 4096;
const BATCH = 1024;

export interface MapSpec {
  readonly name: string;
  readonly type: keyof typeof types;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
  /** Whether the process may see it as memory; of arrays. */
  readonly isMapped?: boolean;
}

/** Memory of the kernel that programs and this process share. */
export class BpfMap {
  readonly fd: number;
  readonly spec: MapSpec;
  #address: bigint | undefined;

  /** @throws KernelError */
  constructor(spec: MapSpec) {
    this.spec = spec;
    const { type, keyBytes, valueBytes, maxEntries, isMapped = false, name } = spec;
    this.fd = bpf('mapCreate', new Attributes(72).u32(0, types[type]).u32(4, keyBytes).u32(8, valueBytes).u32(12, maxEntries).u32(16, isMapped ? BPF_F_MMAPABLE : 0).name(28, name), `make the BPF map ${name}`);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.spec.valueBytes);
    const result = tryBpf('mapLookup', new Attributes(32).u32(0, this.fd).pointer(8, key).pointer(16, value));
    if (result === 0) return value;
    if (-result === constants.errno.ENOENT) return undefined;
    throw new KernelError(`look into the BPF map ${this.spec.name}`, -result);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    bpf('mapUpdate', new Attributes(32).u32(0, this.fd).pointer(8, key).pointer(16, value), `write to the BPF map ${this.spec.name}`);
  }

  /** All entries, as they are at about this time: a batch a call. What programs add meanwhile may be there or not. */
  entries(): [key: Uint8Array, value: Uint8Array][] {
    return this.#batches('lookupBatch');
  }

  /** All entries, each taken out at once: nothing that a program counts is lost or counted twice. */
  takeAll(): [key: Uint8Array, value: Uint8Array][] {
    return this.#batches('lookupAndDeleteBatch');
  }

  #batches(command: 'lookupBatch' | 'lookupAndDeleteBatch'): [Uint8Array, Uint8Array][] {
    const { keyBytes, valueBytes, name } = this.spec;
    const found: [Uint8Array, Uint8Array][] = [];
    let size = BATCH;
    let position: Uint8Array | undefined;
    for (;;) {
      const keys = new Uint8Array(size * keyBytes);
      const values = new Uint8Array(size * valueBytes);
      const next = new Uint8Array(Math.max(4, keyBytes));
      const attributes = new Attributes(56).pointer(8, next).pointer(16, keys).pointer(24, values).u32(32, size).u32(36, this.fd);
      if (position !== undefined) attributes.pointer(0, position);
      const result = tryBpf(command, attributes);
      // A bucket of the hash has more entries than there is room: once more with more.
      if (-result === constants.errno.ENOSPC) {
        size *= 2;
        continue;
      }
      if (result !== 0 && -result !== constants.errno.ENOENT) throw new KernelError(`read the BPF map ${name}`, -result);
      const count = attributes.readU32(32);
      for (let index = 0; index < count; index++) found.push([keys.slice(index * keyBytes, (index + 1) * keyBytes), values.slice(index * valueBytes, (index + 1) * valueBytes)]);
      if (result !== 0) return found;
      position = next;
    }
  }

  /** The values of an array as memory, which programs see at once. */
  memory(): ArrayBuffer {
    const length = this.#mappedBytes;
    this.#address ??= BigInt.asUintN(64, BigInt(loadLibc().mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED, this.fd, 0)));
    if (this.#address === FAILED) throw new KernelError(`map the memory of the BPF map ${this.spec.name}`, loadLibc().errno());
    return loadFfi().view(this.#address, this.spec.maxEntries * this.spec.valueBytes);
  }

  get #mappedBytes(): number {
    const { maxEntries, valueBytes } = this.spec;
    return Math.ceil((maxEntries * Math.ceil(valueBytes / 8) * 8) / PAGE_BYTES) * PAGE_BYTES;
  }

  close(): void {
    loadLibc().close(this.fd);
  }
}
