import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Assembler, AssemblyError } from './assembler.ts';
import { aluOperations, conditions, type AluOperation, type AtomicOperation, type Bits, type Condition } from './instruction.ts';
import { fp, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, type Register } from './registers.ts';

const registers = [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9];
const version = spawnSync('llvm-mc', ['--version'], { encoding: 'utf8' });
const lacking = version.status === 0 && version.stdout.includes('bpfel') ? '' : ' (skipped: llvm-mc with the target bpfel is not installed)';

/** An instruction, and the same in the language of LLVM. */
interface Form {
  readonly text: string;
  add(assembler: Assembler): Assembler;
}

const symbols: Readonly<Record<AluOperation, string>> = { add: '+=', sub: '-=', mul: '*=', div: '/=', or: '|=', and: '&=', lsh: '<<=', rsh: '>>=', mod: '%=', xor: '^=', mov: '=', arsh: 's>>=' };
const operations = Object.keys(aluOperations) as AluOperation[];
/** LLVM 14 has no words for `&`. */
const allConditions = (Object.keys(conditions) as Condition[]).filter((one) => one !== '&');
const allBits: readonly Bits[] = [8, 16, 32, 64];
const half = (register: Register): string => `w${register.index}`;

const anyRegister = fc.constantFrom(...registers);
const anyOffset = fc.integer({ min: -0x8000, max: 0x7fff });
const anyImmediate = fc.oneof(fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }), fc.integer({ min: -3, max: 70 }));
const sign = (offset: number): string => `${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
const place = (bits: Bits, base: Register, offset: number): string => `*(u${bits} *)(${base.toString()} ${sign(offset)})`;

/** The forms of instructions that LLVM 14 has words for. */
const anyForm: fc.Arbitrary<Form> = fc.oneof(
  fc.tuple(fc.constantFrom(...operations.filter((one) => one !== 'mod')), anyRegister, anyRegister).map(([operation, to, from]) => ({ text: `${to.toString()} ${symbols[operation]} ${from.toString()}`, add: (assembler: Assembler) => assembler.alu(operation, to, from) })),
  fc.tuple(fc.constantFrom(...operations.filter((one) => one !== 'mod')), anyRegister, anyRegister).map(([operation, to, from]) => ({ text: `${half(to)} ${symbols[operation]} ${half(from)}`, add: (assembler: Assembler) => assembler.alu32(operation, to, from) })),
  fc.tuple(fc.constantFrom<AluOperation>('add', 'sub', 'mul', 'or', 'and', 'xor', 'mov'), anyRegister, anyImmediate).map(([operation, to, value]) => ({ text: `${to.toString()} ${symbols[operation]} ${value}`, add: (assembler: Assembler) => assembler.alu(operation, to, value) })),
  fc.tuple(fc.constantFrom<AluOperation>('add', 'sub', 'mul', 'or', 'and', 'xor', 'mov'), anyRegister, anyImmediate).map(([operation, to, value]) => ({ text: `${half(to)} ${symbols[operation]} ${value}`, add: (assembler: Assembler) => assembler.alu32(operation, to, value) })),
  fc.tuple(fc.constantFrom<AluOperation>('lsh', 'rsh', 'arsh'), anyRegister, fc.integer({ min: 0, max: 63 })).map(([operation, to, value]) => ({ text: `${to.toString()} ${symbols[operation]} ${value}`, add: (assembler: Assembler) => assembler.alu(operation, to, value) })),
  anyRegister.map((to) => ({ text: `${to.toString()} = -${to.toString()}`, add: (assembler: Assembler) => assembler.neg(to) })),
  fc.tuple(fc.constantFrom<16 | 32 | 64>(16, 32, 64), anyRegister).map(([bits, to]) => ({ text: `${to.toString()} = be${bits} ${to.toString()}`, add: (assembler: Assembler) => assembler.toBigEndian(to, bits) })),
  fc.tuple(fc.constantFrom(...allBits), anyRegister, anyRegister, anyOffset).map(([bits, to, base, offset]) => ({ text: `${to.toString()} = ${place(bits, base, offset)}`, add: (assembler: Assembler) => assembler.load(bits, to, base, offset) })),
  fc.tuple(fc.constantFrom(...allBits), anyRegister, anyRegister, anyOffset).map(([bits, from, base, offset]) => ({ text: `${place(bits, base, offset)} = ${from.toString()}`, add: (assembler: Assembler) => assembler.store(bits, base, offset, from) })),
  fc.tuple(fc.constantFrom(...allConditions), anyRegister, anyRegister).map(([condition, left, right]) => ({ text: `if ${left.toString()} ${condition} ${right.toString()} goto +0`, add: (assembler: Assembler) => next(assembler, (name) => assembler.jumpIf(left, condition, right, name)) })),
  fc.tuple(fc.constantFrom(...allConditions), anyRegister, anyImmediate).map(([condition, left, value]) => ({ text: `if ${left.toString()} ${condition} ${value} goto +0`, add: (assembler: Assembler) => next(assembler, (name) => assembler.jumpIf(left, condition, value, name)) })),
  fc.tuple(fc.constantFrom(...allConditions), anyRegister, anyImmediate).map(([condition, left, value]) => ({ text: `if ${half(left)} ${condition} ${value} goto +0`, add: (assembler: Assembler) => next(assembler, (name) => assembler.jumpIf32(left, condition, value, name)) })),
  fc.tuple(fc.constantFrom<32 | 64>(32, 64), anyRegister, anyRegister, anyOffset).map(([bits, base, value, offset]) => ({ text: `lock ${place(bits, base, offset)} += ${bits === 32 ? half(value) : value.toString()}`, add: (assembler: Assembler) => assembler.atomic(bits, 'add', base, offset, value) })),
  fc.tuple(anyRegister, fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })).map(([to, value]) => ({ text: `${to.toString()} = ${value} ll`, add: (assembler: Assembler) => assembler.loadImmediate64(to, value) })),
  fc.integer({ min: 1, max: 211 }).map((helper) => ({ text: `call ${helper}`, add: (assembler: Assembler) => assembler.call(helper) })),
  fc.constant({ text: 'goto +0', add: (assembler: Assembler) => next(assembler, (name) => assembler.jump(name)) }),
);

/** A jump to the next instruction. */
function next(assembler: Assembler, jump: (name: string) => Assembler): Assembler {
  const name = `after ${assembler.length}`;
  return jump(name).label(name);
}

/** All registers hold something. */
function filled(): Assembler {
  const assembler = new Assembler();
  for (const register of registers) assembler.mov(register, 1);
  return assembler;
}

const prologue = registers.map((register) => `${register.toString()} = 1`);

describe('the assembler', () => {
  it.skipIf(lacking !== '')(`encodes as LLVM does${lacking}`, () => {
    // A helper leaves r1 to r5 without a value: they are set again before each instruction.
    const forms = fc.sample(anyForm, { numRuns: 3000, seed: 1 });
    const texts: string[] = [];
    const encoded: string[] = [];
    for (const form of forms) {
      const bytes = form.add(filled()).mov(r0, 0).exit().build();
      encoded.push(Buffer.from(bytes.subarray(8 * registers.length, bytes.length - 16)).toString('hex'));
      texts.push(form.text);
    }
    const { stdout, stderr, status } = spawnSync('llvm-mc', ['-triple', 'bpfel', '-mcpu=v3', '--show-encoding'], { input: `${texts.join('\n')}\n`, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const judged = [...stdout.matchAll(/encoding: \[([^\]]+)\]/g)].map(([, list = '']) => list.replaceAll(/0x|,/g, ''));
    expect(judged).toHaveLength(encoded.length);
    expect(encoded.map((hex, index) => `${texts[index]}: ${hex}`)).toEqual(judged.map((hex, index) => `${texts[index]}: ${hex}`));
    expect(prologue).toHaveLength(registers.length);
  });

  it.skipIf(lacking !== '')(`LLVM reads exchanges as they are meant${lacking}`, () => {
    const exchanges = ([['fetchAdd', 'r2 = atomic_fetch_add((u64 *)(r1 + 8), r2)'], ['exchange', 'r2 = xchg_64(r1 + 8, r2)'], ['compareExchange', 'r0 = cmpxchg_64(r1 + 8, r0, r2)']] as const).map(([operation, text]) => {
      const bytes = filled().atomic(64, operation, r1, 8, r2).mov(r0, 0).exit().build();
      const input = [...bytes.subarray(8 * registers.length, bytes.length - 16)].map((byte) => `0x${byte.toString(16)}`).join(' ');
      return [spawnSync('llvm-mc', ['-triple', 'bpfel', '-mcpu=v3', '--disassemble'], { input, encoding: 'utf8' }).stdout.split('\n').map((line) => line.trim()).at(-2), text];
    });
    expect(exchanges.map(([found]) => found)).toEqual(exchanges.map(([, text]) => text));
  });

  it('what LLVM 14 has no words for is as RFC 9669 has it', () => {
    const bytesOf = (assembler: Assembler, from: number): string => Buffer.from(assembler.build().subarray(8 * from, 8 * (from + 1))).toString('hex');
    expect(bytesOf(new Assembler().store(8, fp, -1, 3).mov(r0, 0).exit(), 0)).toBe('720affff03000000');
    expect(bytesOf(new Assembler().store(64, fp, -8, -1).mov(r0, 0).exit(), 0)).toBe('7a0af8ffffffffff');
    expect(bytesOf(new Assembler().mov(r0, 0).jumpIf(r1, '&', 4, 'a').label('a').exit(), 1)).toBe('4501000004000000');
    expect(bytesOf(new Assembler().mov(r0, 0).jumpIf32(r1, '&', 4, 'a').label('a').exit(), 1)).toBe('4601000004000000');
    expect(bytesOf(new Assembler().mov(r0, 7).alu('mod', r0, 3).exit(), 1)).toBe('9700000003000000');
    expect(bytesOf(new Assembler().loadMap(r1, 5).mov(r0, 0).exit(), 0)).toBe('1811000005000000');
    expect(bytesOf(new Assembler().loadMapValue(r1, 5, 16).mov(r0, 0).exit(), 0)).toBe('1821000005000000');
  });

  const wrong: readonly (readonly [what: string, make: () => unknown, message: RegExp])[] = [
    ['a label that is not there', () => new Assembler().mov(r0, 0).jump('nowhere').exit().build(), /no label "nowhere"/],
    ['a label that is there twice', () => new Assembler().label('a').label('a'), /there twice/],
    ['a jump back', () => new Assembler().mov(r0, 0).label('a').jumpIf(r0, '==', 0, 'a').exit().build(), /goes back/],
    ['a register that holds nothing', () => new Assembler().mov(r0, r6).exit().build(), /reads r6/],
    ['a register that holds nothing on one way', () => new Assembler().mov(r0, 0).jumpIf(r1, '==', 0, 'a').mov(r6, 1).label('a').mov(r0, r6).exit().build(), /reads r6/],
    ['an argument after a helper', () => new Assembler().call(14).mov(r0, r1).exit().build(), /reads r1/],
    ['no result', () => new Assembler().exit().build(), /reads r0/],
    ['a way over the end', () => new Assembler().mov(r0, 0).build(), /over its end/],
    ['code that nothing reaches', () => new Assembler().mov(r0, 0).exit().mov(r0, 1).exit().build(), /reached by nothing/],
    ['nothing at all', () => new Assembler().build(), /does something/],
    ['the frame pointer written', () => new Assembler().mov(fp, 0), /frame pointer/],
    ['a store above the stack', () => new Assembler().store(64, fp, 0, 1), /beside the stack/],
    ['a store below the stack', () => new Assembler().store(8, fp, -513, 1), /beside the stack/],
    ['a store that is not aligned', () => new Assembler().store(64, fp, -12, 1), /not aligned/],
    ['a number of 33 bits', () => new Assembler().mov(r0, 0x1_0000_0000), /no number of 32 bits/],
    ['a comparison that could never hold', () => new Assembler().jumpIf(r1, '==', 0xffff_0000, 'a'), /with a sign/],
    ['a shift too far', () => new Assembler().alu32('lsh', r1, 32), /shift by 32/],
    ['a division by 0', () => new Assembler().alu('div', r1, 0), /division by 0/],
    ['an offset too far', () => new Assembler().load(8, r0, r1, 0x8000), /16 bits/],
  ];
  it.each(wrong)('refuses %s', (_, make, message) => {
    expect(make).toThrow(AssemblyError);
    expect(make).toThrow(message);
  });

  it('takes what is right: ways that meet, values that stay, exchanges', () => {
    const operations: readonly AtomicOperation[] = ['exchange', 'compareExchange', 'fetchAdd', 'and', 'or', 'xor'];
    const program = new Assembler().mov(r6, r1).mov(r0, 0).mov(r2, 1).store(64, fp, -8, 5);
    for (const operation of operations) program.atomic(64, operation, fp, -8, r2);
    program.jumpIf(r6, '==', 0, 'out').call(14).mov(r7, r0).label('out').mov(r0, 0).exit();
    expect(program.build()).toHaveLength(8 * program.length);
  });
});
