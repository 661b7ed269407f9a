import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Address } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { enterFreshNamespace, getSysctl, setSysctl } from '../support/namespace.ts';
import { greeting, PortClient, programObstacle, RunningProgram, runProgram, Shell, SilentServer, type Remedy, type WhyDocument } from '../support/programs.ts';
import { closeSocket, connectSocket, localPort, makeSocket } from '../support/sockets.ts';
import { until } from '../support/wait.ts';

const PORT = 3306;
const PEER = { host: '127.0.0.1', port: 7000 };
const EPIPE = 32;
const ECONNABORTED = 103;
const EADDRNOTAVAIL = 99;
/** A TIME_WAIT takes a minute: `sleep N` is pasted when this is set alone. */
const isLong = process.env['FOURTUPLE_LONG'] === '1';

/** Nothing of it need outlive the test. */
const small = ['--innodb-flush-method=nosync', '--innodb-log-file-size=4M', '--innodb-buffer-pool-size=8M'];

const obstacle = programObstacle('mariadbd', 'mariadb-install-db');

let cli: InstalledCli;
let shell: Shell;
let folder = '';
let server: SilentServer;
let client: PortClient | undefined;
const running: RunningProgram[] = [];

beforeAll(() => {
  if (obstacle !== undefined) return;
  cli = new InstalledCli();
  shell = new Shell(cli);
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-mariadb-'));
  const { code, output } = runProgram(['mariadb-install-db', '--no-defaults', `--datadir=${folder}/fresh`, '--user=root', '--auth-root-authentication-method=normal', '--skip-test-db', ...small]);
  if (code !== 0) throw new Error(`mariadb-install-db: ${output}`);
});

afterEach(async () => {
  if (obstacle !== undefined) return;
  for (const program of running.splice(0)) await program.stop();
  await client?.end();
  client = undefined;
  server.close();
});

afterAll(() => {
  if (obstacle !== undefined) return;
  shell.close();
  cli.close();
  rmSync(folder, { recursive: true, force: true });
});

function startMariadb(): RunningProgram {
  const data = join(folder, 'data');
  rmSync(data, { recursive: true, force: true });
  cpSync(join(folder, 'fresh'), data, { recursive: true });
  const program = new RunningProgram(['mariadbd', '--no-defaults', `--datadir=${data}`, '--user=root', '--skip-grant-tables', `--socket=${folder}/sock`, `--pid-file=${folder}/pid`, '--bind-address=0.0.0.0', `--port=${PORT}`, ...small]);
  running.push(program);
  return program;
}

/** @returns its error log. */
async function startsInVain(): Promise<string> {
  const program = startMariadb();
  expect(await program.ended()).toBe(1);
  expect(program.output).toContain("Can't start server: Bind on TCP/IP port. Got error: 98: Address already in use");
  return program.output;
}

/** It starts, accepts a connection, and is stopped again. */
async function startsAndAccepts(): Promise<void> {
  const program = startMariadb();
  await program.says('ready for connections');
  expect(await greeting('127.0.0.1', PORT)).toContain('MariaDB');
  await program.stop();
}

/** A fresh namespace in which a client's connection got port 3306. */
async function holdPort(): Promise<PortClient> {
  enterFreshNamespace();
  setSysctl('ipv4/ip_local_port_range', '1024 65535');
  server = new SilentServer(PEER.host, PEER.port);
  client = await PortClient.connect(PEER.host, PEER.port, PORT);
  server.accept();
  return client;
}

const commandOf = (document: WhyDocument, word: string): string => {
  const found = document.remedies.find(({ command }) => command?.includes(word) === true);
  if (found === undefined) throw new Error(`no remedy with "${word}": ${JSON.stringify(document.remedies)}`);
  return found.command!;
};

const undoIn = (output: string): string => /Undo:\s+(?<command>.*)/.exec(output)!.groups!['command']!;

const kindsOf = (remedies: readonly Remedy[]): string[] => remedies.filter(({ command }) => command !== null).map(({ command }) => /bind-beside|free connection|free time-wait|sleep|ip_local_reserved_ports/.exec(command!)?.[0] ?? command!);

/** Its log as a whole, its line with the errno, its line with the port: all three lead to the same holder. */
function ask(log: string): WhyDocument {
  const lines = log.split('\n').filter((line) => line.includes('[ERROR]'));
  const asked = [shell.why(['-'], { input: log }), shell.why([lines[0]!]), shell.why([lines[1]!])];
  for (const { document, code } of asked) {
    expect({ code, ...document }).toMatchObject({ code: 1, verdict: 'fails', errno: 'EADDRINUSE', probed: true, disagreement: null });
    expect(document.log).toMatchObject({ failures: 1, groups: [{ cause: 'port-taken', program: 'MariaDB/MySQL', operation: 'bind' }] });
    expect(document.holders).toHaveLength(1);
    expect(document.holders.map(({ pid }) => pid)).toEqual(asked[0]!.document.holders.map(({ pid }) => pid));
  }
  return asked[0]!.document;
}

/** Reserving frees nothing, but connect() is never given the port again. */
function checkReserving(document: WhyDocument): void {
  expect(shell.paste(commandOf(document, 'ip_local_reserved_ports')).code).toBe(0);
  expect(getSysctl('ipv4/ip_local_reserved_ports')).toBe(String(PORT));
  const wanted = makeSocket({ range: [PORT, PORT] });
  expect(connectSocket(wanted, Address.parse(PEER.host)!, PEER.port, false)).toBe(EADDRNOTAVAIL);
  closeSocket(wanted);
  setSysctl('ipv4/ip_local_port_range', `${PORT - 6} ${PORT + 3}`);
  const held: number[] = [];
  for (;;) {
    const fd = makeSocket();
    held.push(fd);
    if (connectSocket(fd, Address.parse(PEER.host)!, PEER.port, false) !== 0) break;
    expect(localPort(fd)).not.toBe(PORT);
  }
  expect(held).toHaveLength(10);
  for (const fd of held) closeSocket(fd);
}

const stateOf = (): string => spawnSync('ss', ['-Htan', `sport = :${PORT}`], { encoding: 'utf8' }).stdout.split(' ')[0]!;

describe(`MariaDB whose port an outgoing connection got${because(obstacle)}`, () => {
  for (const state of ['ESTABLISHED', 'FIN_WAIT2'] as const) {
    it.skipIf(obstacle !== undefined)(`in ${state}: the client is named, and each remedy works`, async () => {
      const holder = await holdPort();
      if (state === 'FIN_WAIT2') await holder.does('shutdown');
      const document = ask(await startsInVain());
      expect(document).toMatchObject({ clause: 'holder-lacks-reuse-address', holders: [{ pid: holder.pid, state: state === 'ESTABLISHED' ? 'established' : 'fin-wait-2', kind: 'connect-chosen', timeWaitSecondsLeft: null }] });
      expect(document.title).toContain(`node/${holder.pid}`);
      expect(kindsOf(document.remedies)).toEqual(['bind-beside', 'free connection', 'ip_local_reserved_ports']);

      const beside = shell.paste(commandOf(document, 'bind-beside'));
      expect(beside).toMatchObject({ code: 0 });
      await startsAndAccepts();
      expect(await holder.does('send')).toBe(state === 'ESTABLISHED' ? 'sent' : `errno ${EPIPE}`);
      expect(shell.paste(undoIn(beside.output))).toMatchObject({ code: 0 });
      expect(shell.why(['bind', `0.0.0.0:${PORT}`]).code).toBe(1);

      expect(shell.paste(commandOf(document, 'free connection'))).toMatchObject({ code: 0 });
      expect(await holder.does('read')).toBe(`errno ${ECONNABORTED}`);
      await startsAndAccepts();
      checkReserving(document);
    });
  }

  for (const state of ['FIN_WAIT2 that its program has closed', 'TIME_WAIT'] as const) {
    it.skipIf(obstacle !== undefined)(`in ${state}: the seconds left are told, and ending it works`, async () => {
      const holder = await holdPort();
      expect(await holder.does('close')).toBe('done');
      if (state === 'TIME_WAIT') server.closeAccepted();
      await until('the connection is closed', () => stateOf() === (state === 'TIME_WAIT' ? 'TIME-WAIT' : 'FIN-WAIT-2'));
      const document = ask(await startsInVain());
      expect(document).toMatchObject({ holders: [{ pid: null, state: state === 'TIME_WAIT' ? 'time-wait' : 'fin-wait-2' }] });
      expect(document.holders[0]!.timeWaitSecondsLeft).toBeGreaterThan(40);
      expect(document.holders[0]!.timeWaitSecondsLeft).toBeLessThanOrEqual(60);
      expect(kindsOf(document.remedies)).toEqual(['sleep', 'free time-wait', 'ip_local_reserved_ports']);

      expect(shell.paste(commandOf(document, 'free time-wait'))).toMatchObject({ code: 0 });
      await startsAndAccepts();
      checkReserving(document);
    });
  }

  it.skipIf(obstacle !== undefined)('seen from another namespace: the commands for it work where they are pasted', async () => {
    const holder = await holdPort();
    const outside = ['nsenter', `--net=/proc/${process.ppid}/ns/net`];
    const { document, code } = shell.why(['bind', `0.0.0.0:${PORT}`, '--namespace', String(holder.pid)], { through: outside });
    expect({ code, ...document }).toMatchObject({ code: 1, verdict: 'fails', holders: [{ pid: holder.pid }] });
    const pasted = (command: string): string => {
      const { code, output } = shell.paste(command, outside);
      expect({ command, code, output }).toMatchObject({ command, code: 0 });
      return output;
    };
    const isFree = (): boolean => shell.why(['bind', `0.0.0.0:${PORT}`]).code === 0;
    const beside = pasted(commandOf(document, 'bind-beside'));
    expect(isFree()).toBe(true);
    pasted(undoIn(beside));
    expect(isFree()).toBe(false);
    pasted(commandOf(document, 'ip_local_reserved_ports'));
    expect(getSysctl('ipv4/ip_local_reserved_ports')).toBe(String(PORT));
    pasted(commandOf(document, 'free connection'));
    expect(isFree()).toBe(true);
  });

  it.skipIf(obstacle !== undefined || !isLong)(`in TIME_WAIT: waiting as long as is told works${because(isLong ? undefined : 'it takes a minute; FOURTUPLE_LONG=1 runs it')}`, { timeout: 120_000 }, async () => {
    const holder = await holdPort();
    expect(await holder.does('close')).toBe('done');
    server.closeAccepted();
    await until('the connection is closed', () => stateOf() === 'TIME-WAIT');
    const { document } = shell.why(['bind', `0.0.0.0:${PORT}`]);
    expect(shell.paste(commandOf(document, 'sleep'))).toMatchObject({ code: 0 });
    await startsAndAccepts();
  });
});
