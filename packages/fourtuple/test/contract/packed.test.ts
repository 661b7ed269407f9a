import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InstalledCli } from '../support/installed-cli.ts';

const home = fileURLToPath(new URL('../..', import.meta.url));
const workspace = join(home, '../..');
const tool = (path: string): string => join(workspace, 'node_modules', path);

let folder = '';
let project = '';
let tarball = '';
let built: InstalledCli;

function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, out: stdout + stderr };
}

/** Packs what is built, with declarations, and installs it in an empty project. */
beforeAll(() => {
  built = new InstalledCli();
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-packed-'));
  const source = join(folder, 'fourtuple');
  mkdirSync(source);
  for (const name of ['package.json', 'LICENSE', 'bin', 'schemas', 'man', 'completions']) cpSync(join(home, name), join(source, name), { recursive: true });
  cpSync(join(dirname(built.library), '.'), join(source, 'dist'), { recursive: true });
  const types = run(process.execPath, [tool('typescript/bin/tsc'), '-p', join(home, 'tsconfig.build.json'), '--outDir', join(source, 'dist/types')], home);
  if (types.status !== 0) throw new Error(types.out);
  const packed = run('npm', ['pack', '--pack-destination', folder, '--json'], source);
  if (packed.status !== 0) throw new Error(packed.out);
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
  project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, version: '1.0.0' }));
  const install = run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], project);
  if (install.status !== 0) throw new Error(install.out);
}, 240_000);

afterAll(() => {
  built.close();
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

const specifiers = ['fourtuple/pool', 'fourtuple/pool/http', 'fourtuple/pool/undici', 'fourtuple/register'];

describe('the packed package', () => {
  it('publint has nothing to say', () => {
    expect(run(process.execPath, [tool('publint/src/cli.js'), '--strict', join(folder, 'fourtuple')], folder)).toMatchObject({ status: 0, out: expect.stringContaining('All good') as unknown });
  });

  it('arethetypeswrong finds every subpath and its types', { timeout: 120_000 }, () => {
    const { status, out } = run(process.execPath, [tool('@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'esm-only', '--format', 'json'], folder);
    const { problems } = JSON.parse(out) as { problems: Readonly<Record<string, readonly { resolutionKind: string }[]>> };
    expect(status).toBe(0);
    expect(Object.values(problems).flat().filter(({ resolutionKind }) => resolutionKind === 'node16-esm' || resolutionKind === 'bundler')).toEqual([]);
  });

  it.each(['esm', 'cjs'])('a program of kind %s uses the pool', (kind) => {
    const load = (names: string, from: string): string => (kind === 'esm' ? `import { ${names} } from '${from}';` : `const { ${names} } = require('${from}');`);
    const program = `
${kind === 'esm' ? "import { createServer } from 'node:net'; import { get, createServer as createHttpServer } from 'node:http';" : "const { createServer } = require('node:net'); const { get, createServer: createHttpServer } = require('node:http');"}
${load('createConnector, createTcpPool', 'fourtuple/pool')}
${load('HttpAgent', 'fourtuple/pool/http')}
${load('undiciConnect', 'fourtuple/pool/undici')}
${load('stats', 'fourtuple/register')}
const server = createServer((socket) => socket.on('error', () => undefined).end('x')).listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const socket = createConnector({ sources: '127.0.0.5' }).connect({ host: '127.0.0.1', port });
  socket.resume().on('close', async () => {
    const pool = createTcpPool({ host: '127.0.0.1', port, sources: '127.0.0.6' });
    const address = await pool.use((lent) => lent.localAddress);
    await pool.close();
    server.close();
    const web = createHttpServer((_, response) => response.end('y')).listen(0, '127.0.0.1', () => {
      get({ host: '127.0.0.1', port: web.address().port, agent: new HttpAgent({ sources: '127.0.0.7', keepAlive: false }) }, (response) => {
        const from = response.socket.localAddress;
        response.resume().on('end', () => { web.close(); console.log(JSON.stringify([address, from, typeof undiciConnect(), stats().mode])); });
      });
    });
  });
});`;
    const file = join(project, kind === 'esm' ? 'program.mjs' : 'program.cjs');
    writeFileSync(file, program);
    const { status, out } = run(process.execPath, ['--no-warnings', file], project);
    expect({ status, out: out.trim() }).toEqual({ status: 0, out: '["127.0.0.6","127.0.0.7","function","late-bind"]' });
  });

  it('its types say what may be asked for, and refuse what may not', { timeout: 120_000 }, () => {
    writeFileSync(
      join(project, 'types.mts'),
      `
import type { Socket } from 'node:net';
import { connect, createConnector, createTcpPool, PortBudgetError, type Connector, type Lease } from 'fourtuple/pool';
import { HttpAgent, http2Connection } from 'fourtuple/pool/http';
import { createDispatcher, undiciConnect } from 'fourtuple/pool/undici';
import { stats } from 'fourtuple/register';
import * as undici from 'undici';
import * as promClient from 'prom-client';
import { poolMetrics } from 'fourtuple/pool';
import { connect as http2 } from 'node:http2';
const connector: Connector = createConnector({ sources: ['10.0.0.5-8'], policy: 'two-choices', budget: 0.5, portRange: { low: 40000, high: 50000 } });
const socket: Socket = connect({ host: '127.0.0.1', port: 80, localAddress: '127.0.0.5' }, () => undefined);
const pool = createTcpPool({ host: '127.0.0.1', port: 80, connector, tls: { servername: 'x' }, validate: async () => true });
const lease: Lease = await pool.acquire({ signal: AbortSignal.timeout(5) });
const text: string = await pool.use(async (lent) => lent.remoteAddress ?? '');
const { dispatcher } = createDispatcher(undici, { sources: '10.0.0.5', retry: { maxRetries: 1 } });
undici.setGlobalDispatcher(dispatcher as unknown as undici.Dispatcher);
new undici.Agent({ connect: undiciConnect({ connector }) });
poolMetrics(promClient, { pools: [pool], clients: { web: new HttpAgent() } });
http2('http://127.0.0.1', { createConnection: http2Connection(connector) });
const mode: 'late-bind' | 'explicit-port' | 'plain' | undefined = stats()?.mode;
const used = (error: unknown): number => (error instanceof PortBudgetError ? error.budget.used + error.tuple.destinationPort : 0);
// @ts-expect-error there is no such policy
createConnector({ policy: 'random' });
// @ts-expect-error a destination has a port
createTcpPool({ host: '127.0.0.1' });
// @ts-expect-error a lease is given back, not closed
lease.close();
// @ts-expect-error a range has two bounds
createConnector({ portRange: { low: 1 } });
export { socket, text, mode, used };
`,
    );
    const settings = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2023,esnext.disposable', '--types', 'node', '--typeRoots', tool('@types'), '--skipLibCheck', 'false'];
    for (const name of ['undici', 'prom-client', '@types', 'undici-types', '@opentelemetry', 'tdigest', 'bintrees']) if (existsSync(tool(name))) cpSync(tool(name), join(project, 'node_modules', name), { recursive: true });
    expect(run(process.execPath, [tool('typescript/bin/tsc'), ...settings, 'types.mts'], project)).toEqual({ status: 0, out: '' });
  });

  it('the pool loads Node and koffi, and nothing of the rest', () => {
    const pool = join(project, 'node_modules/fourtuple/dist/pool');
    const seen = new Set<string>();
    const outside = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, , specifier = ''] of readFileSync(file, 'utf8').replaceAll(/\/\*[^]*?\*\//g, '').matchAll(/(from|import|require\()\s*["']([^"'\n]+)["']/g)) {
        if (specifier.startsWith('.')) follow(join(dirname(file), specifier));
        else if (!builtinModules.includes(specifier.replace('node:', ''))) outside.add(specifier);
      }
    };
    for (const name of ['index', 'http', 'undici', 'register']) follow(join(pool, `${name}.js`));
    expect([...seen].filter((file) => !file.startsWith(pool))).toEqual([]);
    expect([...outside].filter((name) => name !== 'koffi')).toEqual([]);
    const size = [...seen].reduce((sum, file) => sum + statSync(file).size, 0);
    const { dependencies = {}, optionalDependencies } = JSON.parse(readFileSync(join(project, 'node_modules/fourtuple/package.json'), 'utf8')) as { dependencies?: object; optionalDependencies: object };
    console.log(`fourtuple/pool: ${seen.size} files, ${size.toLocaleString('en')} bytes, not minified; dependencies: ${Object.keys(dependencies).length}, optional: ${Object.keys(optionalDependencies).join(', ')}`);
    expect(Object.keys(dependencies)).toEqual([]);
    expect(Object.keys(optionalDependencies)).toEqual(['koffi']);
    expect(size).toBeLessThan(200_000);
  });

  it.each(specifiers)('%s can be imported without koffi', (specifier) => {
    expect(run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', `import '${specifier}'; console.log('ok')`], project, { FOURTUPLE_NO_KOFFI: '1' })).toEqual({ status: 0, out: 'ok\n' });
  });
});
