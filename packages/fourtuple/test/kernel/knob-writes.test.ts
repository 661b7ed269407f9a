import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knobPath, knobs, writeOutcome } from '../../src/knobs/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';
import { procpsVersion } from '../support/sysctl-jail.ts';

const obstacle = liveTestObstacle();
const keys = [...knobs.values()].filter(({ scope, until }) => scope === 'namespace' && until === undefined).map(({ key }) => key);
const pathOf = (key: string): string => `/proc/sys/${knobPath(key)}`;
const read = (key: string): string | undefined => (existsSync(pathOf(key)) ? readFileSync(pathOf(key), 'utf8').replace(/\n$/, '') : undefined);

/** @returns false for EINVAL */
function write(key: string, text: string): boolean {
  const fd = openSync(pathOf(key), 'w');
  try {
    writeSync(fd, `${text}\n`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    return false;
  } finally {
    closeSync(fd);
  }
}

const spelled = fc.oneof(
  // Many a key takes only these.
  fc.integer({ min: -1, max: 3 }).map(String),
  fc.integer({ min: -3, max: 70_000 }).map(String),
  fc.constantFrom('0', '1', '2', '3', '255', '256', '1023', '1024', '32768', '60999', '60000', '60001', '65535', '65536', '16777216', '16777217', '2147483', '2147483647', '2147483648', '4294967295', '18446744073709551615', '99999999999999999999', '999999999999999999999'),
  fc.integer({ min: 0, max: 70_000 }).map((number) => `0x${number.toString(16)}`),
  fc.integer({ min: 0, max: 70_000 }).map((number) => `0${number.toString(8)}`),
  fc.constantFrom('08', '-', '+5', '0x', '1e3', '1.5', 'abc', '-0', '0-', '"30"', "'5'"),
);
const between = fc.constantFrom(' ', '\t', '\n', ',', '-', ';', '  ', ', ', '\r\n', ' # ', '\v', ':', '\0', '');
const values = fc.array(fc.tuple(spelled, between), { minLength: 1, maxLength: 5 }).chain((parts) => fc.constantFrom('', ' ', '\t', '\n').map((before) => before + parts.map(([number, gap], index) => number + (index === parts.length - 1 && gap.length > 1 ? '' : gap)).join('')));
const any = fc.oneof({ weight: 8, arbitrary: values }, { weight: 4, arbitrary: spelled }, { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 20 }) });

describe(`what the kernel makes of a value${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined).each(keys)('of %s', (key) => {
    enterFreshNamespace();
    const compared = { values: 0, taken: 0, unknown: 0 };
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 4 }), (texts) => {
        for (const text of texts) {
          const before = read(key);
          const expected = writeOutcome(key, text, read);
          const isRefused = !write(key, text);
          compared.values++;
          if (expected.kind === 'unknown') compared.unknown++;
          if (expected.kind !== 'unknown' && !isRefused) compared.taken++;
          const now = { isRefused, reads: read(key) };
          expect({ text, ...now }).toEqual({ text, ...(expected.kind === 'unknown' ? now : { isRefused: expected.kind === 'refused', reads: expected.kind === 'refused' ? before : expected.reads }) });
        }
      }),
      { numRuns: existsSync(pathOf(key)) ? 1000 : 0 },
    );
    // A key that this kernel lacks cannot be compared; of the others most values must have been judged.
    expect(existsSync(pathOf(key)) ? compared.taken > 20 && compared.unknown < compared.values / 20 : compared.values === 0).toBe(true);
  });

  const noSysctl = procpsVersion() === undefined;
  it.skipIf(obstacle !== undefined || noSysctl)(`of lists of ports longer than a page, which sysctl writes once${noSysctl ? ' (skipped: no sysctl of procps is installed)' : ''}`, () => {
    const key = 'net.ipv4.ip_local_reserved_ports';
    enterFreshNamespace();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 65535 }), { minLength: 600, maxLength: 1500 }), fc.integer({ min: 1, max: 5 }), (ports, digits) => {
        const text = `${'1'.repeat(Math.min(4, digits))},${ports.map((port, index) => (index % 7 === 0 && port < 65000 ? `${port}-${port + 3}` : String(port))).join(',')}`;
        const expected = writeOutcome(key, text, read);
        // Every other way of writing goes on with what the kernel left: libuv, and the shells.
        const { status } = spawnSync('sysctl', ['--quiet', '--write', `${key}=${text}`]);
        expect({ length: text.length, status, reads: read(key) }).toEqual({ length: text.length, status: 0, reads: expected.kind === 'ok' || expected.kind === 'trap' ? expected.reads : undefined });
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });
});
