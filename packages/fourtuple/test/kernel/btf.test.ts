import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelBtf } from '../../src/kernel/bpf/btf.ts';

const path = '/sys/kernel/btf/vmlinux';
const bpftool = ['bpftool', '/usr/sbin/bpftool'].find((name) => spawnSync(name, ['version']).status === 0);
const lacking = bpftool === undefined ? ' (skipped: bpftool is not installed)' : existsSync(path) ? '' : ` (skipped: there is no ${path})`;

/** What bpftool says of one type. */
interface Judged {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly members?: readonly { readonly name: string; readonly type_id: number; readonly bits_offset: number; readonly bitfield_size?: number }[];
  readonly params?: readonly { readonly name: string; readonly type_id: number }[];
}

const kinds: Readonly<Record<string, string>> = { INT: 'int', PTR: 'pointer', ARRAY: 'array', STRUCT: 'struct', UNION: 'union', ENUM: 'enum', FWD: 'forward', TYPEDEF: 'typedef', VOLATILE: 'volatile', CONST: 'const', RESTRICT: 'restrict', FUNC: 'function', FUNC_PROTO: 'prototype', VAR: 'variable', DATASEC: 'section', FLOAT: 'float', DECL_TAG: 'declarationTag', TYPE_TAG: 'typeTag', ENUM64: 'enum64' };
const withoutName = (name: string): string => (name === '(anon)' ? '' : name);

describe("the kernel's type information, as bpftool reads it", () => {
  it.skipIf(lacking !== '')(`every type, every member of every structure, every argument${lacking}`, { timeout: 120_000 }, () => {
    const { stdout } = spawnSync(bpftool!, ['btf', 'dump', 'file', path, '--json'], { encoding: 'utf8', maxBuffer: 1 << 28 });
    const { types: judged } = JSON.parse(stdout) as { types: readonly Judged[] };
    const types = kernelBtf();
    const wrong: unknown[] = [];
    const compared = { types: 0, structures: 0, members: 0, arguments: 0, fields: 0 };
    for (const { id, kind, name, size, type_id: typeId, members, params } of judged) {
      compared.types++;
      const ours = { kind: types.kindOf(id), name: types.nameOf(id) };
      if (ours.kind !== kinds[kind] || ours.name !== withoutName(name)) wrong.push({ id, ours, kind, name });
      if (typeId !== undefined && kind !== 'ARRAY' && kind !== 'FUNC_PROTO' && types.target(id) !== typeId) wrong.push({ id, target: types.target(id), typeId });
      if (size !== undefined && ['INT', 'STRUCT', 'UNION', 'ENUM'].includes(kind) && types.sizeOf(id) !== size) wrong.push({ id, size: types.sizeOf(id), expected: size });
      if (members !== undefined) {
        compared.structures++;
        compared.members += members.length;
        const own = types.members(id).map(({ name: member, typeId: type, bitOffset, bitWidth }) => [member, type, bitOffset, bitWidth]);
        const theirs = members.map((one) => [withoutName(one.name), one.type_id, one.bits_offset, one.bitfield_size ?? 0]);
        if (JSON.stringify(own) !== JSON.stringify(theirs)) wrong.push({ id, own, theirs });
      }
      if (params !== undefined) {
        compared.arguments += params.length;
        const own = types.parameters(id).map((one) => [one.name, one.typeId]);
        if (JSON.stringify(own) !== JSON.stringify(params.map((one) => [withoutName(one.name), one.type_id]))) wrong.push({ id, own, params });
      }
    }
    // Places of fields by their name, of structures whose name is there once.
    const named = judged.filter(({ kind, members }) => kind === 'STRUCT' && (members?.length ?? 0) > 0);
    const once = named.filter(({ name }, _, all) => withoutName(name) !== '' && name.startsWith('inet') && all.filter((other) => other.name === name).length === 1);
    for (const { name, members = [] } of once) {
      for (const member of members) {
        if (withoutName(member.name) === '') continue;
        compared.fields++;
        const place = types.field(name, member.name);
        if (place === undefined || place.offsetBytes * 8 + (place.bits?.first ?? 0) !== member.bits_offset) wrong.push({ name, member, place });
      }
    }
    console.log(`compared with bpftool: ${compared.types.toLocaleString('en')} types, ${compared.structures.toLocaleString('en')} structures with ${compared.members.toLocaleString('en')} members, ${compared.arguments.toLocaleString('en')} arguments, ${compared.fields} fields by name`);
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(compared.structures).toBeGreaterThan(1000);
    expect(compared.fields).toBeGreaterThan(100);
  });
});
