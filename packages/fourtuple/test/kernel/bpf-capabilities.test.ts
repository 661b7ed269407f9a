import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupRoot } from '../../src/kernel/cgroups.ts';
import { because } from '../support/because.ts';
import { InstalledCli, type CliResult } from '../support/installed-cli.ts';
import { throughObstacle } from '../support/privileges.ts';
import { spreadObstacle } from '../support/spread-obstacle.ts';
import { destinations, enterSpreadNamespace, sources } from '../support/spread-world.ts';
import { until } from '../support/wait.ts';

/** Words that run a command as nobody, with these capabilities alone. */
function withAlone(...capabilities: readonly string[]): readonly string[] {
  const list = capabilities.map((name) => `+${name}`).join(',');
  return ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', ...(list === '' ? ['--inh-caps', '-all'] : ['--inh-caps', list, '--ambient-caps', list]), '--'];
}

/** What a capability brings: watch and spread, and what else BPF reads. */
interface Way {
  readonly name: string;
  readonly through: readonly string[];
  readonly tracing: boolean;
  readonly cgroup: boolean;
}

const ways: readonly Way[] = [
  { name: 'root', through: [], tracing: true, cgroup: true },
  { name: 'CAP_BPF and CAP_PERFMON', through: withAlone('bpf', 'perfmon'), tracing: true, cgroup: false },
  { name: 'CAP_BPF and CAP_NET_ADMIN', through: withAlone('bpf', 'net_admin'), tracing: false, cgroup: true },
  { name: 'CAP_BPF alone', through: withAlone('bpf'), tracing: false, cgroup: false },
  { name: 'no capability', through: withAlone(), tracing: false, cgroup: false },
];

const obstacle = spreadObstacle() ?? throughObstacle(withAlone('bpf', 'perfmon'));

describe.skipIf(obstacle !== undefined)(`what BPF brings, by capabilities${because(obstacle)}`, () => {
  let cli: InstalledCli;
  let server: Server;
  let client: ChildProcess;
  const directory = join(cgroupRoot() ?? '/', `ft-test-capabilities-${process.pid}`);

  beforeAll(async () => {
    // Building it takes more ports than there are afterwards.
    cli = new InstalledCli();
    enterSpreadNamespace();
    mkdirSync(directory);
    server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => {
      server.listen(8080, destinations[0], resolve);
    });
    // A connection of root's, whose source address took its port explicitly.
    client = spawn('python3', ['-c', `import socket, sys\ns = socket.create_connection(('${destinations[0]}', 8080), source_address=('${sources[0]}', 0))\nprint('up', flush=True)\nsys.stdin.read()`], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(client.stdout!, 'data');
  }, 240_000);
  afterAll(async () => {
    const ended = once(client, 'exit');
    client.stdin!.end();
    await ended;
    server.close();
    cli.close();
    rmdirSync(directory);
  });

  describe.each(ways)('$name', ({ through, tracing, cgroup }) => {
    const run = (...args: readonly string[]): CliResult => cli.run(args, { through });

    it('doctor tells', () => {
      const { mechanisms } = JSON.parse(run('doctor', '--json').out) as { mechanisms: { name: string; available: boolean; detail: string }[] };
      const told = Object.fromEntries(mechanisms.map(({ name, available }) => [name, available]));
      expect({ tracing: told['bpf-tracing'], cgroup: told['bpf-cgroup'] }).toEqual({ tracing, cgroup });
      const reasons = mechanisms.filter(({ name, available }) => name.startsWith('bpf-') && !available).map(({ detail }) => detail);
      expect(reasons.every((reason) => /CAP_|EPERM|BPF/.test(reason))).toBe(true);
    });

    it(`watch ${tracing ? 'counts by BPF' : 'says what it takes'}`, () => {
      const { code, out, err } = run('watch', '--once', '--interval', '100ms', '--mechanism', 'bpf', '--json');
      expect(code === 0).toBe(tracing);
      expect(tracing ? (JSON.parse(out) as { mechanism: string }).mechanism : err).toMatch(tracing ? /^bpf$/ : /CAP_BPF|EPERM|tracefs/);
    });

    it(`how ports are held ${tracing ? 'is read' : 'is not read, and that is told'}`, () => {
      const { out } = run('ports', '--probe', 'kernel', '--json');
      const { limits, namespaces } = JSON.parse(out) as { limits: string[]; namespaces: { poisoned: { kind: string; evidence: string }[] }[] };
      expect(limits.some((limit) => limit.includes('could not be asked of the kernel'))).toBe(!tracing);
      expect(namespaces.flatMap(({ poisoned }) => poisoned).map(({ kind, evidence }) => `${kind} ${evidence}`)).toEqual(tracing ? ['bound-connected kernel'] : []);
    });

    it(`processes of root are ${tracing ? 'named' : 'not named'}`, () => {
      const { out } = run('ports', '--owners', 'all', '--json');
      const { tuples } = JSON.parse(out) as { tuples: { source: string; holders: { command: string }[] }[] };
      expect(tuples.filter(({ source }) => source === sources[0]).flatMap(({ holders }) => holders.map(({ command }) => command))).toEqual(tracing ? ['python3'] : []);
    });

    it(`spread ${cgroup ? 'spreads a cgroup' : 'says what it takes'}`, async () => {
      const attached = cli.start(['spread', '--from', sources.join(','), '--attach', directory, '--json'], { through });
      let [out, err] = ['', ''];
      attached.stdout!.on('data', (bytes: Buffer) => (out += String(bytes)));
      attached.stderr!.on('data', (bytes: Buffer) => (err += String(bytes)));
      await until('it to begin or to refuse', () => err.includes('\n'));
      const ended = attached.exitCode === null ? once(attached, 'exit') : undefined;
      if (cgroup) {
        const child = spawn('sh', ['-c', `read go; exec python3 -c "import socket; socket.create_connection(('${destinations[1]}', 1)) " 2>/dev/null`], { stdio: ['pipe', 'ignore', 'ignore'] });
        writeFileSync(join(directory, 'cgroup.procs'), String(child.pid));
        const gone = once(child, 'exit');
        child.stdin.end('\n');
        await gone;
        attached.kill('SIGINT');
      }
      await ended;
      const connects = out === '' ? [] : (JSON.parse(out) as { spreads: { addresses: { connects: number }[] }[] }).spreads[0]!.addresses.map((address) => address.connects);
      expect({ connects, isRefused: /CAP_BPF and CAP_NET_ADMIN/.test(err) }).toEqual(cgroup ? { connects: [1, 0, 0, 0], isRefused: false } : { connects: [], isRefused: true });
      expect(attached.exitCode).toBe(cgroup ? 0 : 1);
    });
  });
});
