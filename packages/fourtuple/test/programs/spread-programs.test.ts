import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { programObstacle, RunningProgram } from '../support/programs.ts';
import { spreadObstacle } from '../support/spread-obstacle.ts';
import { destination6, destinations, enterSpreadNamespace, fronts, HoldingServers, PORT, PORTS, sources, sources6 } from '../support/spread-world.ts';
import { until } from '../support/wait.ts';

const obstacle = spreadObstacle();
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const FROM = `${sources[0]}-${sources[3]}`;
const [first, second] = destinations;

/** Each destination has all ports of each source, within 1 %. */
function expectAll(counts: ReadonlyMap<string, number>, wanted: readonly string[], from: readonly string[]): void {
  const pairs = wanted.flatMap((to) => from.map((source) => `${to} ${source}`));
  expect([...counts.keys()].sort()).toEqual(pairs.sort());
  for (const [pair, count] of counts) expect({ pair, isAll: Math.abs(count - PORTS) <= PORTS / 100 }).toEqual({ pair, isAll: true });
}

describe.skipIf(obstacle !== undefined)(`programs that are not changed, on ${PORTS} ports${because(obstacle)}`, () => {
  let cli: InstalledCli;
  let folder = '';
  let servers: HoldingServers;
  const running: RunningProgram[] = [];
  const clients: Socket[] = [];

  beforeAll(() => {
    cli = new InstalledCli();
    folder = mkdtempSync(join(tmpdir(), 'fourtuple-spread-'));
  }, 240_000);
  beforeEach(async () => {
    enterSpreadNamespace();
    servers = await HoldingServers.listen([...destinations, destination6]);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    servers.close();
    for (const one of running.splice(0)) await one.stop();
  });
  afterAll(() => {
    cli.close();
    rmSync(folder, { recursive: true });
  });

  function start(words: readonly string[], from: string | undefined): RunningProgram {
    const program = new RunningProgram(from === undefined ? words : [...cli.words(['spread', '--from', from]), '--', ...words]);
    running.push(program);
    return program;
  }

  const python = (...args: readonly string[]): string[] => ['python3', here('many-connects.py'), ...args];
  const inNode = `const {connect}=require('node:net');let left=450;for(let i=left;i>0;i--)connect(${PORT},'${first}').on('error',()=>undefined).on('end',function(){this.end()})`;
  const curl = ['sh', '-c', `for i in 1 2; do curl --silent --output /dev/null --parallel --parallel-immediate --parallel-max 225 'http://${first}:${PORT}/[1-225]' & done; wait`];
  const wrk = ['wrk', '--threads', '2', '--connections', '450', '--duration', '2s', `http://${first}:${PORT}/`];

  const programs: readonly [name: string, words: readonly string[], missing: string | undefined, attempts?: number][] = [
    ['python3', python('1', '450', '4', first), programObstacle('python3')],
    ['python3 with 18 threads', python('18', '25', '4', first), programObstacle('python3')],
    ['python3, with mapped addresses', python('1', '450', '6', `::ffff:${first}`), programObstacle('python3')],
    ['Node.js', [process.execPath, '-e', inNode], undefined],
    ['curl', curl, programObstacle('curl')],
    // It tries the address by a connection of its own first.
    ['wrk', wrk, programObstacle('wrk'), 451],
  ];
  for (const [name, words, missing, attempts = 450] of programs) {
    it.skipIf(missing !== undefined)(`${name}: ${PORTS} connections by itself, ${PORTS * sources.length} from ${sources.length} addresses${because(missing)}`, async () => {
      start(words, undefined);
      expect([...(await servers.settled(attempts)).values()]).toEqual([PORTS]);
      await running.pop()!.ended();
      servers.close();
      enterSpreadNamespace();
      servers = await HoldingServers.listen(destinations);
      start(words, FROM);
      expectAll(await servers.settled(attempts), [first], sources);
    });
  }

  const compilerObstacle = programObstacle('cc');
  it.skipIf(compilerObstacle !== undefined)(`a program in C without shared libraries${because(compilerObstacle)}`, async () => {
    const binary = join(folder, 'many-connects');
    const { status, stderr } = spawnSync('cc', ['-static', '-O1', '-o', binary, here('many-connects.c')], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const program = start([binary, '450', first], FROM);
    await program.says('400 50');
    expectAll(await servers.settled(450), [first], sources);
    expect(await program.ended()).toBe(0);
  });

  const pythonMissing = programObstacle('python3');
  it.skipIf(pythonMissing !== undefined)(`two destinations in turn: each has all addresses${because(pythonMissing)}`, async () => {
    const program = start(python('1', '450', '4', first, second), FROM);
    await program.says('800 100 EADDRNOTAVAIL');
    expectAll(await servers.settled(900), destinations, sources);
    expect(await program.ended()).toBe(0);
  });

  it.skipIf(pythonMissing !== undefined)(`IPv6${because(pythonMissing)}`, async () => {
    const program = start(python('1', '250', '6', destination6), `${FROM},${sources6.join(',')}`);
    await program.says('200 50 EADDRNOTAVAIL');
    expectAll(await servers.settled(250), [destination6], sources6);
    expect(await program.ended()).toBe(0);
  });

  const nginxMissing = programObstacle('nginx');
  it.skipIf(nginxMissing !== undefined)(`nginx as a proxy: ${PORTS * sources.length} connections to its upstream${because(nginxMissing)}`, { timeout: 90_000 }, async () => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
    const listens = fronts.map((front) => `listen ${front}:80;`).join(' ');
    writeFileSync(join(folder, 'nginx.conf'), `daemon off; worker_processes 2; pid ${folder}/nginx.pid; error_log ${folder}/error.log crit;\nevents { worker_connections 4096; }\nhttp { access_log off; ${temporary} server { ${listens} location / { proxy_pass http://${first}:${PORT}; } } }\n`);
    start(['nginx', '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')], FROM);
    const isUp = (): Promise<boolean> =>
      new Promise((resolve) => {
        const probe = connect(80, fronts[4]);
        probe.on('error', () => resolve(false)).on('connect', () => {
          probe.destroy();
          resolve(true);
        });
      });
    let up = false;
    await until('nginx to listen', () => {
      void isUp().then((is) => (up ||= is));
      return up;
    });
    let bad = 0;
    for (let index = 0; index < 450; index++) {
      const client = connect(80, fronts[Math.floor(index / 90)]);
      client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      client.on('error', () => undefined).on('data', (bytes) => (bad += bytes.toString('latin1').startsWith('HTTP/1.1 502') ? 1 : 0));
      clients.push(client);
    }
    await until(`all to be answered or held (${servers.accepted.length}, ${bad})`, () => servers.accepted.length + bad >= 450, 40_000);
    expectAll(await servers.settled(450), [first], sources);
    expect(bad).toBe(50);
  });
});
