import { describe, expect, it } from 'vitest';
import { Assembler } from '../../src/kernel/bpf/assembler.ts';
import { kernelBtf } from '../../src/kernel/bpf/btf.ts';
import { loadProgram } from '../../src/kernel/bpf/program.ts';
import { r0, r1, r2 } from '../../src/kernel/bpf/registers.ts';
import { explain, VerifierError } from '../../src/kernel/bpf/verifier-error.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';

const obstacle = bpfObstacle();

describe("the verifier's words", () => {
  it.skipIf(obstacle !== undefined)(`a program that it refuses: why, and where${because(obstacle)}`, () => {
    // An argument that the tracepoint has not.
    const code = new Assembler().load(64, r2, r1, 4096).mov(r0, 0).exit().build();
    const load = (): number => loadProgram({ name: 'wrong', type: 'tracing', attach: 'rawTracepoint', attachTypeId: kernelBtf().find('typedef', 'btf_trace_inet_sock_set_state')!, code });
    expect(load).toThrow(VerifierError);
    expect(load).toThrow(/^load the BPF program wrong: E\w+ \(the kernel says: .*, at slot 0\)$/);
  });

  it('the summary and the instructions are no reasons', () => {
    expect(explain('0: (79) r2 = *(u64 *)(r1 +4096)\nfunc \'x\' doesn\'t have 513-th argument\nprocessed 1 insns (limit 1000000)\n')).toEqual({ reason: "func 'x' doesn't have 513-th argument", slot: 0 });
    expect(explain('')).toEqual({ reason: undefined, slot: undefined });
  });
});
