import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { programObstacle, runProgram, Shell, SilentServer, takeAllPorts } from '../support/programs.ts';
import { closeSocket } from '../support/sockets.ts';

const DESTINATION = { host: '127.0.0.9', port: 8080 };
const destination = `${DESTINATION.host}:${DESTINATION.port}`;
const ELSEWHERE = { host: '127.0.0.8', port: 9000 };
const PORTS = 20;

const obstacle = liveTestObstacle();
const pythonObstacle = programObstacle('python3');

let cli: InstalledCli;
let shell: Shell;
const servers: SilentServer[] = [];
const held: number[] = [];

beforeAll(() => {
  if (obstacle !== undefined) return;
  cli = new InstalledCli();
  shell = new Shell(cli);
});

afterEach(() => {
  for (const fd of held.splice(0)) closeSocket(fd);
  for (const server of servers.splice(0)) server.close();
});

afterAll(() => {
  if (obstacle !== undefined) return;
  shell.close();
  cli.close();
});

/** A fresh namespace whose ports all have a connection to one of two destinations. */
function exhaust(full: { readonly host: string; readonly port: number }): void {
  enterFreshNamespace();
  setSysctl('ipv4/ip_local_port_range', `40000 ${40_000 + PORTS - 1}`);
  for (const { host, port } of [DESTINATION, ELSEWHERE]) servers.push(new SilentServer(host, port));
  held.push(...takeAllPorts(full.host, full.port));
  expect(held).toHaveLength(PORTS);
}

/** What Node prints of a connection that fails, or "connected". */
function connectByNode(options: object): string {
  const program = `require('node:net').connect(${JSON.stringify(options)}).on('error', (error) => console.log(error.stack)).on('connect', function () { console.log('connected'); this.destroy(); });`;
  return runProgram([process.execPath, '-e', program]).output;
}

describe(`Node.js${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('with localAddress: its "connect EADDRINUSE" is a bind(), and the same without localAddress works', () => {
    exhaust(ELSEWHERE);
    const output = connectByNode({ ...DESTINATION, localAddress: '127.0.0.1' });
    expect(output).toContain(`connect EADDRINUSE ${destination}`);
    for (const { document, code } of [shell.why([output]), shell.why(['-'], { input: output })]) {
      expect({ code, ...document }).toMatchObject({ code: 1, verdict: 'fails', errno: 'EADDRINUSE', probed: true, disagreement: null, log: { failures: 1, groups: [{ cause: 'bind-pool-empty', program: 'Node.js', operation: 'bind', remote: DESTINATION }] } });
    }
    const bound = shell.why(['connect', destination, '--from', '127.0.0.1', '--bound']);
    expect({ code: bound.code, ...bound.document }).toMatchObject({ code: 1, verdict: 'fails', errno: 'EADDRINUSE', clause: 'range-held', probed: true, disagreement: null });
    expect(bound.document.notes.join()).toContain(`/${process.pid} ${PORTS}`);

    expect(shell.why(['connect', destination])).toMatchObject({ code: 0, document: { verdict: 'succeeds', probed: true, disagreement: null } });
    expect(connectByNode(DESTINATION).trim()).toBe('connected');

    const commands = bound.document.remedies.map(({ command }) => command).filter((command) => command !== null);
    expect(commands.some((command) => command.includes('ip_local_port_range'))).toBe(true);
    for (const command of commands) expect({ command, ...shell.paste(command) }).toMatchObject({ command, code: 0 });
    expect(connectByNode({ ...DESTINATION, localAddress: '127.0.0.1' }).trim()).toBe('connected');
  });

  it.skipIf(obstacle !== undefined)('without localAddress: EADDRNOTAVAIL is connect() without a port for this destination', () => {
    exhaust(DESTINATION);
    const output = connectByNode(DESTINATION);
    expect(output).toContain(`connect EADDRNOTAVAIL ${destination} - Local (0.0.0.0:0)`);
    const { document, code } = shell.why(['-'], { input: output });
    expect({ code, ...document }).toMatchObject({ code: 1, verdict: 'fails', errno: 'EADDRNOTAVAIL', clause: 'four-tuples-taken', disagreement: null, log: { failures: 1, groups: [{ cause: 'no-free-port', program: 'Node.js', operation: 'connect', remote: DESTINATION }] } });
  });
});

describe(`Python${because(pythonObstacle)}`, () => {
  it.skipIf(pythonObstacle !== undefined)('its traceback says which call had no port, and what to ask', () => {
    exhaust(DESTINATION);
    const { output } = runProgram(['python3', '-c', `import socket; socket.create_connection(('${DESTINATION.host}', ${DESTINATION.port}))`]);
    expect(output).toContain('[Errno 99] Cannot assign requested address');
    const { document, code } = shell.why(['-'], { input: output });
    expect({ code, verdict: document.verdict }).toEqual({ code: 3, verdict: 'unknown' });
    expect(document.log).toMatchObject({ failures: 1, groups: [{ cause: 'no-free-port', program: 'Python', operation: 'connect', remote: null }] });
    expect(cli.run(['why', '-'], { input: output }).out).toContain('fourtuple why connect DST:PORT');
    expect(shell.why(['connect', destination])).toMatchObject({ code: 1, document: { verdict: 'fails', errno: 'EADDRNOTAVAIL', disagreement: null } });
  });
});
