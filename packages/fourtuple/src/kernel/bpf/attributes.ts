import { loadFfi } from '../ffi.ts';

/** The union bpf_attr of one call: zeros, and what is put in. Keeps what it points to. */
export class Attributes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #kept: Uint8Array[] = [];

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value >>> 0, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  pointer(offset: number, target: Uint8Array): this {
    this.#kept.push(target);
    return this.u64(offset, loadFfi().address(target));
  }

  /** A name as the kernel takes it: 15 characters, letters, digits, dot and underscore. */
  name(offset: number, name: string): this {
    this.bytes.set(Buffer.from(name.replaceAll(/[^\w.]/g, '_').slice(0, 15), 'latin1'), offset);
    return this;
  }

  readU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** What the attributes point to, so that it lives as long as they do. */
  get kept(): readonly Uint8Array[] {
    return this.#kept;
  }
}

/** Bytes of a string as C has it. */
export function cString(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${text}\0`, 'latin1'));
}
