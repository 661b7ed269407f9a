import { checkFlow } from './flow.ts';
import { aluOperations, atomicOperations, BPF_ALU, BPF_ALU64, BPF_ATOMIC, BPF_JMP, BPF_JMP32, BPF_LDX, BPF_MEM, BPF_ST, BPF_STX, BPF_X, CALL, conditions, encode, EXIT, JUMP, LOAD_IMM64, PSEUDO_MAP_FD, PSEUDO_MAP_VALUE, sizes, type AluOperation, type AtomicOperation, type Bits, type Condition, type Instruction } from './instruction.ts';
import { fp, type Register } from './registers.ts';

/** A program that would not do: where, and why. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}

const STACK_BYTES = 512;

/**
 * Puts a BPF program together, instruction by instruction, and refuses what the kernel would: jumps to nowhere, jumps
 * back, registers that hold nothing, stores beside the stack, numbers that do not fit, code that nothing reaches.
 */
export class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();
  /** Jumps whose target is not known yet, by their place. */
  readonly #jumps = new Map<number, string>();
  #isRefused = false;

  /** Number of slots so far. */
  get length(): number {
    return this.#instructions.length;
  }

  /** destination = destination OPERATION operand, in 64 bits; an immediate keeps its sign. */
  alu(operation: AluOperation, destination: Register, operand: Register | number): this {
    return this.#alu(BPF_ALU64, operation, destination, operand);
  }

  /** The same in 32 bits; the upper half becomes 0. */
  alu32(operation: AluOperation, destination: Register, operand: Register | number): this {
    return this.#alu(BPF_ALU, operation, destination, operand);
  }

  mov(destination: Register, operand: Register | number): this {
    return this.alu('mov', destination, operand);
  }

  add(destination: Register, operand: Register | number): this {
    return this.alu('add', destination, operand);
  }

  neg(destination: Register): this {
    this.#writable(destination);
    return this.#push({ opcode: BPF_ALU64 | 0x80, destination: destination.index, source: 0, offset: 0, immediate: 0 });
  }

  /** The lower bits of the register in the byte order of the network; upper ones become 0. */
  toBigEndian(destination: Register, bits: 16 | 32 | 64): this {
    this.#writable(destination);
    return this.#push({ opcode: BPF_ALU | 0xd0 | BPF_X, destination: destination.index, source: 0, offset: 0, immediate: bits });
  }

  /** destination = what is at base + offset, of so many bits, without a sign. */
  load(bits: Bits, destination: Register, base: Register, offset: number): this {
    this.#writable(destination);
    this.#place(base, offset, bits);
    return this.#push({ opcode: BPF_LDX | BPF_MEM | sizes[bits], destination: destination.index, source: base.index, offset, immediate: 0 });
  }

  /** What is at base + offset becomes the value. */
  store(bits: Bits, base: Register, offset: number, value: Register | number): this {
    this.#place(base, offset, bits);
    if (typeof value === 'number') return this.#push({ opcode: BPF_ST | BPF_MEM | sizes[bits], destination: base.index, source: 0, offset, immediate: this.#immediate(value) });
    return this.#push({ opcode: BPF_STX | BPF_MEM | sizes[bits], destination: base.index, source: value.index, offset, immediate: 0 });
  }

  /** What is at base + offset is changed by the value at once, for all processors; `fetchAdd` and `exchange` leave the old one in `value`, `compareExchange` in r0. */
  atomic(bits: 32 | 64, operation: AtomicOperation, base: Register, offset: number, value: Register): this {
    this.#place(base, offset, bits);
    return this.#push({ opcode: BPF_STX | BPF_ATOMIC | sizes[bits], destination: base.index, source: value.index, offset, immediate: atomicOperations[operation] });
  }

  loadImmediate64(destination: Register, value: bigint): this {
    if (BigInt.asUintN(64, value) !== value && BigInt.asIntN(64, value) !== value) return this.#refuse(`${value} has more than 64 bits`);
    const bits = BigInt.asUintN(64, value);
    return this.#wide(destination, 0, Number(bits & 0xffff_ffffn) | 0, Number(bits >> 32n) | 0);
  }

  /** @param fd of a map, as an argument of helpers */
  loadMap(destination: Register, fd: number): this {
    return this.#wide(destination, PSEUDO_MAP_FD, fd, 0);
  }

  /** The address of an array map's memory, of its only element. @param offset in it */
  loadMapValue(destination: Register, fd: number, offset: number): this {
    return this.#wide(destination, PSEUDO_MAP_VALUE, fd, offset);
  }

  /** Goes to the label if the condition holds, in 64 bits; an immediate keeps its sign. */
  jumpIf(left: Register, condition: Condition, right: Register | number, label: string): this {
    return this.#jumpIf(BPF_JMP, left, condition, right, label);
  }

  /** The same for the lower 32 bits: for addresses and marks, whose highest bit is no sign. */
  jumpIf32(left: Register, condition: Condition, right: Register | number, label: string): this {
    return this.#jumpIf(BPF_JMP32, left, condition, right, label);
  }

  jump(label: string): this {
    this.#jumps.set(this.length, label);
    return this.#push({ opcode: JUMP, destination: 0, source: 0, offset: 0, immediate: 0 });
  }

  label(name: string): this {
    if (this.#labels.has(name)) return this.#refuse(`the label "${name}" is there twice`);
    this.#labels.set(name, this.length);
    return this;
  }

  /** Whether a jump leads to that label, so far. */
  isAimedAt(label: string): boolean {
    return [...this.#jumps.values()].includes(label);
  }

  /** Calls a helper by its number: r1 to r5 are its arguments and hold nothing afterwards, r0 is its result. */
  call(helper: number): this {
    return this.#push({ opcode: CALL, destination: 0, source: 0, offset: 0, immediate: helper });
  }

  exit(): this {
    return this.#push({ opcode: EXIT, destination: 0, source: 0, offset: 0, immediate: 0 });
  }

  /** The program as the kernel takes it. @throws AssemblyError for one that it would not take */
  build(): Uint8Array {
    const linked = this.#instructions.map((instruction, index) => {
      const label = this.#jumps.get(index);
      return label === undefined ? instruction : { ...instruction, offset: this.#distance(index, label) };
    });
    checkFlow(linked, (message) => this.#refuse(message));
    return encode(linked);
  }

  #distance(from: number, label: string): number {
    const to = this.#labels.get(label);
    if (to === undefined) return this.#refuse(`there is no label "${label}"`);
    const distance = to - from - 1;
    if (distance < 0) return this.#refuse(`the jump to "${label}" goes back: loops are not made here`);
    if (distance > 0x7fff) return this.#refuse(`the jump to "${label}" is ${distance} slots long: 32,767 at most`);
    return distance;
  }

  #alu(kind: number, operation: AluOperation, destination: Register, operand: Register | number): this {
    this.#writable(destination);
    if (typeof operand !== 'number') return this.#push({ opcode: kind | aluOperations[operation] | BPF_X, destination: destination.index, source: operand.index, offset: 0, immediate: 0 });
    if ((operation === 'div' || operation === 'mod') && operand === 0) return this.#refuse('a division by 0');
    const most = kind === BPF_ALU ? 32 : 64;
    if (['lsh', 'rsh', 'arsh'].includes(operation) && (operand < 0 || operand >= most)) return this.#refuse(`a shift by ${operand} of ${most} bits`);
    return this.#push({ opcode: kind | aluOperations[operation], destination: destination.index, source: 0, offset: 0, immediate: this.#immediate(operand) });
  }

  #jumpIf(kind: number, left: Register, condition: Condition, right: Register | number, label: string): this {
    this.#jumps.set(this.length, label);
    if (typeof right !== 'number') return this.#push({ opcode: kind | conditions[condition] | BPF_X, destination: left.index, source: right.index, offset: 0, immediate: 0 });
    // In 64 bits the immediate is extended by its sign: one that looks like a positive number of 32 bits would never be equal.
    if (kind === BPF_JMP && right > 0x7fff_ffff) return this.#refuse(`${right} would be compared with a sign: use jumpIf32, or a register`);
    return this.#push({ opcode: kind | conditions[condition], destination: left.index, source: 0, offset: 0, immediate: this.#immediate(right) });
  }

  #wide(destination: Register, source: number, low: number, high: number): this {
    this.#writable(destination);
    this.#push({ opcode: LOAD_IMM64, destination: destination.index, source, offset: 0, immediate: low });
    return this.#push({ opcode: 0, destination: 0, source: 0, offset: 0, immediate: high });
  }

  #immediate(value: number): number {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) this.#refuse(`${value} is no number of 32 bits`);
    return value | 0;
  }

  #writable(register: Register): void {
    if (register === fp) this.#refuse('the frame pointer cannot be written');
  }

  /** Places on the stack are inside of it, and whole: the kernel wants them aligned. */
  #place(base: Register, offset: number, bits: Bits): void {
    if (!Number.isInteger(offset) || offset < -0x8000 || offset > 0x7fff) this.#refuse(`the offset ${offset} has more than 16 bits`);
    if (base !== fp) return;
    const bytes = bits / 8;
    if (offset < -STACK_BYTES || offset + bytes > 0) this.#refuse(`${bytes} bytes at fp${offset < 0 ? '' : '+'}${offset} are beside the stack of ${STACK_BYTES} bytes`);
    if (offset % bytes !== 0) this.#refuse(`${bytes} bytes at fp${offset} are not aligned`);
  }

  #push(instruction: Instruction): this {
    if (!this.#isRefused) this.#instructions.push(instruction);
    return this;
  }

  #refuse(message: string): never {
    this.#isRefused = true;
    throw new AssemblyError(`at slot ${this.length}: ${message}`);
  }
}
