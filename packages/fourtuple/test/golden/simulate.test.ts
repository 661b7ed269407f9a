import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import type { CliContext } from '../../src/cli/context.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourtuple-simulate-'));
const fleet = join(folder, 'fleet.yaml');
const at = (name: string): string => join(folder, name);
const description = `
steps: 100
hosts:
  - { name: web, count: 40, spread: 0.3 }
services:
  - { name: "a<b>, c", hosts: web, rate: 460, lifetime: 50ms, daily: { swing: 20%, peakHour: 1 } }
  - { name: cache, hosts: web, rate: 40, lifetime: 1s, spikes: [{ at: 30m, for: 2m, factor: 20 }] }
`;

afterAll(() => {
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  for (const name of readdirSync(folder)) if (name !== 'program') rmSync(at(name));
  writeFileSync(fleet, description);
});

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In this process; `isPatient` false is a user who interrupts at the first pause. */
async function run(inputs: readonly string[], { isPatient = true, isTerminal = false } = {}): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  let now = 0;
  const context: CliContext = {
    process: { stdout: { write: (text) => void (stdout += text) }, stderr: { write: (text) => void (stderr += text), isTTY: isTerminal }, env: { LANG: 'C.UTF-8' } },
    now: () => new Date((now += 200)),
    isInputTerminal: () => true,
    heedSignals: () => undefined,
    sleep: async () => isPatient,
  };
  return { exitCode: await runCli(['simulate', ...inputs], context), stdout, stderr };
}

describe('simulate fleet', () => {
  it('prints a line a service, and is silent about its progress in a pipe', async () => {
    const { exitCode, stdout, stderr } = await run(['fleet', fleet]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('40 hosts, 80 tuples, 100 steps of 60 s');
    expect(stdout).toMatch(/a<b>, c +[\d,]+ +[\d.]+ %/);
    expect(await run(['fleet', fleet])).toEqual({ exitCode, stdout, stderr });
    expect((await run(['fleet', fleet, '--seed', '2'])).stdout).not.toBe(stdout);
  });

  it('understands the example of its page', async () => {
    const page = readFileSync(new URL('../../../../docs/concepts/simulation.md', import.meta.url), 'utf8');
    writeFileSync(fleet, /```yaml\n([\s\S]*?)```/.exec(page)![1]!);
    const { exitCode, stdout, stderr } = await run(['fleet', fleet]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/partner +[\d,]+ +[\d.]+ % +[\d.]+ %/);
  });

  it('shows on a terminal how far it is, and takes that away', async () => {
    const { stderr } = await run(['fleet', fleet], { isTerminal: true });
    expect(stderr).toMatch(/█.* \d+\.\d %/);
    expect(stderr.endsWith('\r\u001B[K')).toBe(true);
    expect((await run(['fleet', fleet, '--quiet'], { isTerminal: true })).stderr).toBe('');
  });

  it('writes every step as CSV, and a picture', async () => {
    await run(['fleet', fleet, '--csv', at('steps.csv'), '--svg', at('day.svg')]);
    const lines = readFileSync(at('steps.csv'), 'utf8').trimEnd().split('\r\n');
    expect(lines).toHaveLength(201);
    expect(lines[0]).toBe('step,seconds,service,offered,carried,lostAtHost,lostAtNat,used,worstUsed,worstLoss');
    expect(lines[3]).toMatch(/^1,60,"a<b>, c",/);
    const svg = readFileSync(at('day.svg'), 'utf8');
    expect(svg).toMatch(/^<svg [^>]+>/);
    expect(svg).toContain('a&lt;b&gt;, c');
    expect(svg).not.toContain('NaN');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('keeps what is done when it is interrupted, and goes on from there', async () => {
    const whole = await run(['fleet', fleet, '--json']);
    const broken = await run(['fleet', fleet, '--json', '--csv', at('steps.csv'), '--checkpoint', at('kept')], { isPatient: false });
    expect(broken).toMatchObject({ exitCode: 1, stdout: '' });
    expect(broken.stderr).toMatch(/^Interrupted when 10 % were done\. What is done is kept in .*kept: the same command with --resume goes on\.\n$/);
    expect(existsSync(at('steps.csv'))).toBe(false);
    // A line that a crash cut off.
    writeFileSync(at('kept'), `${readFileSync(at('kept'), 'utf8')}{"block":3,"da`);
    expect(await run(['fleet', fleet, '--json', '--checkpoint', at('kept'), '--resume'], { isPatient: false })).toMatchObject({ exitCode: 1 });
    expect(await run(['fleet', fleet, '--json', '--checkpoint', at('kept'), '--resume'])).toEqual(whole);
    expect(existsSync(at('kept'))).toBe(false);
  });

  it('says what to do when nothing was kept', async () => {
    expect((await run(['fleet', fleet], { isPatient: false })).stderr).toContain('Nothing was kept; --checkpoint FILE keeps what is done.');
  });

  it('does not go on with another run, or with what is no checkpoint', async () => {
    const resume = ['fleet', fleet, '--checkpoint', at('kept'), '--resume'];
    expect(await run(resume)).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('There is nothing to resume') as string });
    expect(await run(['fleet', fleet, '--resume'])).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('--checkpoint FILE') as string });
    await run(resume.slice(0, -1), { isPatient: false });
    expect(await run(resume.slice(0, -1))).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('exists already') as string });
    expect(await run([...resume, '--seed', '9'])).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('another run') as string });
    writeFileSync(at('kept'), 'something else\n');
    expect(await run(resume)).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('is no checkpoint') as string });
    expect(readFileSync(at('kept'), 'utf8')).toBe('something else\n');
  });

  it.each<[string, string | undefined, RegExp]>([
    ['a file that is not there', undefined, /cannot be read: ENOENT/],
    ['what is no YAML', 'hosts: [', /is not YAML or JSON/],
    ['an alias to nothing', 'hosts: *x', /is not YAML or JSON/],
    ['a list', '[1]', /is an object/],
    ['nothing', '', /is an object/],
    ['a wrong number', description.replace('460', 'many'), /services\[0\]\.rate is such as 470, not "many"/],
    ['a misspelt field', description.replace('spread', 'spraed'), /hosts\[0\]\.spraed is no field/],
  ])('refuses %s in one sentence, and writes nothing', async (_, text, message) => {
    if (text === undefined) rmSync(fleet);
    else writeFileSync(fleet, text);
    const { exitCode, stdout, stderr } = await run(['fleet', fleet, '--csv', at('out.csv'), '--checkpoint', at('kept')]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(existsSync(at('out.csv')) || existsSync(at('kept'))).toBe(false);
  });

  it.each(['--csv', '--svg', '--checkpoint'])('knows before it begins that %s cannot be written', async (flag) => {
    expect(await run(['fleet', fleet, flag, join(folder, 'none', 'file')])).toMatchObject({ exitCode: 64, stdout: '' });
    expect(await run(['fleet', fleet, flag, folder])).toMatchObject({ exitCode: 64, stdout: '', stderr: expect.stringContaining('is a directory') as string });
  });
});

describe('simulate host', () => {
  it('says what it counted, and what the formula says', async () => {
    const { exitCode, stdout, stderr } = await run(['host', '--rate', '100', '--lifetime', '1s', '--close', 'peer', '--ports', '100', '--connections', '200000']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/of 200,000 attempts found no port: 7\.\d+ %, standard error 0\.\d+ %\./);
    expect(stdout).toContain('Erlang B: 7.57 % at a load of 100.0 ports for each destination, peakedness 1.0.');
  });

  it('tells of retries, addresses, and of what has no formula', async () => {
    const { stdout } = await run(['host', '--rate', '100', '--lifetime', '1s', '--close', 'peer', '--ports', '50', '--addresses', '2', '--policy', 'hash', '--retry', '90%', '--connections', '20000']);
    expect(stdout).toContain('There is no formula for this.');
    expect(stdout).toMatch(/Fullest for one destination, by address: \d+, \d+ of 50\./);
    expect(stdout).toMatch(/given up, [\d,]+ failures tried again\./);
  });

  it('writes the parts of its run as CSV, and a picture', async () => {
    expect(await run(['host', '--rate', '100', '--lifetime', '1s', '--close', 'peer', '--ports', '100', '--connections', '40000', '--csv', at('parts.csv'), '--svg', at('parts.svg')])).toMatchObject({ exitCode: 0 });
    const lines = readFileSync(at('parts.csv'), 'utf8').trimEnd().split('\r\n');
    expect(lines[0]).toBe('seconds,attempts,failures,loss,meanUsed');
    expect(lines).toHaveLength(41);
    expect(readFileSync(at('parts.svg'), 'utf8')).not.toContain('NaN');
    expect(await run(['host', '--rate', '1', '--csv', join(folder, 'none', 'file')])).toMatchObject({ exitCode: 64, stdout: '' });
  });

  it('can be interrupted', async () => {
    expect(await run(['host', '--rate', '400', '--connections', '100000000'], { isPatient: false })).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/^Interrupted when \d % were done\./) as string });
  });

  it.each([
    [['--rate', '0'], /--rate is from/],
    [['--rate', 'x'], /--rate is such as 470, not "x"/],
    [['--rate', '1', '--lifetime', '0', '--close', 'peer'], /take no port/],
    [['--rate', '1', '--batch', '1.5'], /--batch is a whole number/],
    [['--rate', '1', '--policy', 'hash'], /--addresses/],
    [['--rate', '1', '--addresses', '65536', '--destinations', '65536'], /cannot be simulated/],
    [['--rate', '1', '--seed', '-1'], /--seed takes/],
    [[], /rate/],
  ])('refuses %j', async (inputs, message) => {
    const { exitCode, stderr } = await run(['host', ...inputs]);
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(message);
  });
});

describe('the bundled program', () => {
  const program = at('program');

  beforeAll(async () => {
    const source = (path: string): string => fileURLToPath(new URL(`../../src/cli/${path}`, import.meta.url));
    const bundle = await rolldown({ input: { main: source('main.ts'), 'fleet-worker': source('commands/simulate/fleet-worker.ts') }, platform: 'node', external: ['koffi', /^node:/], logLevel: 'warn' });
    await bundle.write({ dir: program, format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' });
    await bundle.close();
  });

  const line = (...inputs: readonly string[]): string[] => ['-e', `require(${JSON.stringify(join(program, 'main.cjs'))}).main()`, 'fourtuple', 'simulate', ...inputs];

  it('comes to the same with any number of workers', () => {
    const [one, two, five] = ['1', '2', '5'].map((workers) => spawnSync(process.execPath, line('fleet', fleet, '--json', '--workers', workers), { encoding: 'utf8' }));
    expect(one).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(one!.stdout)).toMatchObject({ kind: 'fleet' });
    expect(two!.stdout).toBe(one!.stdout);
    expect(five!.stdout).toBe(one!.stdout);
  });

  it('ends at Ctrl-C with a message and its checkpoint, threads and all', async () => {
    writeFileSync(fleet, description.replace('steps: 100', 'steps: 200000').replace('count: 40', 'count: 20000'));
    const child = spawn(process.execPath, line('fleet', fleet, '--workers', '2', '--checkpoint', at('kept')), { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    // The first block is done: it is in its middle.
    while (!existsSync(at('kept')) || readFileSync(at('kept'), 'utf8').split('\n').length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    expect(await closed).toBe(1);
    expect(stderr).toMatch(/^Interrupted when \d+ % were done\. What is done is kept/);
    expect(readFileSync(at('kept'), 'utf8').split('\n').length).toBeGreaterThanOrEqual(3);
  });
});
