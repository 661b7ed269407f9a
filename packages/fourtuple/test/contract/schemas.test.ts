import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { Address } from '../../src/model/index.ts';
import { spreadDocument } from '../../src/cli/commands/spread/document.ts';
import { watchDocument } from '../../src/cli/commands/watch/document.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { rules } from '../../src/diagnose/index.ts';
import { clauses } from '../../src/law/index.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { MixedPopulation } from './mixed-population.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = fileURLToPath(new URL('../../schemas', import.meta.url));
const names = ['check', 'ports', 'sockets', 'who', 'why', 'free', 'plan', 'tune', 'tune-propose', 'tune-apply', 'tune-undo', 'tune-status', 'tune-verify', 'simulate', 'lint', 'lint-rules', 'doctor', 'record', 'watch', 'spread'] as const;
type Name = (typeof names)[number];

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

const schemas = Object.fromEntries(names.map((name) => [name, JSON.parse(readFileSync(join(folder, `${name}.schema.json`), 'utf8')) as AnySchemaObject])) as Record<Name, AnySchemaObject>;
const formats = { 'date-time': (text: string): boolean => !Number.isNaN(Date.parse(text)) };

function compile(schema: AnySchemaObject): ValidateFunction {
  return new Ajv2020({ allErrors: true, allowUnionTypes: true, formats }).compile(schema);
}

/** The same schema, but a field that it does not describe is an error: new fields get a description. */
function strict(schema: AnySchemaObject): AnySchemaObject {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => (key === 'additionalProperties' ? false : value)) as AnySchemaObject;
}

const validators = Object.fromEntries(names.map((name) => [name, compile(schemas[name])])) as Record<Name, ValidateFunction>;
const strictValidators = Object.fromEntries(names.map((name) => [name, compile(strict(schemas[name]))])) as Record<Name, ValidateFunction>;

/** What is wrong with a document, one line each. */
function faults(validate: ValidateFunction, document: unknown): string[] {
  if (validate(document)) return [];
  return validate.errors!.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

/** Runs a command line in this process. */
async function run(...inputs: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const context: CliContext = {
    process: { stdout: { write: (text) => void (stdout += text) }, stderr: { write: (text) => void (stderr += text) }, env: {} },
    now: () => new Date(),
    isInputTerminal: () => true,
    heedSignals: () => undefined,
    sleep: async () => false,
  };
  const exitCode = await runCli(inputs, context);
  return { exitCode, stdout, stderr };
}

/** Runs a command that prints one document, which must be as its schema says, and described in every field. */
async function document(name: Name, ...inputs: string[]): Promise<Record<string, Json>> {
  const { stdout, stderr } = await run(...inputs);
  expect(stderr).toBe('');
  const parsed = JSON.parse(stdout) as Record<string, Json>;
  expect(faults(validators[name], parsed)).toEqual([]);
  expect(faults(strictValidators[name], parsed)).toEqual([]);
  return parsed;
}

const obstacle = liveTestObstacle();
const suite = obstacle === undefined ? describe : describe.skip;
const temporary = mkdtempSync(join(tmpdir(), 'fourtuple-schemas-'));
afterAll(() => {
  rmSync(temporary, { recursive: true });
});

describe('the schemas', () => {
  it.each(names)('%s: is JSON Schema 2020-12, and says which document it is of', (name) => {
    const schema = schemas[name];
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema['title']).toBe(`fourtuple.${name}/1`);
    expect((schema['properties'] as Record<string, { const?: string }>)['schema']!.const).toBe(`fourtuple.${name}/1`);
    expect(new Ajv2020({ allowUnionTypes: true, formats }).validateSchema(schema)).toBe(true);
  });

  it.each(names)('%s: describes every field, lets fields be added, and asks for none that it does not describe', (name) => {
    const bare: string[] = [];
    const walk = (node: Json, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      if (Array.isArray(node)) {
        node.forEach((item, index) => walk(item, `${path}/${index}`));
        return;
      }
      const { properties } = node;
      if (properties !== undefined && typeof properties === 'object' && properties !== null && !Array.isArray(properties)) {
        if (node['additionalProperties'] !== true) bare.push(`${path}: additionalProperties`);
        for (const [field, schema] of Object.entries(properties as Record<string, Record<string, Json>>)) {
          if (schema['$ref'] === undefined && (typeof schema['description'] !== 'string' || schema['description'].length < 5)) bare.push(`${path}/${field}: description`);
        }
        for (const field of node['required'] as string[]) if (!(field in properties)) bare.push(`${path}/${field}: required, not described`);
      }
      for (const [key, item] of Object.entries(node)) walk(item, `${path}/${key}`);
    };
    walk(schemas[name], name);
    expect(bare).toEqual([]);
  });
});

describe('documents of tune', () => {
  it.each([[], ['tcp_fin_timeout'], ['/proc/sys/net/ipv4/tcp_tw_recycle'], ['rlimit_nofile']])('explain %s', async (...key) => {
    const { knobs } = await document('tune', 'tune', 'explain', ...key, '--json');
    expect((knobs as Json[]).length > 1).toBe(key.length === 0);
  });

  it.each([[], ['--profile', 'load-generator'], ['--profile', 'nat-gateway'], ['--profile', 'kubernetes-node']])('propose %s', async (...flags) => {
    const { profile } = await document('tune-propose', 'tune', ...flags, '--json');
    expect(profile).toBe(flags[1] ?? null);
  });
});

describe('documents of plan', () => {
  it.each([
    [['--rate', '470'], 1],
    [['--rate', '0'], 0],
    [['service', '--rate', '30', '--bind-first', '--descriptors', '1024', '--conntrack', '262144', '--nat', 'linux-masquerade', '--hosts', '5', '--growth', '5%'], 0],
    [['pool', '--rate', '500', '--request-time', '20ms', '--idle', '15s', '--threads', '10', '--each', '2'], 0],
    [['pool', '--rate', '0', '--request-time', '20ms'], 0],
    [['nat', '--rate', '40', '--hosts', '20'], 0],
    [['nat', 'gcp-nat-static', '--rate', '40'], 1],
    [['nat', '--rate', '0'], 0],
    [['sources', '--rate', '1000', '--sources', '2'], 1],
    [['sources', '--rate', '1', '--range', '40000-40001', '--reserved', '40000-40001'], 1],
  ] as const)('%j', async (inputs, exitCode) => {
    await document('plan', 'plan', ...inputs, '--json');
    expect((await run('plan', ...inputs, '--json')).exitCode).toBe(exitCode);
  });
});

describe('documents of lint', () => {
  const file = join(temporary, 'x.conf');

  it('has findings, dismissed ones, fixes and claims', async () => {
    writeFileSync(file, 'net.ipv4.tcp_tw_recycle = 1\n# fourtuple-ignore range-without-reserved: nothing listens here\nnet.ipv4.ip_local_port_range = 1024 65535\n# Reduce TIME_WAIT\nnet.ipv4.tcp_fin_timeout = 30\n');
    expect(await document('lint', 'lint', file, '--json')).toMatchObject({ files: 1, settings: 3, errors: 1, warnings: 1, findings: [{ fix: { safe: true } }, { fix: null }], suppressed: [{ reason: 'nothing listens here' }], claims: null, fixed: [], limits: [] });
    expect((await document('lint', 'lint', file, '--json', '--markdown'))['claims']).toHaveLength(3);
    expect(await document('lint', 'lint', file, '--json', '--fix')).toMatchObject({ settings: 2, errors: 0, fixed: [{ rule: 'tw-recycle-gone', line: 1 }] });
  });

  it('has the rules, each as its schema names it', async () => {
    const { rules: listed } = await document('lint-rules', 'lint', '--rules', '--json');
    expect((listed as Json[]).length).toBeGreaterThan(40);
  });
});

describe('documents of simulate', () => {
  const fleet = join(temporary, 'fleet.yaml');

  it.each([
    [['--rate', '100', '--lifetime', '1s', '--close', 'peer', '--ports', '100', '--retry', '50%']],
    [['--rate', '10', '--ports', '50', '--addresses', '2', '--policy', 'hash', '--batch', '3', '--batches', 'geometric', '--lifetimes', 'lognormal']],
    [['--rate', '10', '--lifetimes', 'hyperexponential']],
  ] as const)('host %j', async (inputs) => {
    expect(await document('simulate', 'simulate', 'host', ...inputs, '--connections', '1000', '--json')).toMatchObject({ kind: 'host', fleet: null, services: [], series: [] });
  });

  it('fleet', async () => {
    writeFileSync(fleet, 'steps: 3\nhosts: [{ name: web, count: 10, spread: 0.2, nat: out }]\nservices: [{ name: api, hosts: web, rate: 500, lifetime: 50ms }]\nnats: [{ name: out, profile: aws-nat-gateway }]\n');
    const { services, series } = await document('simulate', 'simulate', 'fleet', fleet, '--json');
    expect(services).toHaveLength(1);
    expect((series as { offered: number[] }[])[0]!.offered).toHaveLength(3);
  });
});

suite(`documents of a namespace with sockets of every kind${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  let population: MixedPopulation;
  const recording = join(temporary, 'recording.jsonl');

  beforeAll(() => {
    population = new MixedPopulation();
    // A small range, so that there is something to find.
    setSysctl('ipv4/ip_local_port_range', '30000 30050');
    setSysctl('ipv4/ip_local_reserved_ports', '30049');
    setSysctl('ipv4/tcp_fin_timeout', '70');
  });

  afterAll(() => {
    population.close();
  });

  it('check', async () => {
    const { status, findings, tuples, bindPools } = await document('check', 'check', '--json', '--warning', '1%', '--critical', '2%');
    expect(status).toBe('critical');
    expect((findings as Json[]).length).toBeGreaterThan(3);
    expect((tuples as Json[]).length).toBeGreaterThan(3);
    expect((bindPools as Json[]).length).toBeGreaterThan(4);
  });

  it('check knows no finding that has no rule', async () => {
    const { findings } = await document('check', 'check', '--json', '--warning', '1%', '--critical', '2%');
    const ids = new Set(rules.map((rule) => rule.id));
    expect((findings as { id: string }[]).filter((finding) => !ids.has(finding.id))).toEqual([]);
  });

  it.each([['--quick'], ['--source', 'procfs'], ['--probe', 'all', '--owners', 'all'], ['--top', '0'], ['--watch', '1']])('check %s %s', async (...flags) => {
    expect(await document('check', 'check', '--json', ...flags)).toHaveProperty('status');
  });

  it('check under --watch prints one line', async () => {
    const { stdout } = await run('check', '--json', '--watch', '1');
    expect(stdout.trimEnd()).not.toContain('\n');
  });

  it.each([[], ['--top', '2'], ['--source', 'procfs'], ['--quick'], ['--watch', '1']])('ports %s %s', async (...flags) => {
    const { tuples } = await document('ports', 'ports', '--json', ...flags);
    expect((tuples as Json[]).length).toBeGreaterThan(0);
  });

  it('ports of every namespace of the host', async () => {
    const { namespaces } = await document('ports', 'ports', '--json', '--all-namespaces', '--quick');
    expect((namespaces as Json[]).length).toBeGreaterThan(0);
  });

  it('ports with a tuple of a device', async () => {
    const { tuples } = await document('ports', 'ports', '--json');
    expect((tuples as { device?: number }[]).some((tuple) => tuple.device === 1)).toBe(true);
  });

  it('sockets', async () => {
    const { sockets } = await document('sockets', 'sockets', '--json');
    expect((sockets as Json[]).length).toBe(population.expected.length);
    expect(new Set((sockets as { state: string }[]).map((socket) => socket.state))).toEqual(new Set(['bound-inactive', 'close-wait', 'closed', 'established', 'fin-wait-2', 'listening', 'syn-sent', 'time-wait']));
  });

  it.each([['--source', 'procfs'], ['--udp'], ['--owners', 'none'], ['sport', '=', ':1']])('sockets %s %s %s %s', async (...flags) => {
    expect(await document('sockets', 'sockets', '--json', ...flags.filter((flag) => flag !== undefined))).toHaveProperty('sockets');
  });

  it('sockets and ports as lines are the same elements', async () => {
    const ajv = new Ajv2020({ allowUnionTypes: true, formats });
    ajv.addSchema(schemas.sockets, 'sockets').addSchema(schemas.ports, 'ports');
    const line = (name: string): ValidateFunction => ajv.getSchema(name)!;
    const sockets = (await run('sockets', '--jsonl')).stdout.trimEnd().split('\n');
    expect(sockets.flatMap((text) => faults(line('sockets#/$defs/socket'), JSON.parse(text)))).toEqual([]);
    expect(sockets.length).toBe(population.expected.length);
    const ports = (await run('ports', '--jsonl')).stdout.trimEnd().split('\n').map((text) => JSON.parse(text) as { kind: string });
    expect(new Set(ports.map((row) => row.kind))).toEqual(new Set(['tuple', 'bindPool']));
    expect(ports.flatMap((row) => faults(line(`ports#/$defs/${row.kind}`), row))).toEqual([]);
  });

  it.each([
    ['a connection', 30_001, 0],
    ['a TIME_WAIT', 30_020, 0],
    ['an orphan', 30_021, 0],
    ['a bound socket', 30_040, 0],
    ['a listener with connections', 8010, 0],
    ['a UDP socket', 30_050, 0],
    ['nobody', 30_048, 1],
    ['nobody, reserved', 30_049, 1],
  ])('who holds the port of %s', async (_, port, exitCode) => {
    const { holders } = await document('who', 'who', String(port), '--json');
    expect((await run('who', String(port), '--json')).exitCode).toBe(exitCode);
    expect((holders as Json[]).length > 0).toBe(exitCode === 0);
  });

  it.each([
    ['bind that fails: a listener', ['bind', '8010'], { verdict: 'fails', errno: 'EADDRINUSE', clause: 'holder-listens', probed: true }],
    ['bind that fails: a connection', ['bind', '127.0.0.1:8010'], { verdict: 'fails' }],
    ['bind that succeeds', ['bind', '7'], { verdict: 'succeeds', errno: null, clause: 'port-free', holders: [] }],
    ['bind beside a TIME_WAIT', ['bind', '127.0.0.1:30020'], { verdict: 'succeeds', holders: [{ state: 'time-wait', pid: null }] }],
    ['bind whose outcome cannot be told', ['bind', '127.0.0.1:30020', '--probe', 'none'], { verdict: 'unknown', probed: false }],
    ['bind of any port', ['bind', '10.7.0.1:0'], { verdict: 'succeeds', clause: 'port-found' }],
    ['bind of UDP, as another user, with every flag', ['bind', '[::]:5001', '--udp', '--user', '1000', '--reuse-port', '--v6-only', '--device', 'lo', '--no-reuse-address'], { question: { protocol: 'udp', uid: 1000, device: 'lo', v6Only: true } }],
    ['bind of an address that is not here', ['bind', '192.0.2.1:80'], { verdict: 'fails', errno: 'EADDRNOTAVAIL', clause: 'address-not-local' }],
    ['connect that finds a port', ['connect', '127.0.0.1:8010'], { verdict: 'succeeds', question: { operation: 'connect', source: null, range: null } }],
    ['connect from an address, bound first', ['connect', '127.0.0.1:8010', '--from', '10.7.0.1', '--bound'], { verdict: 'succeeds', question: { bound: true, source: '10.7.0.1' } }],
    ['connect that fails: its range is held', ['connect', '127.0.0.1:8010', '--from', '10.7.0.1', '--range', '30001-30001'], { verdict: 'fails', errno: 'EADDRNOTAVAIL', question: { range: { low: 30_001, high: 30_001 } } }],
    ['connect without a route', ['connect', '198.51.100.1:80'], { verdict: 'fails', clause: 'no-route' }],
    ['connect from an address that is not here', ['connect', '127.0.0.1:8010', '--from', '192.0.2.1'], { verdict: 'fails', clause: 'source-not-local' }],
    ['connect of which nothing may be asked', ['connect', '127.0.0.1:8010', '--probe', 'none'], { verdict: 'unknown', clause: null }],
    ['a log line', ['connect() to 127.0.0.1:8010 failed (99: Cannot assign requested address)'], { log: { lines: 1, failures: 1, groups: [{ count: 1, answer: { verdict: 'succeeds' } }] } }],
    ['a log line of a port that is taken', ['Error: listen EADDRINUSE: address already in use 0.0.0.0:8010'], { verdict: 'fails', log: { groups: [{ program: 'Node.js', local: { host: '0.0.0.0', port: 8010 } }] } }],
    ['several lines', ["Error: listen EADDRINUSE: address already in use 0.0.0.0:8010\nall is well\nconnect() to 127.0.0.1:8010 failed (99: Cannot assign requested address)\nError: listen EADDRINUSE: address already in use 0.0.0.0:8010"], { log: { lines: 4, failures: 3, groups: [{ count: 2, firstLine: 1 }, { count: 1, firstLine: 3 }] } }],
    ['a line that tells of no failure', ['all is well'], { verdict: 'unknown', title: null, question: null, log: { failures: 0, groups: [] } }],
    ['a line about something else', ['dial tcp 127.0.0.1:80: connect: connection refused'], { verdict: 'unknown', log: { groups: [{ answer: null }] } }],
  ])('why: %s', async (_, words, expected) => {
    const answer = await document('why', 'why', ...words, '--json');
    expect(answer).toMatchObject(expected);
    expect((await run('why', ...words, '--json')).exitCode).toBe({ succeeds: 0, fails: 1, unknown: 3 }[answer['verdict'] as string]);
  });

  it('why: every clause of the law is one by its schema', () => {
    const property = (schemas.why['properties'] as Record<string, { pattern: string }>)['clause']!;
    expect(Object.keys(clauses).filter((clause) => !new RegExp(property.pattern).test(clause))).toEqual([]);
  });

  it.each([
    ['time-wait', '--port', '30020'],
    ['connection', '--port', '30001'],
    ['connection', '--port', '1'],
    ['bind-beside', '30040'],
    ['bind-beside', '8010', '--undo'],
  ])('free %s %s does nothing without --yes', async (...words) => {
    const { targets } = await document('free', 'free', ...words, '--json');
    expect(await document('free', 'free', ...words, '--json')).toMatchObject({ dryRun: true, journal: null });
    expect((targets as { outcome: Json }[]).every(({ outcome }) => outcome === null)).toBe(true);
  });

  it('free, done: each target with its outcome, and one that failed', async () => {
    const journal = join(temporary, 'journal.jsonl');
    const done = await document('free', 'free', 'time-wait', '--port', '30023', '--yes', '--journal', journal, '--json');
    expect(done).toMatchObject({ action: 'end-time-wait', dryRun: false, journal, targets: [{ outcome: 'done', reason: null, state: 'time-wait', process: null }] });
    const beside = ['free', 'bind-beside', '30022', '--yes', '--journal', journal, '--json'];
    // Made with SO_REUSEADDR, so there is nothing to set; what it had by itself is not taken away.
    expect(await document('free', ...beside)).toMatchObject({ action: 'set-reuse-address', targets: [] });
    expect(await document('free', ...beside, '--undo')).toMatchObject({ action: 'clear-reuse-address', targets: [] });
    const failed = { ...done, targets: [{ ...(done['targets'] as object[])[0], outcome: 'failed', reason: 'SOCK_DESTROY: EPERM' }] };
    expect(faults(strictValidators.free, failed)).toEqual([]);
    expect(faults(validators.free, { ...failed, action: 'end' })).not.toEqual([]);
  });

  it('who: the flags, the process and its parent', async () => {
    const { holders } = await document('who', 'who', '30040', '--json');
    expect(holders).toMatchObject([{ reuseAddress: true, reusePort: false, v6Only: false, device: 0, pid: process.pid, parent: { pid: process.ppid }, sharedWith: [] }]);
    const [{ startedAt, commandLine }] = holders as [{ startedAt: string; commandLine: string }];
    expect(Date.parse(startedAt)).toBeLessThanOrEqual(Date.now());
    expect(commandLine).toContain('node');
    expect(await document('who', 'who', '30041', '--json')).toMatchObject({ holders: [{ v6Only: true }], socketUnits: [] });
    expect(await document('who', 'who', '30020', '--json')).toMatchObject({ holders: [{ reuseAddress: null, pid: null, parent: null, inode: 0 }] });
  });

  it('doctor', async () => {
    const { mechanisms } = await document('doctor', 'doctor', '--json');
    expect((mechanisms as Json[]).length).toBeGreaterThan(8);
  });

  it('watch: a failure and a tuple, as one document and as lines', async () => {
    const { mechanism, tuples } = await document('watch', 'watch', '--once', '--interval', '100ms', '--json');
    expect({ mechanism, tuples: tuples === null }).toEqual({ mechanism, tuples: mechanism === 'tracefs' });
    const facts = { watch: { mechanism: 'bpf', limits: ['one'] }, takenAt: new Date(0), host: 'h', kernel: '6.18', nameOf: () => 'web' } as const;
    const tuple = { source: Address.parse('10.0.0.5')!, destination: Address.parse('2001:db8::1')!, destinationPort: 443 };
    const report = { elapsedMs: 2000, intervalMs: 1000, failures: [{ namespace: undefined, ...tuple, owner: { pid: 7, command: 'app', uid: 0, unit: 'app.service', container: 'abc' }, total: 4, recent: 3 }], lost: 1, churn: [{ namespace: 4, ...tuple, tried: 5, established: 2, noPort: 3, notMade: 0, closed: 1 }], binds: [{ namespace: 4, address: Address.parse('0.0.0.0')!, port: 443, code: 'EADDRINUSE', owner: { pid: 7, command: 'app', uid: 0, unit: undefined, container: undefined }, total: 4, recent: 3 }] };
    const made = JSON.parse(JSON.stringify(watchDocument({ ...facts, report }))) as Json;
    expect(faults(strictValidators.watch, made)).toEqual([]);
    expect(made).toMatchObject({ failures: [{ namespace: null, perSecond: 3, process: { unit: 'app.service' } }], tuples: [{ triedPerSecond: 5 }], binds: [{ errno: 'EADDRINUSE', perSecond: 3 }] });
    expect(faults(strictValidators.watch, JSON.parse(JSON.stringify(watchDocument({ ...facts, report: { ...report, churn: undefined, binds: undefined } })))).length).toBe(0);
  });

  it('spread: what it counts, and what is left', async () => {
    await document('spread', 'spread', 'status', '--json', '--journal', '/nonexistent');
    const counts = { addresses: [{ address: Address.parse('10.0.0.5')!, chosen: 4, refused: 1 }], destinations: [{ destination: Address.parse('2001:db8::1')!, port: 443, connects: 5 }], leftAlone: { alreadyBound: 1, loopback: 2, notSelected: 3, otherProtocol: 4, noAddress: 5 }, keptDefault: 6 };
    const spreads = [{ pid: 7, cgroupId: 9, startedAtMs: 0, cgroup: '/web.service', command: 'node', ...counts }, { pid: 8, cgroupId: 9, startedAtMs: 0, cgroup: undefined, command: undefined, ...counts }];
    const made = JSON.parse(JSON.stringify(spreadDocument({ takenAt: new Date(0), spreads, leftAddresses: [{ address: Address.parse('10.0.0.6')!, device: 'eth0', pid: 7 }], leftCgroups: ['/sys/fs/cgroup/fourtuple-7'] }))) as Json;
    expect(faults(strictValidators.spread, made)).toEqual([]);
    expect(made).toMatchObject({ spreads: [{ addresses: [{ connects: 4 }] }, { command: null, cgroup: null }] });
  });

  it('record, and everything that is read from it again', async () => {
    expect(await document('record', 'record', recording, '--json')).toMatchObject({ file: recording, snapshots: 1 });
    await document('record', 'record', `${recording}.gz`, '--json', '--every', '1', '--count', '1');
    for (const path of [recording, `${recording}.gz`]) {
      await document('check', 'check', '--json', '--input', path);
      await document('ports', 'ports', '--json', '--input', path);
      await document('sockets', 'sockets', '--json', '--input', path);
      const { limits } = await document('who', 'who', '30001', '--json', '--input', path);
      expect((limits as string[]).join()).toContain('recording');
    }
  });

  it('every ratio is used / capacity, rounded down to four decimals', async () => {
    const { tuples, bindPools } = await document('ports', 'ports', '--json');
    for (const pool of [...(tuples as object[]), ...(bindPools as object[])] as { used: number; capacity: number; free: number; ratio: number }[]) {
      expect(pool.free).toBe(pool.capacity - pool.used);
      expect(pool.ratio).toBe(Math.floor((pool.used * 10_000) / pool.capacity) / 10_000);
    }
  });

  it('every document refuses to be damaged', async () => {
    const check = await document('check', 'check', '--json', '--warning', '1%', '--critical', '2%');
    const refused = (change: (copy: Record<string, Json>) => void): boolean => {
      const copy = structuredClone(check);
      change(copy);
      return !validators.check(copy);
    };
    expect(Object.keys(check).filter((field) => !refused((copy) => delete copy[field]))).toEqual([]);
    expect(refused((copy) => (copy['status'] = 'fine'))).toBe(true);
    expect(refused((copy) => (copy['schema'] = 'fourtuple.check/2'))).toBe(true);
    expect(refused((copy) => (copy['takenAt'] = 'yesterday'))).toBe(true);
    expect(refused((copy) => ((copy['tuples'] as { ratio: number }[])[0]!.ratio = 1.5))).toBe(true);
    expect(refused((copy) => ((copy['findings'] as { severity: string }[])[0]!.severity = 'bad'))).toBe(true);
    expect(refused((copy) => ((copy['namespaces'] as { poisoned: { kind: string }[] }[])[0]!.poisoned[0]!.kind = 'x'))).toBe(true);
    // A field may be added.
    expect(refused((copy) => (copy['added'] = 1))).toBe(false);
    expect(refused((copy) => ((copy['tuples'] as { added: number }[])[0]!.added = 1))).toBe(false);
  });
});

suite('documents of an empty namespace', () => {
  beforeAll(enterFreshNamespace);

  it('check', async () => {
    expect(await document('check', 'check', '--json')).toMatchObject({ status: 'ok', firstToFail: null, tuples: [], findings: [] });
  });

  it('ports, sockets and who', async () => {
    await document('ports', 'ports', '--json');
    expect(await document('sockets', 'sockets', '--json')).toMatchObject({ sockets: [] });
    await document('who', 'who', '12345', '--json', '--namespace', '/proc/self/ns/net');
  });

  it('a namespace all of whose ports are reserved', async () => {
    setSysctl('ipv4/ip_local_port_range', '30000 30003');
    setSysctl('ipv4/ip_local_reserved_ports', '30000-30003');
    expect(await document('ports', 'ports', '--json')).toMatchObject({ namespaces: [{ usablePorts: 0 }] });
    await document('check', 'check', '--json');
  });
});

describe('ratios', () => {
  it('are rounded down from the fraction, not from a product that floating point made smaller (3 of 10,000 is 0.0003)', async () => {
    const { tupleJson } = await import('../../src/cli/documents.ts');
    const { usageOf, tcp, many } = await import('./hand-made.ts');
    const wrong: string[] = [];
    for (const used of [1, 2, 3, 6, 7, 12, 13, 29, 57, 58]) {
      const usage = usageOf(many(used, (index) => tcp('established', `10.0.0.1:${20_000 + index}`, '10.0.0.9:443')), { settings: { range: [20_000, 29_999] } });
      const { ratio } = JSON.parse(tupleJson(1, usage.tuples.at(0))) as { ratio: number };
      if (ratio !== used / 10_000) wrong.push(`${used} of 10,000: ${ratio}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('documents in the documentation', () => {
  const files = ['README.md', 'packages/fourtuple/README.md', ...(existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name)) : [])].map((name) => join(root, name)).filter((path) => existsSync(path));

  it('are as their schemas say', () => {
    const wrong: string[] = [];
    let checked = 0;
    for (const path of files) {
      const text = readFileSync(path, 'utf8');
      for (const match of text.matchAll(/^( *)```json\n([\s\S]*?)^ *```/gm)) {
        const place = `${relative(root, path)}:${text.slice(0, match.index).split('\n').length}`;
        if (!/"schema"\s*:/.test(match[2]!)) continue;
        let parsed: { schema?: string };
        try {
          parsed = JSON.parse(match[2]!) as { schema?: string };
        } catch (error) {
          wrong.push(`${place}: ${(error as Error).message}`);
          continue;
        }
        const name = names.find((one) => parsed.schema === `fourtuple.${one}/1`);
        checked++;
        if (name === undefined) wrong.push(`${place}: no schema for ${parsed.schema}`);
        else wrong.push(...faults(strictValidators[name], parsed).map((fault) => `${place}: ${fault}`));
      }
    }
    console.log(`schemas: ${checked} documents in ${files.length} pages checked`);
    expect(wrong).toEqual([]);
  });
});
