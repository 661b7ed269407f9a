import { readFileSync } from 'node:fs';
import { MalformedMessageError } from '../errors.ts';

/** Kinds of types (uapi/linux/btf.h). */
export const btfKinds = { int: 1, pointer: 2, array: 3, struct: 4, union: 5, enum: 6, forward: 7, typedef: 8, volatile: 9, const: 10, restrict: 11, function: 12, prototype: 13, variable: 14, section: 15, float: 16, declarationTag: 17, typeTag: 18, enum64: 19 } as const;
export type BtfKind = keyof typeof btfKinds;

const kindNames = Object.keys(btfKinds) as BtfKind[];

const KINDS = kindNames.length + 1;
/** Words of a type by its kind: those that it always has, and those for each of its parts. */
const fixedWords = Uint8Array.of(3, 4, 3, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3, 4, 3, 3);
const eachWords = Uint8Array.of(0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3);

const MAGIC = 0xeb9f;
const TYPE_BYTES = 12;
const POINTER_BYTES = 8;
/** Deeper than any type of the kernel: a longer chain is a circle. */
const MOST_STEPS = 64;

/** Where a field is in its structure. */
export interface FieldPlace {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** For a bit field: its first bit, from the least significant one of the byte at the offset, and its width. */
  readonly bits: { readonly first: number; readonly width: number } | undefined;
}

export interface BtfMember {
  /** Empty for an anonymous structure or union. */
  readonly name: string;
  readonly typeId: number;
  readonly bitOffset: number;
  /** 0 for what is no bit field. */
  readonly bitWidth: number;
}

/** The type information of a kernel (BTF): what its structures look like. Only what is asked for is looked at. */
export class Btf {
  readonly #view: DataView;
  readonly #strings: Buffer;
  /** Where each type begins, by its id; 0 is void. */
  readonly #places: Uint32Array;
  readonly #kinds: Uint8Array;
  readonly #found = new Map<string, number | undefined>();

  /** @throws MalformedMessageError for bytes that are none */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < 24 || this.#view.getUint16(0, true) !== MAGIC) throw new MalformedMessageError('these bytes are no type information (BTF) of a little-endian machine');
    const headerLength = this.#view.getUint32(4, true);
    const [typeOffset, typeLength, stringOffset, stringLength] = [8, 12, 16, 20].map((at) => this.#view.getUint32(at, true)) as [number, number, number, number];
    const typesBegin = headerLength + typeOffset;
    const stringsBegin = headerLength + stringOffset;
    if (typesBegin + typeLength > bytes.byteLength || stringsBegin + stringLength > bytes.byteLength) throw new MalformedMessageError('the type information ends before its types or its names do');
    this.#strings = Buffer.from(bytes.buffer, bytes.byteOffset + stringsBegin, stringLength);
    [this.#places, this.#kinds] = this.#index(typesBegin, typesBegin + typeLength);
  }

  /** There are 130,000 types: this is run once, before V8 has compiled it, so it is written in few steps. */
  #index(begin: number, end: number): [Uint32Array, Uint8Array] {
    const words = this.#words(begin, end);
    // No type is shorter than this.
    const places = new Uint32Array(Math.floor((end - begin) / TYPE_BYTES) + 1);
    const kinds = new Uint8Array(places.length);
    const last = words.length;
    let id = 1;
    for (let at = 0; at < last; id++) {
      const info = words[at + 1] ?? 0;
      const kind = (info >>> 24) & 0x1f;
      if (kind === 0 || kind >= KINDS) throw new MalformedMessageError(at + TYPE_BYTES / 4 > last ? `type ${id} of the type information is cut off` : `type ${id} of the type information is of an unknown kind (${kind})`);
      places[id] = begin + at * 4;
      kinds[id] = kind;
      at += fixedWords[kind]! + eachWords[kind]! * (info & 0xffff);
      if (at > last) throw new MalformedMessageError(`type ${id} of the type information is cut off`);
    }
    return [places.subarray(0, id), kinds.subarray(0, id)];
  }

  /** A section in words of the host, which are little-endian where there is BPF for fourtuple. */
  #words(begin: number, end: number): Uint32Array {
    const { buffer, byteOffset } = this.#view;
    const from = byteOffset + begin;
    if ((end - begin) % 4 !== 0) throw new MalformedMessageError('the types of the type information are cut off');
    return from % 4 === 0 ? new Uint32Array(buffer, from, (end - begin) / 4) : new Uint32Array(buffer.slice(from, from + end - begin));
  }

  /** Number of types, void among them. */
  get size(): number {
    return this.#places.length;
  }

  /** Id of the first type of that kind and name; undefined if there is none. */
  find(kind: BtfKind, name: string): number | undefined {
    const key = `${kind} ${name}`;
    if (!this.#found.has(key)) this.#found.set(key, this.#search(btfKinds[kind], name));
    return this.#found.get(key);
  }

  #search(kind: number, name: string): number | undefined {
    // Names stand there once, as those who write them see to; only a name that is not found so is looked for in full.
    const own = this.#ownOffset(name);
    const id = own === undefined ? undefined : this.#firstOf(kind, new Set([own]));
    return id ?? this.#firstOf(kind, this.#offsetsOf(name));
  }

  /** Where a name stands by itself. */
  #ownOffset(name: string): number | undefined {
    const at = this.#strings.indexOf(`\0${name}\0`);
    return at < 0 ? undefined : at + 1;
  }

  #firstOf(kind: number, offsets: ReadonlySet<number>): number | undefined {
    if (offsets.size === 0) return undefined;
    const kinds = this.#kinds;
    const places = this.#places;
    for (let id = 1; id < kinds.length; id++) {
      if (kinds[id] === kind && offsets.has(this.#view.getUint32(places[id]!, true))) return id;
    }
    return undefined;
  }

  /** Where the names section has the name: a type may share the end of a longer one. */
  #offsetsOf(name: string): Set<number> {
    const offsets = new Set<number>();
    const wanted = `${name}\0`;
    for (let at = this.#strings.indexOf(wanted); at >= 0; at = this.#strings.indexOf(wanted, at + 1)) offsets.add(at);
    return offsets;
  }

  #nameAt(offset: number): string {
    const end = this.#strings.indexOf(0, offset);
    if (offset >= this.#strings.length || end < 0) throw new MalformedMessageError(`a name of the type information is outside of it (at ${offset})`);
    return this.#strings.toString('latin1', offset, end);
  }

  #place(id: number): number {
    const at = id === 0 ? undefined : this.#places[id];
    if (at === undefined) throw new MalformedMessageError(`the type information has no type ${id}`);
    return at;
  }

  kindOf(id: number): BtfKind {
    this.#place(id);
    return kindNames[this.#kinds[id]! - 1]!;
  }

  nameOf(id: number): string {
    return this.#nameAt(this.#view.getUint32(this.#place(id), true));
  }

  /** The type that a pointer, typedef, const or the like is of; an element's of an array, the result's of a prototype. */
  target(id: number): number {
    const at = this.#place(id);
    return this.#view.getUint32(this.kindOf(id) === 'array' ? at + TYPE_BYTES : at + 8, true);
  }

  /** Behind typedef, const, volatile, restrict and tags. */
  resolve(id: number): number {
    let resolved = id;
    for (let step = 0; resolved !== 0 && ['typedef', 'const', 'volatile', 'restrict', 'typeTag'].includes(this.kindOf(resolved)); step++) {
      if (step === MOST_STEPS) throw new MalformedMessageError(`type ${id} of the type information leads in a circle`);
      resolved = this.target(resolved);
    }
    return resolved;
  }

  sizeOf(id: number, depth = 0): number {
    if (depth === MOST_STEPS) throw new MalformedMessageError(`type ${id} of the type information leads in a circle`);
    const resolved = this.resolve(id);
    if (resolved === 0) return 0;
    const at = this.#place(resolved);
    switch (this.kindOf(resolved)) {
      case 'pointer':
        return POINTER_BYTES;
      case 'array':
        return this.#view.getUint32(at + TYPE_BYTES + 8, true) * this.sizeOf(this.target(resolved), depth + 1);
      case 'function':
      case 'prototype':
      case 'forward':
        return 0;
      default:
        return this.#view.getUint32(at + 8, true);
    }
  }

  /** Members of a structure or union, in their order. */
  members(id: number): BtfMember[] {
    const at = this.#place(id);
    const kind = this.kindOf(id);
    if (kind !== 'struct' && kind !== 'union') throw new MalformedMessageError(`type ${id} of the type information has no members`);
    return Array.from({ length: this.#view.getUint32(at + 4, true) & 0xffff }, (_, index) => this.#memberOf(id, index));
  }

  #memberOf(id: number, index: number): BtfMember {
    const at = this.#place(id);
    const hasBitFields = this.#view.getUint32(at + 4, true) >>> 31 === 1;
    const member = at + TYPE_BYTES + 12 * index;
    const offset = this.#view.getUint32(member + 8, true);
    return { name: this.#nameAt(this.#view.getUint32(member, true)), typeId: this.#view.getUint32(member + 4, true), bitOffset: hasBitFields ? offset & 0xff_ffff : offset, bitWidth: hasBitFields ? offset >>> 24 : 0 };
  }

  /** Names and types of a function's arguments. @param id of a prototype, or what leads to one: a function, a pointer, a typedef */
  parameters(id: number): { readonly name: string; readonly typeId: number }[] {
    let prototype = this.resolve(id);
    for (let step = 0; this.kindOf(prototype) === 'pointer' || this.kindOf(prototype) === 'function'; step++) {
      if (step === MOST_STEPS) throw new MalformedMessageError(`type ${id} of the type information leads in a circle`);
      prototype = this.resolve(this.target(prototype));
    }
    const at = this.#place(prototype);
    if (this.kindOf(prototype) !== 'prototype') throw new MalformedMessageError(`type ${id} of the type information is no function`);
    return Array.from({ length: this.#view.getUint32(at + 4, true) & 0xffff }, (_, index) => {
      const parameter = at + TYPE_BYTES + 8 * index;
      return { name: this.#nameAt(this.#view.getUint32(parameter, true)), typeId: this.#view.getUint32(parameter + 4, true) };
    });
  }

  /**
   * Place of a field, `skc_daddr` or `__sk_common.skc_net.net`, through anonymous structures and unions.
   * @returns undefined if this kernel has no such structure or field
   */
  field(structure: string, path: string): FieldPlace | undefined {
    let id = this.find('struct', structure) ?? this.find('union', structure);
    let bitOffset = 0;
    let bitWidth = 0;
    for (const name of path.split('.')) {
      const member = id === undefined ? undefined : this.#member(id, name);
      if (member === undefined) return undefined;
      bitOffset += member.bitOffset;
      ({ bitWidth } = member);
      id = this.resolve(member.typeId);
    }
    if (id === undefined) return undefined;
    return bitWidth === 0 ? { offsetBytes: bitOffset / 8, sizeBytes: this.sizeOf(id), bits: undefined } : { offsetBytes: Math.floor(bitOffset / 8), sizeBytes: Math.ceil(((bitOffset % 8) + bitWidth) / 8), bits: { first: bitOffset % 8, width: bitWidth } };
  }

  #member(id: number, name: string): BtfMember | undefined {
    return this.#findMember(id, 0, Buffer.from(`${name}\0`, 'latin1'));
  }

  /** Whether the name at an offset is this one, which ends with a zero; no text is made of it. */
  #isNamed(offset: number, name: Uint8Array): boolean {
    const strings = this.#strings;
    if (offset + name.length > strings.length) {
      // Says what is wrong with it.
      this.#nameAt(offset);
      return false;
    }
    for (let index = 0; index < name.length; index++) if (strings[offset + index] !== name[index]) return false;
    return true;
  }

  #findMember(id: number, depth: number, name: Uint8Array): BtfMember | undefined {
    if (depth === MOST_STEPS) throw new MalformedMessageError(`type ${id} of the type information leads in a circle`);
    const kind = this.kindOf(id);
    if (kind !== 'struct' && kind !== 'union') return undefined;
    const at = this.#place(id);
    const count = this.#view.getUint32(at + 4, true) & 0xffff;
    for (let index = 0; index < count; index++) {
      const nameOffset = this.#view.getUint32(at + TYPE_BYTES + 12 * index, true);
      const isAnonymous = nameOffset === 0 || this.#strings[nameOffset] === 0;
      if (!isAnonymous && this.#isNamed(nameOffset, name)) return this.#memberOf(id, index);
      if (!isAnonymous) continue;
      const member = this.#memberOf(id, index);
      const inner = this.#findMember(this.resolve(member.typeId), depth + 1, name);
      if (inner !== undefined) return { ...inner, bitOffset: member.bitOffset + inner.bitOffset };
    }
    return undefined;
  }
}

const KERNEL_TYPES = '/sys/kernel/btf/vmlinux';

let ofKernel: Btf | undefined;

/** The running kernel's own, read once. @throws Error of the file system (ENOENT: built without CONFIG_DEBUG_INFO_BTF) */
export function kernelBtf(): Btf {
  ofKernel ??= new Btf(readFileSync(KERNEL_TYPES));
  return ofKernel;
}
