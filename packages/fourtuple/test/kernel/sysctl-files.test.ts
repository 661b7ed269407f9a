import { afterAll, describe, expect, it } from 'vitest';
import { effectiveSettings, parseSysctlFile, type EffectiveSettings } from '../../src/knobs/files/index.ts';
import { because } from '../support/because.ts';
import { liveTestObstacle } from '../support/namespace.ts';
import { Random } from '../support/random.ts';
import { ownValues, procpsVersion, SysctlJail, type Values } from '../support/sysctl-jail.ts';
import { acceptsTreeValue, sysctlTree, treeKeys, type TreeFile } from '../support/sysctl-trees.ts';

const TREES = 200;
const SEED = Number(process.env['FOURTUPLE_SEED'] ?? 1);
const EACH = 30;

const version = procpsVersion();
let jail: SysctlJail | undefined;
let untouched: Values = new Map();
const obstacle = liveTestObstacle() ?? versionObstacle() ?? jailObstacle();

/** Patterns came with procps 4.0.0; 4.0.5 began to honour those of exclusions. */
function versionObstacle(): string | undefined {
  if (version === undefined) return 'sysctl of procps is not installed';
  return /\b4\.0\.[0-4]$/.test(version) ? undefined : `${version} is not one of 4.0.0 to 4.0.4`;
}

function jailObstacle(): string | undefined {
  try {
    jail = new SysctlJail(version ?? '');
    untouched = jail.system([]);
    return undefined;
  } catch (error) {
    // Hooks do not run where every test is skipped.
    jail?.close();
    return error instanceof Error ? error.message : String(error);
  }
}

afterAll(() => jail?.close());

describe(`sysctl --system${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)(`sets what effectiveSettings says, for ${TREES} trees of files`, { timeout: 300_000 }, () => {
    const own = ownKeys();
    const before = ownValues(own);
    const random = new Random(SEED);
    const seen = new Map<string, number>();
    const failures: string[] = [];
    for (let tree = 0; tree < TREES; tree++) {
      const files = sysctlTree(random);
      const computed = effectiveSettings(files.map(parsedFile), { keys: untouched.keys(), accepts: acceptsTreeValue });
      count(seen, computed);
      const winners = new Map([...computed.settings].flatMap(([path, { winner }]) => (winner === undefined ? [] : [[path, winner.value] as const])));
      const real = jail!.system(files);
      const different = [...differences(real, jail!.written(winners)), ...unlike(real, winners)];
      if (different.length > 0) failures.push(`tree ${tree}: ${different.join(', ')}${shown(files)}`);
    }
    expect(ownValues(own)).toEqual(before);
    expect(failures).toEqual([]);
    const rare = ['won', 'replaced', 'named', 'excluded', 'refused', 'astray', 'hidden', 'not-conf', 'by pattern'].filter((what) => (seen.get(what) ?? 0) < EACH);
    expect(rare).toEqual([]);
  });

  it.skipIf(obstacle !== undefined)('sees the first 4,095 bytes of a list', () => {
    const ports = Array.from({ length: 2000 }, (_, index) => 1000 + 2 * index);
    const text = `net.ipv4.ip_local_reserved_ports = ${ports.join(',')}\n`;
    const read = jail!.system([{ path: '/etc/sysctl.conf', content: Buffer.from(text) }]).get('net/ipv4/ip_local_reserved_ports')!.trim();
    expect(ports.join(',').startsWith(read)).toBe(true);
    expect(4095 - read.length).toBeLessThan('65535,'.length + 1);
    expect(parseSysctlFile(text, '/etc/sysctl.conf').lines[0]!.problems).toEqual(['longer-than-a-page']);
  });
});

function parsedFile({ path, content }: TreeFile): ReturnType<typeof parseSysctlFile> {
  return parseSysctlFile(typeof content === 'string' ? '' : Buffer.from(content).toString('utf8'), path);
}

/** Keys of the trees that this namespace has: interfaces are the jail's. */
function ownKeys(): string[] {
  return treeKeys.filter((path) => !/eth/.test(path));
}

function differences(real: Values, computed: Values): string[] {
  const paths = new Set([...real.keys(), ...computed.keys()]);
  return [...paths].filter((path) => real.get(path) !== computed.get(path)).map((path) => `${path}: sysctl ${JSON.stringify(real.get(path))}, computed ${JSON.stringify(computed.get(path))}`);
}

/** Numbers that are not read back as they were computed, so that it is not only two namespaces that agree. */
function unlike(real: Values, winners: Values): string[] {
  return [...winners].filter(([path, value]) => /^\d{1,5}$/.test(value) && real.get(path) !== `${value}\n`).map(([path, value]) => `${path} is not ${value}`);
}

function count(seen: Map<string, number>, { settings, astray, unread }: EffectiveSettings): void {
  const add = (what: string, many = 1): unknown => seen.set(what, (seen.get(what) ?? 0) + many);
  for (const { winner, hidden } of settings.values()) {
    if (winner !== undefined) add('won');
    if (winner?.pattern === true) add('by pattern');
    for (const { why } of hidden) add(why);
  }
  add('astray', astray.length);
  for (const { why } of unread) add(why);
}

function shown(files: readonly TreeFile[]): string {
  return files.map(({ path, content }) => `\n${path}: ${typeof content === 'string' ? content : JSON.stringify(Buffer.from(content).toString('utf8').replaceAll(/(.{300}).*/g, '$1…'))}`).join('');
}
