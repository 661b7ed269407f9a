import { Errno } from '../errno.ts';
import { KernelError, UnsupportedError } from '../errors.ts';
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

  /**
   * @param fd of a map that is there; without it one is made
   * @throws KernelError
   */
  constructor(spec: MapSpec, fd = createMap(spec)) {
    this.spec = spec;
    this.fd = fd;
  }

  /** @throws KernelError */
  set(key: Uint8Array, value: Uint8Array): void {
    bpf('mapUpdate', new Attributes(32).u32(0, this.fd).pointer(8, key).pointer(16, value), `write to the BPF map ${this.spec.name}`);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.spec.valueBytes);
    const result = tryBpf('mapLookup', new Attributes(32).u32(0, this.fd).pointer(8, key).pointer(16, value));
    if (result === 0) return value;
    if (-result === Errno.ENOENT) return undefined;
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
      if (-result === Errno.ENOSPC) {
        size *= 2;
        continue;
      }
      if (result !== 0 && -result !== Errno.ENOENT) throw new KernelError(`read the BPF map ${name}`, -result);
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

function createMap({ type, keyBytes, valueBytes, maxEntries, name }: MapSpec): number {
  return bpf('mapCreate', new Attributes(72).u32(0, types[type]).u32(4, keyBytes).u32(8, valueBytes).u32(12, maxEntries).name(28, name), `make the BPF map ${name}`);
}

const INFO_BYTES = 88;

/** struct bpf_map_info */
function readSpec(fd: number): MapSpec {
  const info = new Uint8Array(INFO_BYTES);
  bpf('objectInfo', new Attributes(16).u32(0, fd).u32(4, info.length).pointer(8, info), 'ask about a BPF map');
  const view = new DataView(info.buffer);
  const word = (at: number): number => view.getUint32(at, true);
  const name = Buffer.from(info.subarray(24, 40)).toString('latin1');
  const type = (Object.keys(types) as (keyof typeof types)[]).find((kind) => types[kind] === word(0)) ?? 'hash';
  return { type, keyBytes: word(8), valueBytes: word(12), maxEntries: word(16), name: name.slice(0, name.indexOf('\0')) };
}

/**
 * Opens the map of that id, whoever made it, for the caller to close.
 * @returns undefined when it is gone
 * @throws UnsupportedError without CAP_SYS_ADMIN
 */
export function openMap(id: number): BpfMap | undefined {
  const fd = tryBpf('mapOfId', new Attributes(12).u32(0, id));
  if (-fd === Errno.ENOENT) return undefined;
  if (-fd === Errno.EPERM) throw new UnsupportedError('looking at the BPF maps of other processes', 'CAP_SYS_ADMIN');
  if (fd < 0) throw new KernelError('open a BPF map', -fd);
  return new BpfMap(readSpec(fd), fd);
}
