import { constants } from 'node:os';
import { KernelError } from '../errors.ts';
import { loadLibc } from '../libc.ts';
import { Attributes } from './attributes.ts';
import { bpf, tryBpf } from './bpf-call.ts';

const types = { hash: 1, array: 2, lruHash: 9 } as const;
const BATCH = 1024;

export interface MapSpec {
  readonly name: string;
  readonly type: keyof typeof types;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
}

/** Memory of the kernel that programs write, and this process reads. */
export class BpfMap {
  readonly fd: number;
  readonly spec: MapSpec;

  /** @throws KernelError */
  constructor(spec: MapSpec) {
    this.spec = spec;
    const { type, keyBytes, valueBytes, maxEntries, name } = spec;
    this.fd = bpf('mapCreate', new Attributes(72).u32(0, types[type]).u32(4, keyBytes).u32(8, valueBytes).u32(12, maxEntries).name(28, name), `make the BPF map ${name}`);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.spec.valueBytes);
    const result = tryBpf('mapLookup', new Attributes(32).u32(0, this.fd).pointer(8, key).pointer(16, value));
    if (result === 0) return value;
    if (-result === constants.errno.ENOENT) return undefined;
    throw new KernelError(`look into the BPF map ${this.spec.name}`, -result);
  }

  /** All entries, as they are at about this time: a batch a call. What programs add meanwhile may be there or not. */
  entries(): [key: Uint8Array, value: Uint8Array][] {
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
      const result = tryBpf('lookupBatch', attributes);
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

  close(): void {
    loadLibc().close(this.fd);
  }
}
