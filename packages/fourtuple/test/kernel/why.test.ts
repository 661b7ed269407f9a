import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Address } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { Complaints } from '../support/difference.ts';
import { drawWorld } from '../support/law-trials.ts';
import { LawWorld, UnsettledError } from '../support/law-world.ts';
import { InstalledCli, type CliAnswer, type CliOptions } from '../support/installed-cli.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { NamespaceHolder, type HeldNamespace } from '../support/namespace-holder.ts';
import { asOrdinaryUser, inEmptyNamespace, throughObstacle } from '../support/privileges.ts';
import { Random } from '../support/random.ts';
import { acceptSocket, addLoopbackAddress, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket } from '../support/sockets.ts';
import { askWhy, doIt, drawQuestion, faultOf, questionText } from '../support/why-questions.ts';

const obstacle = liveTestObstacle();
const questions = Number(process.env['FOURTUPLE_QUESTIONS'] ?? 400);
const firstSeed = Number(process.env['FOURTUPLE_SEED'] ?? 1);
const QUESTIONS_A_WORLD = 12;
/** Longer than the reuse delay of the populations that have a short one. */
const SETTLE_MS = 5;

let cli: InstalledCli;

// Before the first population: a build may need a port.
beforeAll(() => {
  if (obstacle === undefined) cli = new InstalledCli();
});

afterAll(() => cli?.close());

describe(`why answers what then really happens${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)(`${questions} random questions about random populations`, { timeout: 600_000 }, async () => {
    const wrong = new Complaints();
    const seen = { asked: 0, byLawAlone: 0, succeeds: 0, fails: 0, unknown: 0 };
    const clauses = new Map<string, number>();
    for (let seed = firstSeed; seen.asked < questions && !wrong.areEnough; seed++) {
      const random = new Random(seed);
      const drawn = drawWorld(random, 0);
      let world: LawWorld;
      try {
        world = new LawWorld(drawn.world, drawn.steps);
      } catch (error) {
        if (error instanceof UnsettledError) continue;
        throw error;
      }
      try {
        for (let count = 0; count < QUESTIONS_A_WORLD && !wrong.areEnough; count++) {
          const question = drawQuestion(random, drawn.world);
          await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
          const byLaw = await askWhy(question, 'none');
          const answer = await askWhy(question, 'auto');
          const errno = doIt(world, question);
          const story = `seed ${seed}, question ${count}: ${questionText(question)}\n${JSON.stringify(drawn.world)}\n${drawn.steps.map((step) => JSON.stringify(step)).join('\n')}`;
          wrong.add('asked of the kernel', faultOf(answer, errno), story);
          wrong.add('by the law alone', faultOf(byLaw, errno, answer.clause === 'address-not-local' || answer.clause === 'source-not-local'), story);
          seen.asked++;
          seen[answer.verdict]++;
          if (byLaw.verdict !== 'unknown') seen.byLawAlone++;
          clauses.set(answer.clause ?? 'none', (clauses.get(answer.clause ?? 'none') ?? 0) + 1);
        }
      } finally {
        world.close();
      }
    }
    console.log(`why: ${JSON.stringify(seen)}; ${[...clauses].map(([clause, count]) => `${clause} ${count}`).join(', ')}`);
    expect(String(wrong)).toBe('');
    expect(seen.byLawAlone).toBeGreaterThan(seen.asked / 2);
  });
});

interface Why {
  readonly verdict: string;
  readonly errno: string | null;
  readonly clause: string | null;
  readonly title: string;
  readonly notes: readonly string[];
  readonly probed: boolean;
  readonly disagreement: string | null;
  readonly remedies: readonly { readonly command: string | null }[];
  readonly holders: readonly { readonly reuseAddress: boolean | null }[];
  readonly limits: readonly string[];
  readonly namespace: number;
}

describe(`the command line of why${because(obstacle)}`, () => {
  let folder = '';
  let holder: NamespaceHolder;
  let foreign: HeldNamespace;
  const open: number[] = [];
  const SERVICE = 8080;

  const keep = (fd: number): number => {
    open.push(fd);
    return fd;
  };
  const must = (errno: number): void => {
    if (errno !== 0) throw new Error(`errno ${errno}`);
  };
  const ask = (args: readonly string[], options: CliOptions = {}): CliAnswer<Why> => cli.json(['why', ...args], options) as CliAnswer<Why>;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    folder = mkdtempSync(join(tmpdir(), 'fourtuple-why-'));
    chmodSync(folder, 0o755);
    holder = new NamespaceHolder();
    foreign = await holder.make('process', { connections: 4, timeWait: 0, bound: 0, udp: 0, range: [50_000, 50_003] });
    enterFreshNamespace();
    addLoopbackAddress(Address.parse('10.0.0.5')!, 1);
    setSysctl('ipv4/ip_local_port_range', `${SERVICE} ${SERVICE + 1}`);
    const listener = keep(makeSocket({ reuseAddress: true }));
    must(bindSocket(listener, Address.anyIpv4, 80, false));
    must(listenSocket(listener));
    // An outgoing connection on the port of a service; with it the two ports towards 127.0.0.1:80 are half taken.
    const client = keep(makeSocket({ range: [SERVICE, SERVICE] }));
    must(connectSocket(client, Address.loopbackIpv4, 80, false));
    keep(acceptSocket(listener));
  });

  afterAll(async () => {
    if (obstacle !== undefined) return;
    for (const fd of open) closeSocket(fd);
    await holder.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(obstacle !== undefined).each([
    [['bind', '7'], 0, 'succeeds'],
    [['bind', '80'], 1, 'fails'],
    [['bind', String(SERVICE)], 1, 'fails'],
    [['bind', '10.0.0.5:0'], 0, 'succeeds'],
    [['bind', '192.0.2.9:80'], 1, 'fails'],
    [['bind', '192.0.2.9:9000', '--probe', 'none'], 3, 'unknown'],
    [['connect', '127.0.0.1:80'], 0, 'succeeds'],
    [['connect', '127.0.0.1:80', '--range', `${SERVICE}-${SERVICE}`], 1, 'fails'],
    [['connect', '10.0.0.5:81', '--from', '10.0.0.5'], 0, 'succeeds'],
    [['connect', '127.0.0.1:80', '--probe', 'none'], 3, 'unknown'],
    [['connect', '198.51.100.1:80'], 1, 'fails'],
    [[`Error: listen EADDRINUSE: address already in use 0.0.0.0:${SERVICE}`], 1, 'fails'],
    [['nothing of the sort'], 3, 'unknown'],
  ] as const)('%j: exit code %i, %s', (args, exitCode, verdict) => {
    const { code, document } = ask(args);
    expect({ code, verdict: document.verdict, disagreement: document.disagreement }).toEqual({ code: exitCode, verdict, disagreement: null });
    expect(cli.run(['why', ...args])).toMatchObject({ code: exitCode, err: '' });
    // Of two words that are quoted as one the shell may make several.
    expect(cli.run(['why', ...args, '--quiet']).code).toBe(exitCode);
  });

  it.skipIf(obstacle !== undefined)('a log on standard input, and one that is empty', () => {
    const log = `ok\nError: listen EADDRINUSE: address already in use 0.0.0.0:${SERVICE}\nok\nError: listen EADDRINUSE: address already in use 0.0.0.0:${SERVICE}\n`;
    for (const args of [['why'], ['why', '-']]) {
      const { code, out, err } = cli.run(args, { input: log });
      expect({ code, err }).toEqual({ code: 1, err: '' });
      expect(out).toMatch(/^2 failures in 4 lines, 1 kind of them:/);
      expect(out).toContain(`FAILS  bind(0.0.0.0:${SERVICE}) fails with EADDRINUSE`);
    }
    expect(cli.run(['why', '-'], { input: '' })).toMatchObject({ code: 3, err: '' });
  });

  it.skipIf(obstacle !== undefined)('an interface that is not there is a mistake (64)', () => {
    for (const args of [['bind', '9000', '--device', 'no-such-device'], ['connect', '127.0.0.1:80', '--device', 'no-such-device']]) expect(cli.run(['why', ...args])).toMatchObject({ code: 64, out: '', err: expect.stringContaining('there is no interface "no-such-device"') as string });
  });

  it.skipIf(obstacle !== undefined)('what keeps it from an answer does not look like one (3)', () => {
    expect(cli.run(['why', 'bind', '80', '--source', 'sock_diag'], { env: { FOURTUPLE_NO_KOFFI: '1' } })).toMatchObject({ code: 3, out: '', err: expect.stringContaining('koffi') as string });
    expect(cli.run(['why', 'bind', '80'], { through: ['bash', '-c', 'exec "$@" > /dev/full', 'bash'] })).toMatchObject({ code: 3, err: expect.stringContaining('ENOSPC') as string });
  });

  it.skipIf(obstacle !== undefined)('--namespace: there, and not here; what it advises acts there', () => {
    const bind = ask(['bind', '80', '--namespace', foreign.path]);
    expect([bind.code, bind.document.namespace, bind.document.clause]).toEqual([1, foreign.inode, 'holder-listens']);
    expect(ask(['bind', String(SERVICE), '--namespace', foreign.path]).document.verdict).toBe('succeeds');
    const connect = ask(['connect', '127.0.0.1:80', '--namespace', foreign.path]);
    expect([connect.code, connect.document.verdict, connect.document.clause, connect.document.probed]).toEqual([1, 'fails', 'four-tuples-taken', true]);
    const commands = connect.document.remedies.map(({ command }) => command).filter((command) => command !== null);
    expect(commands.length).toBeGreaterThan(1);
    expect(commands.filter((command) => !command.startsWith(`nsenter --net=${foreign.path} `) && !command.includes(`--namespace ${foreign.path}`))).toEqual([]);
    expect(cli.run(['why', 'bind', '80', '--namespace', 'no-such-namespace'])).toMatchObject({ code: 64, out: '' });
  });

  const unprivileged = obstacle ?? throughObstacle(asOrdinaryUser);

  it.skipIf(unprivileged !== undefined)(`an ordinary user: bind is tried, connect is not, and what could not be seen is told${because(unprivileged)}`, () => {
    const user = { through: asOrdinaryUser };
    expect(ask(['bind', '80'], user)).toMatchObject({ code: 1, document: { errno: 'EACCES', clause: 'port-privileged', probed: true, disagreement: null } });
    expect(ask(['bind', '9000'], user)).toMatchObject({ code: 0, document: { verdict: 'succeeds', probed: true, disagreement: null } });
    const held = ask(['bind', String(SERVICE)], user);
    expect(held).toMatchObject({ code: 1, document: { verdict: 'fails', errno: 'EADDRINUSE', probed: true, disagreement: null, holders: [{ reuseAddress: null }] } });
    const connect = ask(['connect', '127.0.0.1:80'], user);
    expect(connect.document).toMatchObject({ probed: false, disagreement: null });
    expect(connect.document.notes.join()).toContain('The kernel was not asked (it takes CAP_NET_ADMIN');
    expect(connect.document.limits.join()).toMatch(/could not be asked of the kernel|could not be read/);
  });

  it.skipIf(unprivileged !== undefined)(`an ordinary user and a namespace that may not be entered: 77${because(unprivileged)}`, async () => {
    const point = join(folder, 'mounted');
    const mounted = await holder.make('mount', { connections: 0, timeWait: 0, bound: 0, udp: 0 }, point);
    try {
      expect(ask(['bind', '80', '--namespace', point]).code).toBe(1);
      expect(cli.run(['why', 'bind', '80', '--namespace', point], { through: asOrdinaryUser })).toMatchObject({ code: 77, out: '', err: expect.stringContaining('not permitted') as string });
    } finally {
      await holder.release(mounted);
    }
  });

  it.skipIf(obstacle !== undefined)('without koffi: by the text files alone, nothing tried, and it says so', () => {
    const env = { FOURTUPLE_NO_KOFFI: '1' };
    const held = ask(['bind', '80'], { env });
    expect(held).toMatchObject({ code: 1, document: { verdict: 'fails', clause: 'holder-listens', probed: false, disagreement: null } });
    expect(held.document.limits.join()).toContain('koffi is not available');
    expect(ask(['bind', '9000'], { env })).toMatchObject({ code: 0, document: { probed: false } });
    // Its flags cannot be read, and nothing may be tried.
    expect(ask(['bind', String(SERVICE)], { env }).code).toBe(3);
    expect(ask(['connect', '127.0.0.1:80'], { env })).toMatchObject({ code: 3, document: { verdict: 'unknown' } });
  });

  const empty = obstacle ?? throughObstacle(inEmptyNamespace);
  it.skipIf(empty !== undefined)(`a namespace whose loopback is down: no route, which is no exhaustion${because(empty)}`, () => {
    const { code, document } = ask(['connect', '127.0.0.1:80'], { through: inEmptyNamespace });
    expect({ code, clause: document.clause, errno: document.errno }).toEqual({ code: 1, clause: 'no-route', errno: 'ENETUNREACH' });
    expect(ask(['bind', '80'], { through: inEmptyNamespace }).document.verdict).toBe('succeeds');
  });
});
