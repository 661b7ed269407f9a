import { atomicOperations, BPF_ALU, BPF_ALU64, BPF_ATOMIC, BPF_JMP, BPF_JMP32, BPF_LD, BPF_LDX, BPF_ST, BPF_STX, BPF_X, CALL, EXIT, JUMP, LOAD_IMM64, type Instruction } from './instruction.ts';

const MOV = 0xb0;
const NEG = 0x80;
const END = 0xd0;
const FRAME = 1 << 10;
const CONTEXT = 1 << 1;
/** r1 to r5, which a helper leaves without a value. */
const ARGUMENTS = 0b11_1110;
const MOST_INSTRUCTIONS = 4096;

/**
 * Goes through a program whose jumps lead forward, once: which registers hold something at each place, by every way that
 * leads there. As the kernel's verifier does, where it does not look at values.
 * @param refuse tells what is wrong, and does not come back
 */
export function checkFlow(program: readonly Instruction[], refuse: (message: string) => never): void {
  if (program.length === 0) return refuse('a program does something');
  if (program.length > MOST_INSTRUCTIONS) return refuse(`${program.length} slots are more than ${MOST_INSTRUCTIONS}`);
  /** Registers that hold something on every way that is known; undefined while none is. */
  const held: (number | undefined)[] = Array.from({ length: program.length + 1 });
  const reach = (index: number, registers: number): void => {
    const before = held[index];
    held[index] = before === undefined ? registers : before & registers;
  };
  reach(0, CONTEXT | FRAME);
  for (let index = 0; index < program.length; index++) {
    const registers = held[index];
    const instruction = program[index]!;
    if (registers === undefined) return refuse(`slot ${index} is reached by nothing`);
    const missing = readsOf(instruction).find((register) => (registers & (1 << register)) === 0);
    if (missing !== undefined) return refuse(`slot ${index} reads r${missing}, which holds nothing on some way there`);
    const after = afterwards(instruction, registers);
    if (instruction.opcode === EXIT) continue;
    if (instruction.opcode === LOAD_IMM64) {
      // The second half is no instruction.
      held[index + 1] = after;
      index++;
    }
    const isJump = (instruction.opcode & 7) === BPF_JMP || (instruction.opcode & 7) === BPF_JMP32;
    if (isJump && instruction.opcode !== CALL) reach(index + 1 + instruction.offset, after);
    if (instruction.opcode !== JUMP) reach(index + 1, after);
  }
  if (held[program.length] !== undefined) refuse('the program runs over its end: it ends by exit()');
}

/** Registers that the instruction reads. */
function readsOf({ opcode, destination, source, immediate }: Instruction): readonly number[] {
  const isOfRegister = (opcode & BPF_X) !== 0;
  switch (opcode & 7) {
    case BPF_LD:
      return [];
    case BPF_LDX:
      return [source];
    case BPF_ST:
      return [destination];
    case BPF_STX:
      return (opcode & 0xe0) === BPF_ATOMIC && immediate === atomicOperations.compareExchange ? [destination, source, 0] : [destination, source];
    case BPF_ALU:
    case BPF_ALU64:
      if ((opcode & 0xf0) === NEG || (opcode & 0xf0) === END) return [destination];
      return [...((opcode & 0xf0) === MOV ? [] : [destination]), ...(isOfRegister ? [source] : [])];
    default:
      if (opcode === EXIT) return [0];
      // How many arguments a helper takes is the kernel's to know.
      if (opcode === CALL || opcode === JUMP) return [];
      return isOfRegister ? [destination, source] : [destination];
  }
}

/** Registers that hold something after it. */
function afterwards({ opcode, destination, source, immediate }: Instruction, registers: number): number {
  if (opcode === CALL) return (registers & ~ARGUMENTS) | 1;
  switch (opcode & 7) {
    case BPF_LD:
    case BPF_LDX:
    case BPF_ALU:
    case BPF_ALU64:
      return registers | (1 << destination);
    case BPF_STX:
      if ((opcode & 0xe0) !== BPF_ATOMIC) return registers;
      return registers | (immediate === atomicOperations.compareExchange ? 1 : (immediate & 1) === 1 ? 1 << source : 0);
    default:
      return registers;
  }
}
