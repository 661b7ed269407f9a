import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { lintRules } from '../../src/knobs/lint/index.ts';
import { because } from '../support/because.ts';
import { runInProcess } from './run-cli.ts';
import { temporaryFolder } from './temporary.ts';

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
const traffic = join(fixtures, 'lint/found/sysctl/high-traffic.conf');
const advice = join(fixtures, 'claims/advice.md');

const RECYCLE = 'net.ipv4.tcp_tw_recycle = 1\n';
const NARROW = 'net.ipv4.ip_local_port_range = 40000 40999\n';
const CLEAN = '# Nothing of ports\nvm.swappiness = 10\n';
const NOTE = 'net.core.somaxconn = 4096\n';

/** A file of a folder of its own. */
function fileOf(text: string | Uint8Array, name = 'x.conf'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

async function json(...args: readonly string[]): Promise<Record<string, unknown> & { readonly findings: readonly { readonly rule: string; readonly file: string; readonly line: number }[] }> {
  return JSON.parse((await runInProcess('lint', ...args, '--json')).stdout) as Awaited<ReturnType<typeof json>>;
}

describe('the text', () => {
  it('has a line a finding below its file, and counts', async () => {
    const file = fileOf(RECYCLE + NARROW);
    expect(await runInProcess('lint', file)).toEqual({
      exitCode: 2,
      stderr: '',
      stdout: `${[
        file,
        '  1:1  error  tcp_tw_recycle is gone since Linux 4.12; before, it dropped clients behind NAT. Take it out. [tw-recycle-gone]',
        '  2:32  warning  1,000 ports in the range 40000-40999, where the default has 28,232: each destination runs out sooner. [range-narrow]',
        '1 error, 1 warning, 0 notes in 2 settings of 1 file. --fix mends 1 of them.',
      ].join('\n')}\n`,
    });
  });

  it('leaves out notes with -q, and says why and what to do with -V, once a rule', async () => {
    const file = fileOf(`${NOTE}${RECYCLE}${RECYCLE}# fourtuple-ignore range-narrow: few destinations\n${NARROW}`);
    const [normal, quiet, verbose] = [await runInProcess('lint', file), await runInProcess('lint', file, '-q'), await runInProcess('lint', file, '-V')];
    expect(normal.stdout).toContain('[value-is-default]');
    expect(normal.stdout).toContain(', 1 dismissed in 4 settings of 1 file.');
    expect(quiet.stdout).not.toContain('[value-is-default]');
    expect(quiet.stdout).toContain('2 errors, 0 warnings, 1 note,');
    expect(verbose.stdout.match(/What to do: Take the line out/g)).toHaveLength(1);
    expect(verbose.stdout).toContain(`dismissed: ${file}:5  [range-narrow] few destinations`);
  });

  it('shows no control character of a file', async () => {
    const { stdout } = await runInProcess('lint', fileOf('net.ipv4.ip_local_port_range = 1024 6\u001b[31m5535\n', 'x\u0007.conf'));
    expect(stdout).toMatch(/\[\w/);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
  });
});

describe('exit codes', () => {
  it.each([
    ['nothing', CLEAN, [], 0],
    ['a note', NOTE, [], 0],
    ['a warning', NARROW, [], 1],
    ['an error beside a warning', NARROW + RECYCLE, [], 2],
    ['a warning, where errors alone count', NARROW, ['--fail-on', 'error'], 0],
    ['an error, where errors alone count', RECYCLE, ['--fail-on', 'error'], 2],
    ['an error, where nothing counts', RECYCLE, ['--fail-on', 'never'], 0],
    ['an error that is left out', RECYCLE, ['--ignore', 'tw-recycle-gone'], 0],
    ['errors and warnings, one of which is left out', NARROW + RECYCLE, ['--ignore', 'tw-recycle-gone', '--ignore', 'range-parity'], 1],
    ['an error that is mended', RECYCLE, ['--fix'], 0],
    ['an empty file', '', [], 0],
  ] as const)('%s', async (_, text, flags, exitCode) => {
    const file = fileOf(text);
    for (const format of ['text', 'json', 'sarif', 'github']) expect(await runInProcess('lint', file, ...flags, '--format', format)).toMatchObject({ exitCode, stderr: '' });
  });
});

describe('what cannot be read', () => {
  it.each([
    ['a binary file', Uint8Array.from({ length: 400 }, (_, index) => index % 3), 'it is no text'],
    ['a file of five MiB', 'net.core.somaxconn = 1\n'.repeat(240_000), 'it is larger than 4 MiB'],
  ])('%s', async (_, content, why) => {
    const file = fileOf(content);
    for (const format of ['text', 'sarif', 'github']) expect(await runInProcess('lint', file, '--format', format)).toMatchObject({ exitCode: 3, stderr: `could not be read: ${file}: ${why}\n` });
    expect(await json(file)).toMatchObject({ files: 0, limits: [`could not be read: ${file}: ${why}`] });
  });

  it('a device that never ends', async () => {
    const { exitCode, stderr } = await runInProcess('lint', '/dev/zero');
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: 'could not be read: /dev/zero: it is larger than 4 MiB\n' });
  });

  it('a link to itself; what is beside it is judged', async () => {
    const folder = temporaryFolder();
    symlinkSync('loop', join(folder, 'loop'));
    writeFileSync(join(folder, 'x.conf'), RECYCLE);
    const { exitCode, stdout, stderr } = await runInProcess('lint', join(folder, 'loop'), join(folder, 'x.conf'));
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^could not be read: .*loop: ELOOP.*\n$/);
    expect(stdout).toContain('[tw-recycle-gone]');
  });

  it.each([[['/no/such/file.conf'], /there is no file \/no\/such\/file\.conf/], [['-'], /nothing comes from standard input/], [['--ignore', 'range-wide', traffic], /there is no rule "range-wide"/], [['--ignore', 'range-narow', traffic], /did you mean "range-narrow"/]])('%j is bad usage', async (args, why) => {
    const { exitCode, stdout, stderr } = await runInProcess('lint', ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(why);
  });

  it('a folder without anything is bad usage', async () => {
    expect(await runInProcess('lint', temporaryFolder())).toMatchObject({ exitCode: 64, stdout: '' });
  });
});

describe('a folder', () => {
  it('is searched once, through no link that leads back, and for files of settings alone', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'deploy/node_modules'), { recursive: true });
    symlinkSync('..', join(folder, 'deploy/up'));
    for (const name of ['deploy/x.conf', 'deploy/node_modules/x.conf']) writeFileSync(join(folder, name), RECYCLE);
    writeFileSync(join(folder, 'deploy/notes.txt'), 'net is down\n');
    writeFileSync(join(folder, 'deploy/app'), Uint8Array.from({ length: 999 }, () => 0));
    expect(await json(folder)).toMatchObject({ files: 1, findings: [{ file: join(folder, 'deploy/x.conf') }], limits: [] });
  });

  it('is judged as a host where it has sysctl.d', async () => {
    const { findings } = await json(join(fixtures, 'lint/found/trees/web-server.tree'));
    expect(new Set(findings.map(({ rule }) => rule))).toContain('overridden');
  });

  it('of sysctl.d with links reads each file once, and no device that a link leads to', async () => {
    const folder = join(temporaryFolder(), 'etc/sysctl.d');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '10-a.conf'), RECYCLE);
    symlinkSync('10-a.conf', join(folder, '20-b.conf'));
    symlinkSync('/dev/zero', join(folder, '30-c.conf'));
    symlinkSync('/dev/null', join(folder, '40-d.conf'));
    symlinkSync('/no/such/file', join(folder, '50-e.conf'));
    symlinkSync('..', join(folder, '60-f.conf'));
    expect(await json(folder)).toMatchObject({ settings: 1, findings: [{ rule: 'tw-recycle-gone' }], limits: [] });
  });

  it('and a file of it are one', async () => {
    const file = fileOf(RECYCLE);
    expect((await json(file, join(file, '..'), join(file, '../x.conf'))).findings).toHaveLength(1);
  });
});

describe('--fix', () => {
  const BROKEN = 'net.ipv4.tcp_tw_recycle = 1\nnet.ipv4.ip_local_port_range = 1024 65535 1\n';
  const MENDED = 'net.ipv4.ip_local_port_range = 1024 65535\n';

  it('writes what can be meant only one way, says so, and finds nothing to mend the next time', async () => {
    const file = fileOf(BROKEN);
    chmodSync(file, 0o640);
    const first = await runInProcess('lint', file, '--fix');
    expect(first.stdout).toContain(`mended: ${file}:1  Take the line out. [tw-recycle-gone]`);
    expect(first.stdout).toContain(`mended: ${file}:2  Take out what is dropped. [value-misread]`);
    expect(readFileSync(file, 'utf8')).toBe(MENDED);
    expect(statSync(file).mode & 0o7777).toBe(0o640);
    const before = statSync(file);
    expect((await runInProcess('lint', file, '--fix')).stdout).not.toContain('mended');
    expect(statSync(file)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(readdirSync(join(file, '..'))).toEqual(['x.conf']);
  });

  it('keeps a link a link', async () => {
    const file = fileOf(BROKEN);
    const link = join(file, '../link.conf');
    symlinkSync('x.conf', link);
    await runInProcess('lint', link, '--fix');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link)).toBe('x.conf');
    expect(readFileSync(file, 'utf8')).toBe(MENDED);
  });

  it('keeps the bytes of what is no UTF-8, line ends, and a byte order mark', async () => {
    const latin = fileOf(Buffer.from(`# f\u00fcr alle\r\n${BROKEN.replaceAll('\n', '\r\n')}`, 'latin1'));
    await runInProcess('lint', latin, '--fix');
    expect(readFileSync(latin)).toEqual(Buffer.from(`# f\u00fcr alle\r\n${MENDED.replaceAll('\n', '\r\n')}`, 'latin1'));
    const marked = fileOf(`\ufeff# a\n${BROKEN}`);
    await runInProcess('lint', marked, '--fix');
    expect(readFileSync(marked, 'utf8')).toBe(`\ufeff# a\n${MENDED}`);
  });

  it('mends nothing that is left out or dismissed, and nothing before the arguments are understood', async () => {
    const file = fileOf(BROKEN);
    await runInProcess('lint', file, '--fix', '--ignore', 'tw-recycle-gone', '--ignore', 'value-misread');
    await runInProcess('lint', file, '--fix', '--ignore', 'no-such-rule');
    expect(readFileSync(file, 'utf8')).toBe(BROKEN);
    const dismissed = fileOf('# fourtuple-ignore-file tw-recycle-gone: a kernel of 2016\nnet.ipv4.tcp_tw_recycle = 1\n');
    expect(await runInProcess('lint', dismissed, '--fix')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(dismissed, 'utf8')).toContain('tcp_tw_recycle = 1');
  });

  it('takes no standard input, and no kernel', async () => {
    expect(await runInProcess('lint', '--fix', '--live')).toMatchObject({ exitCode: 64 });
  });
});

describe('--format github', () => {
  it('has a workflow command a finding', async () => {
    const file = fileOf(NARROW + RECYCLE + NOTE);
    expect((await runInProcess('lint', file, '--format', 'github')).stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^::warning file=.*x\.conf,line=1,endLine=1,col=32,endColumn=43,title=range-narrow::1,000 ports .*\.$/),
      expect.stringMatching(/^::error file=.*,line=2,.*title=tw-recycle-gone::/),
      expect.stringMatching(/^::notice file=.*,line=3,.*title=value-is-default::/),
    ]);
  });
});

describe('--markdown', () => {
  it('gives a verdict for each claim, and counts them', async () => {
    const { stdout } = await runInProcess('lint', '--markdown', advice);
    expect(stdout).toContain(`What ${advice} says, and what is so`);
    expect(stdout).toMatch(/^\d+ claims: \d+ true, \d+ half true, \d+ false\.$/m);
    expect(stdout).not.toContain('Source: ');
    expect((await runInProcess('lint', '--markdown', advice, '-V')).stdout).toContain('Source: ');
    expect((await runInProcess('lint', '--markdown', advice, '-q')).stdout).not.toContain('TIME_WAIT lasts 60 seconds');
  });

  it('has them in every format, those that are so in JSON alone', async () => {
    const { claims } = await json('--markdown', advice);
    const wrong = (claims as { verdict: string }[]).filter(({ verdict }) => verdict !== 'true').length;
    expect(wrong).toBeGreaterThan(10);
    expect((await runInProcess('lint', '--markdown', advice, '--format', 'github')).stdout.match(/title=claim%3A /g)).toHaveLength(wrong);
    expect((await runInProcess('lint', '--markdown', advice, '--format', 'sarif')).stdout.match(/"ruleId": "claim-not-so"/g)).toHaveLength(wrong);
  });

  it('needs a text', async () => {
    expect(await runInProcess('lint', '--markdown')).toMatchObject({ exitCode: 64, stdout: '' });
  });
});

describe('--rules', () => {
  it('lists every rule, with its severity', async () => {
    const { stdout, exitCode } = await runInProcess('lint', '--rules');
    expect(exitCode).toBe(0);
    for (const { id, severity } of lintRules.values()) expect(stdout).toMatch(new RegExp(`^${id} +${severity} `, 'm'));
  });
});

const SCHEMA = '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json';
const schema = sarifSchema();
const obstacle = schema === undefined ? `${SCHEMA} is not installed` : undefined;

/** Of draft 4, of which all but two names mean the same to Ajv. */
function sarifSchema(): object | undefined {
  try {
    const { id: _id, $schema: _schema, ...rest } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve(SCHEMA), 'utf8')) as Record<string, unknown>;
    return rest;
  } catch {
    return undefined;
  }
}

describe(`--format sarif${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('is a log by the schema of SARIF 2.1.0, for every file of the corpus', { timeout: 120_000 }, async () => {
    const check = new Ajv({ strict: false, unicodeRegExp: false, formats: { uri: true, 'uri-reference': true, 'date-time': true } }).compile(schema!);
    const { stdout } = await runInProcess('lint', join(fixtures, 'lint/found'), '--format', 'sarif');
    const log = JSON.parse(stdout) as { runs: [{ tool: { driver: { rules: { id: string }[] } }; results: { ruleId: string; fixes?: unknown; suppressions?: unknown }[] }] };
    expect(check(log) ? [] : check.errors).toEqual([]);
    const [{ tool, results }] = log.runs;
    expect(results.length).toBeGreaterThan(200);
    expect(results.some(({ fixes }) => fixes !== undefined)).toBe(true);
    const ids = new Set(tool.driver.rules.map(({ id }) => id));
    expect(results.filter(({ ruleId }) => !ids.has(ruleId))).toEqual([]);
    const claims = JSON.parse((await runInProcess('lint', '--markdown', advice, '--format', 'sarif')).stdout) as object;
    expect(check(claims) ? [] : check.errors).toEqual([]);
  });
});
