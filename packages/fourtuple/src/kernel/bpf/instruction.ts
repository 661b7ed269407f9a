/** One slot of 8 bytes (RFC 9669, 3); a 64-bit immediate takes two. */
export interface Instruction {
  readonly opcode: number;
  readonly destination: number;
  readonly source: number;
  /** 16 bits with a sign. */
  readonly offset: number;
  /** 32 bits; with a sign, or without one where it is a mask. */
  readonly immediate: number;
}

/** Classes of instructions (RFC 9669, 3.1). */
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

/** The operand is a register, not the immediate. */
export const BPF_X = 0x08;

export const BPF_MEM = 0x60;
export const BPF_ATOMIC = 0xc0;
/** Two slots: a 64-bit immediate. */
export const LOAD_IMM64 = 0x18;
export const CALL = 0x85;
export const EXIT = 0x95;
export const JUMP = 0x05;

/** Bytes of a load or store. */
export const sizes = { 8: 0x10, 16: 0x08, 32: 0x00, 64: 0x18 } as const;
export type Bits = keyof typeof sizes;

export const aluOperations = { add: 0x00, sub: 0x10, mul: 0x20, div: 0x30, or: 0x40, and: 0x50, lsh: 0x60, rsh: 0x70, mod: 0x90, xor: 0xa0, mov: 0xb0, arsh: 0xc0 } as const;
export type AluOperation = keyof typeof aluOperations;

/** Conditions of jumps; those that begin with `s` compare numbers with a sign. */
export const conditions = { '==': 0x10, '>': 0x20, '>=': 0x30, '&': 0x40, '!=': 0x50, 's>': 0x60, 's>=': 0x70, '<': 0xa0, '<=': 0xb0, 's<': 0xc0, 's<=': 0xd0 } as const;
export type Condition = keyof typeof conditions;

export const atomicOperations = { add: 0x00, or: 0x40, and: 0x50, xor: 0xa0, fetchAdd: 0x01, exchange: 0xe1, compareExchange: 0xf1 } as const;
export type AtomicOperation = keyof typeof atomicOperations;

/** What the source field of a 64-bit immediate means (uapi/linux/bpf.h). */
export const PSEUDO_MAP_FD = 1;
export const PSEUDO_MAP_VALUE = 2;

export const INSTRUCTION_BYTES = 8;

/** As the kernel reads it on little-endian machines: x64 and arm64. */
export function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { opcode, destination, source, offset, immediate }] of instructions.entries()) {
    const at = index * INSTRUCTION_BYTES;
    view.setUint8(at, opcode);
    view.setUint8(at + 1, destination | (source << 4));
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, immediate, true);
  }
  return bytes;
}
