import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { enterFreshNamespace, setSysctl } from '../support/namespace.ts';
import { httpStatus, programObstacle, RunningProgram, Shell, takeAllPorts, type WhyDocument } from '../support/programs.ts';
import { closeSocket } from '../support/sockets.ts';
import { until } from '../support/wait.ts';

const UPSTREAM = { host: '127.0.0.9', port: 8080 };
const FRONT = { host: '127.0.0.1', port: 80 };
const upstream = `${UPSTREAM.host}:${UPSTREAM.port}`;
const RANGE = [40_000, 40_019] as const;

const nginxObstacle = programObstacle('nginx');
const haproxyObstacle = programObstacle('haproxy');

let cli: InstalledCli;
let shell: Shell;
let folder = '';
let application: Server | undefined;
const held: number[] = [];
const running: RunningProgram[] = [];

beforeAll(() => {
  if (nginxObstacle !== undefined && haproxyObstacle !== undefined) return;
  cli = new InstalledCli();
  shell = new Shell(cli);
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-proxies-'));
});

afterEach(async () => {
  for (const fd of held.splice(0)) closeSocket(fd);
  for (const program of running.splice(0)) await program.stop();
  application?.closeAllConnections();
  application?.close();
  application = undefined;
});

afterAll(() => {
  if (folder === '') return;
  shell.close();
  cli.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A fresh namespace with an application, and with no port left for connections to it. */
async function exhaust(): Promise<void> {
  enterFreshNamespace();
  setSysctl('ipv4/ip_local_port_range', RANGE.join(' '));
  application = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => {
    application!.listen(UPSTREAM.port, UPSTREAM.host, resolve);
  });
  held.push(...takeAllPorts(UPSTREAM.host, UPSTREAM.port));
  expect(held).toHaveLength(RANGE[1] - RANGE[0] + 1);
}

function start(command: readonly string[]): RunningProgram {
  const program = new RunningProgram(command);
  running.push(program);
  return program;
}

async function startNginx(): Promise<{ program: RunningProgram; log: () => string }> {
  const errorLog = join(folder, 'error.log');
  rmSync(errorLog, { force: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const server = `server { listen ${FRONT.host}:${FRONT.port}; location / { proxy_pass http://${upstream}; } }`;
  writeFileSync(join(folder, 'nginx.conf'), `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${errorLog};\nevents { worker_connections 64; }\nhttp { access_log off; ${temporary} ${server} }\n`);
  const program = start(['nginx', '-e', errorLog, '-c', join(folder, 'nginx.conf')]);
  return { program, log: () => readFileSync(errorLog, 'utf8') };
}

/** Its answer, once it listens. */
async function statusOnceUp(program: RunningProgram): Promise<number> {
  let status = 0;
  await until('the proxy answers', () => {
    if (program.hasEnded) throw new Error(`it ended: ${program.output}`);
    void httpStatus(FRONT.host, FRONT.port).then(
      (found) => (status = found),
      () => undefined,
    );
    return status !== 0;
  });
  return status;
}

/** Runs every command of an answer as pasted; afterwards nothing is in the way any more. */
function pasteAll(document: WhyDocument): void {
  const commands = document.remedies.map(({ command }) => command).filter((command) => command !== null);
  expect(commands.some((command) => command.includes('ip_local_port_range'))).toBe(true);
  for (const command of commands) expect({ command, ...shell.paste(command) }).toMatchObject({ command, code: 0 });
  expect(shell.why(['connect', upstream])).toMatchObject({ code: 0, document: { verdict: 'succeeds', probed: true, disagreement: null } });
}

const exhausted = { verdict: 'fails', errno: 'EADDRNOTAVAIL', clause: 'four-tuples-taken', probed: true, disagreement: null };

describe(`nginx without a port for its upstream${because(nginxObstacle)}`, () => {
  it.skipIf(nginxObstacle !== undefined)('answers 502; its error log leads to the upstream and to a remedy after which it answers 200', async () => {
    await exhaust();
    const { program, log } = await startNginx();
    expect(await statusOnceUp(program)).toBe(502);
    expect(log()).toContain('(99: Cannot assign requested address) while connecting to upstream');
    const line = log().split('\n').find((text) => text.includes('(99:'))!;
    for (const { document, code } of [shell.why([line]), shell.why(['-'], { input: log() })]) {
      expect({ code, ...document }).toMatchObject({ code: 1, ...exhausted, log: { groups: [{ cause: 'no-free-port', program: 'nginx', operation: 'connect', remote: UPSTREAM }] } });
      expect(document.title).toContain(upstream);
      expect(document.notes.join()).toContain(`/${process.pid} ${held.length}`);
    }
    pasteAll(shell.why(['-'], { input: log() }).document);
    expect(await httpStatus(FRONT.host, FRONT.port)).toBe(200);
  });

  it.skipIf(nginxObstacle !== undefined)('whose port another nginx has: its text leads to that one, and ending it frees the port', async () => {
    await exhaust();
    const { program } = await startNginx();
    await statusOnceUp(program);
    const second = start(['nginx', '-e', join(folder, 'second.log'), '-c', join(folder, 'nginx.conf')]);
    expect(await second.ended()).toBe(1);
    const line = second.output.split('\n').find((text) => text.includes('bind()'))!;
    expect(line).toContain(`bind() to ${FRONT.host}:${FRONT.port} failed (98: Address already in use)`);
    for (const { document, code } of [shell.why([line]), shell.why(['bind', `${FRONT.host}:${FRONT.port}`])]) {
      expect({ code, ...document }).toMatchObject({ code: 1, verdict: 'fails', errno: 'EADDRINUSE', clause: 'holder-listens', probed: true, disagreement: null });
      expect(document.holders[0]).toMatchObject({ pid: program.pid, command: 'nginx', state: 'listening', kind: 'listener' });
      expect(document.holders[0]).not.toHaveProperty('unit');
      expect(document.title).toContain(`nginx/${program.pid} listens`);
    }
    const { document } = shell.why(['bind', `${FRONT.host}:${FRONT.port}`]);
    expect(document.remedies.map(({ command }) => command)).toEqual([`kill ${program.pid}`]);
    expect(shell.paste(document.remedies[0]!.command!)).toMatchObject({ code: 0 });
    await program.ended();
    expect(shell.why(['bind', `${FRONT.host}:${FRONT.port}`])).toMatchObject({ code: 0, document: { verdict: 'succeeds', disagreement: null } });
  });
});

describe(`HAProxy without a port for its server${because(haproxyObstacle)}`, () => {
  it.skipIf(haproxyObstacle !== undefined)('answers 503; its log leads to connect(), and the remedy for its server makes it answer 200', async () => {
    await exhaust();
    const timeouts = 'timeout connect 5s\n  timeout client 5s\n  timeout server 5s';
    writeFileSync(join(folder, 'haproxy.cfg'), `global\n  maxconn 64\n  log stdout format raw local0\ndefaults\n  mode http\n  log global\n  option httplog\n  retries 1\n  ${timeouts}\nfrontend web\n  bind ${FRONT.host}:${FRONT.port}\n  default_backend app\nbackend app\n  server app1 ${upstream}\n`);
    const program = start(['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')]);
    expect(await statusOnceUp(program)).toBe(503);
    await program.says('no free ports');
    const line = program.output.split('\n').find((text) => text.includes('no free ports'))!;
    expect(line).toContain('Connect() failed for backend app: no free ports.');
    for (const { document, code } of [shell.why([line]), shell.why(['-'], { input: program.output })]) {
      // The text names a backend, not the address of its server: what to ask is told instead.
      expect({ code, verdict: document.verdict }).toEqual({ code: 3, verdict: 'unknown' });
      expect(document.log?.groups[0]).toMatchObject({ cause: 'no-free-port', program: 'HAProxy', operation: 'connect', remote: null });
    }
    expect(cli.run(['why', line]).out).toContain('fourtuple why connect DST:PORT');

    const { document, code } = shell.why(['connect', upstream]);
    expect({ code, ...document }).toMatchObject({ code: 1, ...exhausted });
    pasteAll(document);
    expect(await httpStatus(FRONT.host, FRONT.port)).toBe(200);
  });
});
