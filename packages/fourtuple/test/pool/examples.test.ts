import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createSecureServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closingSeconds, poolPorts } from '../../src/plan/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';

const home = fileURLToPath(new URL('../..', import.meta.url));
const modules = join(home, '../../node_modules');
const obstacle = liveTestObstacle();
const openssl = spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed';
const missing = ['unshare', 'ip'].filter((program) => spawnSync(program, ['--version']).error !== undefined);
const noNamespace = obstacle ?? (missing.length === 0 ? undefined : `${missing.join(', ')} not installed`);

/** The examples beside a node_modules with the package as it is in src: dist may be old, or in the making. */
let folder = '';
let certificate = { key: Buffer.alloc(0), cert: Buffer.alloc(0) };

beforeAll(async () => {
  if (obstacle !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-examples-'));
  cpSync(join(home, 'examples'), folder, { recursive: true });
  const installed = join(folder, 'node_modules/fourtuple');
  mkdirSync(installed, { recursive: true });
  cpSync(join(home, 'package.json'), join(installed, 'package.json'));
  for (const name of ['koffi', '@koromix', 'undici']) symlinkSync(join(modules, name), join(folder, 'node_modules', name));
  const src = (path: string): string => join(home, 'src', `${path}.ts`);
  await bundle(join(installed, 'dist/pool'), { index: src('pool/index'), http: src('pool/http/index'), undici: src('pool/http/undici'), register: src('pool/register') });
  await bundle(join(installed, 'dist/lib'), { plan: src('plan/index') });
  if (openssl !== undefined) return;
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]);
  if (made.status !== 0) throw new Error(made.stderr.toString());
  certificate = { key: readFileSync(key), cert: readFileSync(cert) };
});

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

async function bundle(dir: string, input: Record<string, string>): Promise<void> {
  const made = await rolldown({ input, platform: 'node', external: ['koffi', /^node:/], logLevel: 'warn' });
  await made.write({ dir, format: 'esm' });
  await made.close();
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Beside servers of this process, hence not synchronously. */
async function run(words: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...words], { cwd: folder, env: { ...process.env, ...environment }, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

const greet: RequestListener = (_, response) => response.end('hello\n');
const echo = (socket: Socket): void => void socket.pipe(socket);

const servers: Readonly<Record<string, () => Server>> = {
  net: () => createServer(echo),
  'tcp-pool': () => createServer(echo),
  tls: () => createTlsServer(certificate, echo),
  http: () => createHttpServer(greet),
  undici: () => createHttpServer(greet),
  fetch: () => createHttpServer(greet),
  preload: () => createHttpServer(greet),
  https: () => createHttpsServer(certificate, greet),
  http2: () => createHttp2Server(certificate, (_, response) => response.end('hello\n')),
};
const secure = new Set(['tls', 'https', 'http2']);

describe.skipIf(obstacle !== undefined)(`the example of a client library${because(obstacle)}`, () => {
  beforeAll(() => enterFreshNamespace());

  for (const [name, make] of Object.entries(servers)) {
    const lacking = secure.has(name) ? openssl : undefined;
    it.skipIf(lacking !== undefined)(`${name}.mjs comes from one of the sources, and has at most ten lines${because(lacking)}`, async () => {
      const remotes: (string | undefined)[] = [];
      const server = make().on('connection', (socket: Socket) => {
        remotes.push(socket.remoteAddress);
        socket.on('error', () => undefined);
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const preload = name === 'preload' ? ['--import', 'fourtuple/register'] : [];
      const ran = await run([...preload, `${name}.mjs`, String(port)], { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'), FOURTUPLE_SOURCES: '127.0.0.2-127.0.0.5' });
      server.close();
      expect(ran).toEqual({ status: 0, stdout: 'hello\n', stderr: '' });
      expect(remotes).toHaveLength(1);
      expect(['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']).toContain(remotes[0]);
      expect(readFileSync(join(folder, `${name}.mjs`), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(10);
    });
  }
});

interface SeedResult {
  readonly name: string;
  readonly finished: number;
  readonly errors: Record<string, number>;
  readonly live: number;
  readonly timeWait: { readonly before: number; readonly after: number };
}

interface ChurnResult {
  readonly size: number;
  readonly lifetimeMs: number;
  readonly bound: number;
  readonly rows: readonly { readonly second: number; readonly live: number; readonly timeWait: number; readonly ports: number; readonly made: number; readonly bound: number }[];
}

describe.skipIf(noNamespace !== undefined)(`the scenes${because(noNamespace)}`, () => {
  it('seed-scenario.mjs: 200 ports are enough for 200 tasks, or for 1,000 of a pool', async () => {
    const { status, stdout, stderr } = await run(['seed-scenario.mjs', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const pooled = { finished: 1000, errors: {}, live: 20, timeWait: { before: 0, after: 0 } };
    const results = (JSON.parse(stdout) as SeedResult[]).map(({ name, finished, errors, live, timeWait }) => ({ name, finished, errors, live, timeWait }));
    expect(results).toEqual([
      { name: 'unpooled', finished: 200, errors: { EADDRNOTAVAIL: 800 }, live: 0, timeWait: { before: 0, after: 200 } },
      { name: 'tcp-pool', ...pooled },
      { name: 'http-agent', ...pooled },
    ]);
  });

  it('churn.mjs: the ports of a pool are those of the formula', async () => {
    const { status, stdout, stderr } = await run(['churn.mjs', '--short', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { size, lifetimeMs, bound, rows } = JSON.parse(stdout) as ChurnResult;
    expect(bound).toBe(poolPorts(size, (0.75 * lifetimeMs) / 1000, 1, closingSeconds('we')));
    expect(rows).toHaveLength(6);
    for (const row of rows) {
      expect(row.live).toBeLessThanOrEqual(size);
      expect(row.ports).toBeLessThanOrEqual(row.bound);
      // No TIME_WAIT has ended yet: each connection that was made has a port. Those that are being made may be missing from either count.
      expect(Math.abs(row.ports - row.made)).toBeLessThanOrEqual(size);
    }
    // A connection lives from three quarters of its lifetime to all of it, and what it takes to be noticed.
    const last = rows.at(-1)!;
    expect(last.timeWait).toBeGreaterThanOrEqual(size * (Math.floor(last.second / (lifetimeMs / 1000 + 0.5)) - 1));
  });

  it('say why they cannot run without root', async () => {
    const ordinary = (file: string) => spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, join(folder, file)], { encoding: 'utf8' });
    const opened = spawnSync('chmod', ['-R', 'a+rX', folder]);
    expect(opened.status).toBe(0);
    for (const name of ['seed-scenario', 'churn']) expect(ordinary(`${name}.mjs`)).toMatchObject({ status: 77, stdout: '', stderr: `${name}: making a network namespace takes root\n` });
  });
});
