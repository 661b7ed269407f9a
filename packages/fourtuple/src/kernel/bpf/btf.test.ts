import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessageError } from '../errors.ts';
import { Btf, btfKinds, kernelBtf } from './btf.ts';

/** Type information that is made here: each type its name, info, third number and further numbers. */
function btf(types: readonly (readonly [name: string, kind: number, vlen: number, third: number, ...rest: (number | string)[]])[], { hasFlag = false } = {}): Uint8Array {
  let strings = '\0';
  const nameOf = (name: string): number => {
    if (name === '') return 0;
    const at = strings.indexOf(`\0${name}\0`);
    if (at >= 0) return at + 1;
    strings += `${name}\0`;
    return strings.length - name.length - 1;
  };
  const numbers = types.flatMap(([name, kind, vlen, third, ...rest]) => [nameOf(name), ((kind << 24) | vlen | (hasFlag && (kind === 4 || kind === 5) ? 1 << 31 : 0)) >>> 0, third, ...rest.map((one) => (typeof one === 'string' ? nameOf(one) : one))]);
  const typeBytes = new Uint8Array(Uint32Array.from(numbers).buffer);
  const header = new DataView(new ArrayBuffer(24));
  header.setUint16(0, 0xeb9f, true);
  header.setUint8(2, 1);
  header.setUint32(4, 24, true);
  for (const [index, value] of [0, typeBytes.length, typeBytes.length, strings.length].entries()) header.setUint32(8 + 4 * index, value, true);
  return Buffer.concat([new Uint8Array(header.buffer), typeBytes, Buffer.from(strings, 'latin1')]);
}

const small = btf([
  ['u32', btfKinds.int, 0, 4, 32],
  ['', btfKinds.union, 2, 8, 'addr', 1, 0, 'pair', 3, 0],
  ['u64', btfKinds.int, 0, 8, 64],
  ['sock', btfKinds.struct, 3, 24, '', 2, 0, 'port', 5, 64, 'next', 6, 128],
  ['port_t', btfKinds.typedef, 0, 1],
  ['', btfKinds.pointer, 0, 4],
  ['', btfKinds.prototype, 2, 1, 'data', 6, 'state', 1],
  ['', btfKinds.pointer, 0, 7],
  ['btf_trace_x', btfKinds.typedef, 0, 8],
  ['list', btfKinds.struct, 1, 40, 'ports', 11, 0],
  ['', btfKinds.array, 0, 0, 5, 1, 10],
  ['a', btfKinds.typedef, 0, 13],
  ['b', btfKinds.typedef, 0, 12],
]);

describe('type information', () => {
  it('fields are found, through anonymous unions, typedefs and arrays', () => {
    const types = new Btf(small);
    expect(types.size).toBe(14);
    expect(types.field('sock', 'pair')).toEqual({ offsetBytes: 0, sizeBytes: 8, bits: undefined });
    expect(types.field('sock', 'port')).toEqual({ offsetBytes: 8, sizeBytes: 4, bits: undefined });
    expect(types.field('sock', 'next')).toEqual({ offsetBytes: 16, sizeBytes: 8, bits: undefined });
    expect(types.field('list', 'ports')).toEqual({ offsetBytes: 0, sizeBytes: 40, bits: undefined });
  });

  it('what is not there is undefined', () => {
    const types = new Btf(small);
    expect([types.field('sock', 'absent'), types.field('absent', 'port'), types.field('sock', 'port.inner'), types.find('struct', 'port_t'), types.find('typedef', 'ort_t')]).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it('arguments of a tracepoint', () => {
    const types = new Btf(small);
    expect(types.parameters(types.find('typedef', 'btf_trace_x')!)).toEqual([{ name: 'data', typeId: 6 }, { name: 'state', typeId: 1 }]);
  });

  it('bit fields have their bits', () => {
    const types = new Btf(btf([['u8', btfKinds.int, 0, 1, 8], ['flags', btfKinds.struct, 2, 2, 'one', 1, (4 << 24) | 3, 'two', 1, (6 << 24) | 9]], { hasFlag: true }));
    expect(types.field('flags', 'one')).toEqual({ offsetBytes: 0, sizeBytes: 1, bits: { first: 3, width: 4 } });
    expect(types.field('flags', 'two')).toEqual({ offsetBytes: 1, sizeBytes: 1, bits: { first: 1, width: 6 } });
  });

  it('circles are refused', () => {
    const types = new Btf(small);
    expect(() => types.resolve(types.find('typedef', 'a')!)).toThrow(MalformedMessageError);
    expect(() => types.sizeOf(types.find('typedef', 'a')!)).toThrow(MalformedMessageError);
  });

  /** Everything that may be asked of bytes. */
  function ask(bytes: Uint8Array): void {
    const types = new Btf(bytes);
    for (let id = 1; id < Math.min(types.size, 40); id++) {
      try {
        types.nameOf(id);
        types.sizeOf(id);
        const kind = types.kindOf(id);
        if (kind === 'struct' || kind === 'union') for (const { name } of types.members(id)) types.field(types.nameOf(id), name);
        else types.parameters(id);
      } catch (error) {
        if (!(error instanceof MalformedMessageError)) throw error;
      }
    }
  }

  it('hostile bytes are told, or read, and nothing else', () => {
    let asked = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(small.length), (changes, length) => {
        const bytes = Uint8Array.from(small.subarray(0, length));
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          ask(bytes);
        } catch (error) {
          if (!(error instanceof MalformedMessageError)) throw error;
        }
        asked++;
      }),
      { numRuns: 20_000 },
    );
    expect(asked).toBe(20_000);
  });

  it('truncated at every length: told', () => {
    for (let length = 0; length < small.length; length++) expect(() => new Btf(small.subarray(0, length))).toThrow(MalformedMessageError);
    expect(new Btf(small).size).toBe(14);
  });

  const path = '/sys/kernel/btf/vmlinux';
  const lacking = existsSync(path) ? '' : ` (skipped: there is no ${path})`;
  it.skipIf(lacking !== '')(`of the running kernel: what fourtuple reads is there${lacking}`, () => {
    const begin = performance.now();
    const types = kernelBtf();
    const indexedMs = performance.now() - begin;
    const places = (['sock_common skc_daddr', 'sock_common skc_net.net', 'sock __sk_common.skc_rcv_saddr', 'sock sk_userlocks', 'inet_sock inet_sport', 'net ns.inum', 'inet_connection_sock icsk_bind_hash', 'inet_bind_bucket fastreuse', 'bpf_iter__task_file file'] as const).map((name) => types.field(...(name.split(' ') as [string, string])));
    const ids = [types.find('typedef', 'btf_trace_inet_sock_set_state'), types.find('function', 'bpf_iter_task_file')];
    console.log(`type information: ${readFileSync(path).length.toLocaleString('en')} bytes, ${types.size.toLocaleString('en')} types; indexed in ${indexedMs.toFixed(1)} ms, ${places.length + ids.length} look-ups in ${(performance.now() - begin - indexedMs).toFixed(1)} ms`);
    expect(places).not.toContain(undefined);
    expect(ids).not.toContain(undefined);
    // The first is the tracepoint's own. They have no names there.
    const [, socket, oldState, newState] = types.parameters(ids[0]!).map(({ typeId }) => types.resolve(typeId));
    expect([types.nameOf(types.resolve(types.target(socket!))), types.nameOf(oldState!), types.nameOf(newState!)]).toEqual(['sock', 'int', 'int']);
  });
});
