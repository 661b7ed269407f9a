import { readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { enterFreshNamespace } from '../support/namespace.ts';
import { throughObstacle } from '../support/privileges.ts';
import { settingsFile, setValue, TuneJail, tuneJailObstacle } from '../support/tune-jail.ts';

const obstacle = tuneJailObstacle() ?? throughObstacle(['strace', '-qq', '-o', '/dev/null']);
const skip = obstacle !== undefined;
const commands = ['apply', 'undo', 'status', 'verify'] as const;
type Command = (typeof commands)[number];

const schemas = Object.fromEntries(commands.map((name) => [name, JSON.parse(readFileSync(new URL(`../../schemas/tune-${name}.schema.json`, import.meta.url), 'utf8')) as AnySchemaObject])) as Record<Command, AnySchemaObject>;

/** What is wrong with a document; a field that its schema does not describe is. */
function faults(command: Command, document: unknown): string[] {
  const strict = JSON.parse(JSON.stringify(schemas[command]), (key, value: unknown) => (key === 'additionalProperties' ? false : value)) as AnySchemaObject;
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) } }).compile(strict);
  return validate(document) ? [] : validate.errors!.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

let cli: InstalledCli;
let jail: TuneJail;

beforeAll(() => {
  if (skip) return;
  cli = new InstalledCli();
  jail = new TuneJail(cli);
  enterFreshNamespace();
});

beforeEach(() => {
  if (skip) return;
  jail.empty();
  setValue('net.ipv4.tcp_fin_timeout', '45');
  setValue('net.ipv4.tcp_tw_reuse', '2');
});

afterAll(() => {
  if (skip) return;
  jail.close();
  cli.close();
});

/** Runs a command with --json, whose document must be as its schema says. */
function document(command: Command, args: readonly string[], inside: readonly string[] = []): Record<string, unknown> {
  const { out, err } = jail.run(['tune', command, ...args, '--json'], { inside });
  expect(err).toBe('');
  const parsed = JSON.parse(out) as Record<string, unknown>;
  expect(faults(command, parsed)).toEqual([]);
  return parsed;
}

const file = ['--file', settingsFile];
const failing = (key: string, when: string): readonly string[] => ['strace', '-qq', '-o', '/dev/null', ...key.split(' ').flatMap((one) => ['-P', `/proc/sys/net/ipv4/${one}`]), '-e', 'trace=write', '-e', `inject=write:error=EIO:when=${when}`];

describe(`documents of tune, by their schemas${because(obstacle)}`, () => {
  it.skipIf(skip)('apply', () => {
    expect(document('apply', ['tcp_fin_timeout=30', ...file])).toMatchObject({ outcome: 'planned', dryRun: true, transaction: null, journal: null, settings: [{ key: 'net.ipv4.tcp_fin_timeout', now: '45', to: '30', reads: '30' }], file: { exists: false, mode: '0644' } });
    expect(document('apply', ['tcp_fin_timeout=30', '--runtime'])).toMatchObject({ outcome: 'planned', file: null });
    expect(document('apply', ['tcp_tw_reuse=7', 'ip_local_port_range=1024', ...file, '--yes'])).toMatchObject({ outcome: 'refused', settings: [{ reads: '1024\t60999', trap: expect.any(String) as string }, { reads: null, refused: expect.any(String) as string }] });
    expect(document('apply', ['tcp_fin_timeout=30', 'tcp_tw_reuse=1', '--yes'], failing('tcp_tw_reuse', '1'))).toMatchObject({ outcome: 'rolled-back', why: expect.any(String) as string, left: [] });
    expect(document('apply', ['tcp_fin_timeout=30', 'tcp_tw_reuse=1', '--yes'], failing('tcp_fin_timeout tcp_tw_reuse', '2+'))).toMatchObject({ outcome: 'torn', left: [expect.any(String) as string] });
    document('undo', ['--yes']);
    jail.write('/etc/sysctl.conf', 'net.ipv4.tcp_fin_timeout = 60\n');
    jail.write('/etc/sysctl.d/10-x.conf', 'net.ipv4.tcp_tw_reuse = 0\n');
    expect(document('apply', ['tcp_fin_timeout=30', 'tcp_tw_reuse=1', ...file, '--yes', '--despite-conflicts'])).toMatchObject({ outcome: 'applied', transaction: expect.any(String) as string, overriddenBy: [{ file: '/etc/sysctl.conf', line: 1 }], overrides: [{ file: '/etc/sysctl.d/10-x.conf' }] });
    expect(document('apply', ['tcp_fin_timeout=30', ...file, '--yes', '--despite-conflicts'])).toMatchObject({ outcome: 'nothing' });
  });

  it.skipIf(skip)('undo', () => {
    expect(document('undo', [])).toMatchObject({ outcome: 'none', transaction: null });
    const { transaction } = document('apply', ['tcp_fin_timeout=30', ...file, '--yes']);
    expect(document('undo', [])).toMatchObject({ outcome: 'planned', dryRun: true, transaction, settings: [{ now: '30', to: '45' }], file: { to: 'absent', content: null } });
    setValue('net.ipv4.tcp_fin_timeout', '50');
    expect(document('undo', ['--yes'])).toMatchObject({ outcome: 'refused', refusals: [expect.stringContaining('is 50 now') as string] });
    setValue('net.ipv4.tcp_fin_timeout', '30');
    expect(document('undo', ['--yes'], failing('tcp_fin_timeout', '1'))).toMatchObject({ outcome: 'stopped', left: [expect.any(String) as string] });
    expect(document('undo', ['--yes'])).toMatchObject({ outcome: 'undone', transaction });
    expect(document('undo', [String(transaction)])).toMatchObject({ outcome: 'nothing' });
  });

  it.skipIf(skip)('status and verify', () => {
    expect(document('status', [])).toMatchObject({ transactions: [], busy: null });
    expect(document('verify', [])).toMatchObject({ status: 'unknown', deviations: [] });
    jail.apply(['tcp_fin_timeout=30', 'tcp_tw_reuse=1']);
    jail.apply(['tcp_fin_timeout=20']);
    expect(document('status', [])).toMatchObject({ transactions: [{ state: 'applied', settings: [{ state: 'superseded' }, { state: 'new' }], file: { state: 'superseded' } }, { state: 'applied', settings: [{ now: '20' }] }] });
    expect(document('verify', [])).toMatchObject({ status: 'ok' });
    setValue('net.ipv4.tcp_tw_reuse', '0');
    expect(document('verify', [])).toMatchObject({ status: 'critical', deviations: [{ severity: 'critical' }] });
    writeFileSync(jail.journal, readFileSync(jail.journal, 'utf8').replaceAll(/"cookie":"\d+"/g, '"cookie":"1"'));
    expect(document('status', [])).toMatchObject({ transactions: [{ state: 'gone', settings: [{ now: null, state: 'unreadable' }, {}] }, { state: 'gone' }] });
  });

  it('describe every field', () => {
    const bare: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties } = node as { properties?: Record<string, { description?: string }> };
      for (const [field, { description = '' }] of Object.entries(properties ?? {})) if (description.length < 5) bare.push(`${path}/${field}`);
      for (const [key, item] of Object.entries(node)) walk(item, `${path}/${key}`);
    };
    for (const command of commands) walk(schemas[command], command);
    expect(bare).toEqual([]);
  });
});
