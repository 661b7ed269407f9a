import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { knobPath, knobs, type Knob } from '../../src/knobs/catalogue/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';

const obstacle = liveTestObstacle();
const sysctls = [...knobs.values()].filter(({ scope }) => scope !== 'process');

/** Of this thread's network namespace. */
const pathOf = ({ key }: Knob): string => `/proc/sys/${knobPath(key)}`;
const read = (knob: Knob): string | undefined => (existsSync(pathOf(knob)) ? readFileSync(pathOf(knob), 'utf8').trimEnd() : undefined);

/** @returns undefined when the kernel took it, else its errno. */
function write(knob: Knob, value: string): string | undefined {
  try {
    writeFileSync(pathOf(knob), value);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

const gone = sysctls.filter(({ until }) => until !== undefined);
const global = sysctls.filter(({ scope }) => scope === 'global');
const own = sysctls.filter(({ scope, until }) => scope === 'namespace' && until === undefined);
/** Values of the host, read before this thread goes anywhere. */
const ofHost = new Map(global.map((knob) => [knob.key, read(knob)]));
/** What it is for are children: they begin otherwise, but not with this very value. */
const CHANGES_CHILDREN: ReadonlySet<string> = new Set(['net.ipv4.tcp_child_ehash_entries']);

const named = (list: readonly Knob[]): (readonly [string, Knob])[] => list.map((knob) => [`${knob.key}${lacking(knob)}`, knob] as const);
/** Why a knob cannot be tried, for the name of its test. */
function lacking(knob: Knob): string {
  return existsSync(pathOf(knob)) ? '' : ' (skipped: this kernel has no such file, or its module is not loaded)';
}
const isThere = (knob: Knob): boolean => obstacle === undefined && existsSync(pathOf(knob));

describe(`the catalogue of knobs against the kernel${because(obstacle)}`, () => {
  describe.each(named(own))('%s', (_, knob) => {
    it.skipIf(!isThere(knob) || knob.defaultValue === undefined)(`has its default in a new namespace${knob.defaultValue === undefined ? ' (skipped: it depends on the machine)' : ''}`, () => {
      enterFreshNamespace();
      expect(read(knob)).toBe(knob.defaultValue);
    });

    const other = knob.examples.find(({ reads }) => reads !== undefined && reads !== knob.defaultValue);
    it.skipIf(!isThere(knob) || other === undefined || CHANGES_CHILDREN.has(knob.key))(`is not inherited by a child${CHANGES_CHILDREN.has(knob.key) ? ' (skipped: it is about children)' : other === undefined ? ' (skipped: no other value is in the catalogue)' : ''}`, () => {
      enterFreshNamespace();
      const before = read(knob);
      expect(write(knob, other!.value)).toBeUndefined();
      enterFreshNamespace();
      expect({ isInherited: knob.isInherited, reads: read(knob) }).toEqual({ isInherited: false, reads: before });
    });

    it.skipIf(!isThere(knob) || knob.examples.length === 0).each(knob.examples)('= $value', ({ value, reads }) => {
      enterFreshNamespace();
      const before = read(knob);
      const errno = write(knob, value);
      expect({ errno, reads: read(knob) }).toEqual(reads === undefined ? { errno: 'EINVAL', reads: before } : { errno: undefined, reads });
    });
  });

  it.skipIf(obstacle !== undefined).each(named(global.filter(({ key }) => key.startsWith('net.'))))('%s: a child namespace has not its own', (_, knob) => {
    enterFreshNamespace();
    // Never written here: it would be the host's.
    const isWritable = existsSync(pathOf(knob)) && (statSync(pathOf(knob)).mode & 0o222) !== 0;
    expect({ isWritable, reads: read(knob) ?? ofHost.get(knob.key) }).toEqual({ isWritable: false, reads: ofHost.get(knob.key) });
  });

  it.skipIf(obstacle !== undefined).each(named(global.filter(({ key }) => !key.startsWith('net.'))))('%s: is the same in a network namespace', (_, knob) => {
    enterFreshNamespace();
    expect(read(knob)).toBe(ofHost.get(knob.key));
  });

  it.skipIf(obstacle !== undefined).each(gone.map((knob) => [knob.key, knob] as const))('%s is not there any more', (_, knob) => {
    expect(existsSync(pathOf(knob))).toBe(false);
  });
});
