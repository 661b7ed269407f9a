import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { asOrdinaryUser, throughObstacle } from '../support/privileges.ts';
import { bundleProgram } from './bundled-program.ts';
import { temporaryFolder } from './temporary.ts';

const RECYCLE = 'net.ipv4.tcp_tw_recycle = 1\n';
const PATIENCE_MS = 30_000;
/** As whom `asOrdinaryUser` runs. */
const NOBODY = 65_534;
const obstacle = process.getuid?.() === 0 ? throughObstacle(asOrdinaryUser) : 'becoming another user takes root';

let program: Awaited<ReturnType<typeof bundleProgram>>;

beforeAll(async () => {
  program = await bundleProgram();
  chmodSync(program.folder, 0o755);
});

afterAll(() => {
  program.remove();
});

function lint(args: readonly string[], { input = '', through = [] }: { readonly input?: string | Uint8Array; readonly through?: readonly string[] } = {}): { code: number | null; out: string; err: string } {
  const [file, ...words] = [...through, join(program.folder, 'fourtuple'), 'lint', ...args];
  const { status, stdout, stderr } = spawnSync(file!, words, { input, encoding: 'utf8', timeout: PATIENCE_MS, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' }, maxBuffer: 1 << 26 });
  return { code: status, out: stdout, err: stderr };
}

describe('standard input', () => {
  it('is read as its name says', () => {
    expect(lint(['-'], { input: RECYCLE })).toMatchObject({ code: 2, err: '', out: expect.stringContaining('stdin.conf\n  1:1  error') as string });
    expect(lint(['-', '--stdin-name', 'tune.sh'], { input: 'sysctl net.core.somaxconn = 8192\n' })).toMatchObject({ code: 2, out: expect.stringContaining('[command-only-reads]') as string });
    expect(lint(['-', '--markdown'], { input: '# A\n\nsysctl -w net.ipv4.tcp_tw_recycle=1\n' })).toMatchObject({ code: 2, out: expect.stringContaining('What stdin.md says') as string });
    expect(lint(['-'])).toMatchObject({ code: 0, out: '0 errors, 0 warnings, 0 notes in 0 settings of 1 file.\n' });
  });

  it('that is no text, or too long, has no verdict', () => {
    expect(lint(['-'], { input: Uint8Array.from({ length: 100 }, () => 0) })).toMatchObject({ code: 3, err: 'could not be read: stdin.conf: it is no text\n' });
    expect(lint(['-'], { input: '# long\n'.repeat(700_000) })).toMatchObject({ code: 3, err: 'could not be read: stdin.conf: it is larger than 4 MiB\n' });
  });

  it('cannot be mended', () => {
    expect(lint(['-', '--fix'], { input: RECYCLE })).toMatchObject({ code: 64, out: '', err: expect.stringContaining('standard input') as string });
  });
});

describe('a pipe', () => {
  it('with a name is read to its end', async () => {
    const pipe = join(temporaryFolder(), 'x.conf');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const writer = spawn('sh', ['-c', 'printf "net.ipv4.tcp_tw_recycle = 1\\n" > "$1"', 'sh', pipe], { stdio: 'ignore' });
    const ended = new Promise((resolve) => writer.on('exit', resolve));
    expect(lint([pipe])).toMatchObject({ code: 2, out: expect.stringContaining('[tw-recycle-gone]') as string });
    await ended;
  });

  it('in a folder is not read: nobody may ever write into it', () => {
    const folder = join(temporaryFolder(), 'etc/sysctl.d');
    mkdirSync(folder, { recursive: true });
    expect(spawnSync('sh', ['-c', 'cd "$1" && mkfifo 10-pipe.conf ../pipe && ln -s ../pipe 20-link.conf', 'sh', folder]).status).toBe(0);
    writeFileSync(join(folder, '30-x.conf'), RECYCLE);
    expect(lint([folder])).toMatchObject({ code: 2, err: '', out: expect.stringContaining('of 1 file.') as string });
  });

  it.each(['text', 'json', 'sarif', 'github'])('that is closed ends --format %s quietly', (format) => {
    const file = join(temporaryFolder(), 'x.conf');
    writeFileSync(file, RECYCLE.repeat(20_000));
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', '"$@" | head -c 10 > /dev/null; echo "${PIPESTATUS[0]}"', 'bash', join(program.folder, 'fourtuple'), 'lint', file, '--format', format], { encoding: 'utf8', timeout: PATIENCE_MS });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '2\n', stderr: '' });
  });
});

describe(`without permission${because(obstacle)}`, () => {
  /** A folder that anybody may enter. */
  const openFolder = (): string => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    return folder;
  };

  it.skipIf(obstacle !== undefined)('a file is named that cannot be read, and the others are judged', () => {
    const folder = openFolder();
    writeFileSync(join(folder, 'secret.conf'), RECYCLE, { mode: 0o600 });
    writeFileSync(join(folder, 'x.conf'), RECYCLE);
    mkdirSync(join(folder, 'closed'), { mode: 0o700 });
    const { code, out, err } = lint([folder], { through: asOrdinaryUser });
    expect(code).toBe(3);
    expect(out).toContain('x.conf\n  1:1  error');
    expect(err.trimEnd().split('\n').map((line) => /^could not be read: .*\/(secret\.conf|closed): EACCES/.exec(line)?.[1])).toEqual(['secret.conf', 'closed']);
  });

  it.skipIf(obstacle !== undefined)('--fix leaves a file of a folder that is read-only as it was, says so once, and mends the others', () => {
    const folder = openFolder();
    const free = join(folder, 'free');
    mkdirSync(free);
    chmodSync(free, 0o777);
    writeFileSync(join(free, 'x.conf'), RECYCLE);
    chownSync(join(free, 'x.conf'), NOBODY, NOBODY);
    writeFileSync(join(folder, 'x.conf'), RECYCLE, { mode: 0o644 });
    const { code, out, err } = lint([folder, '--fix'], { through: asOrdinaryUser });
    expect(code).toBe(3);
    expect(err).toMatch(/^could not be mended: .*\/x\.conf: EACCES[^\n]*\n$/);
    expect(out).toContain('x.conf\n  1:1  error');
    expect(out.match(/^mended: /gm)).toHaveLength(1);
    expect(readFileSync(join(folder, 'x.conf'), 'utf8')).toBe(RECYCLE);
    expect(readdirSync(folder)).toEqual(['free', 'x.conf']);
    expect(readdirSync(free)).toEqual(['x.conf']);
  });
});
