import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { currentNamespace, probeAddress, probeBind, probeConnect, probePorts, probeRoute } from '../../src/kernel/index.ts';
import { inspectConnect } from '../../src/observe/index.ts';
import { Address } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { difference } from '../support/difference.ts';
import { packetsNow, socketsNow, untilQuiet } from '../support/everything.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { FixedPopulation } from '../support/fixed-population.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { acceptSocket, addLoopbackAddress, addLoopbackAddress6, bindSocket, closeSocket, connectSocket, listenSocket, localPort, makeSocket } from '../support/sockets.ts';

const obstacle = liveTestObstacle();
const address = (text: string): Address => Address.parse(text)!;

let cli: InstalledCli;
let population: FixedPopulation | undefined;
const open: number[] = [];

beforeAll(() => {
  if (obstacle === undefined) cli = new InstalledCli();
});

afterAll(() => cli?.close());

afterEach(() => {
  population?.close();
  population = undefined;
  for (const fd of open.splice(0)) closeSocket(fd);
});

/** Does something twice, and compares every socket and every packet counter. */
async function expectNoTrace(work: () => unknown): Promise<void> {
  const sockets = socketsNow();
  const packets = packetsNow();
  await work();
  await work();
  expect(difference(socketsNow(), sockets)).toBe('');
  expect(packetsNow()).toEqual(packets);
}

function keep(fd: number): number {
  open.push(fd);
  return fd;
}

function expectZero(errno: number): void {
  expect(errno).toBe(0);
}

/** A connection of this very port to 127.0.0.1:80 that its client closed: a TIME_WAIT. */
function timeWaitOn(listener: number, port: number): void {
  const client = makeSocket({ range: [port, port], noPort: true });
  expectZero(bindSocket(client, Address.loopbackIpv4, 0, false));
  expectZero(connectSocket(client, Address.loopbackIpv4, 80, false));
  const server = acceptSocket(listener);
  expect(localPort(client)).toBe(port);
  closeSocket(client);
  closeSocket(server);
}

function listenOn(port: number): number {
  const fd = keep(makeSocket({ reuseAddress: true }));
  expectZero(bindSocket(fd, Address.anyIpv4, port, false));
  expectZero(listenSocket(fd));
  return fd;
}

describe(`every trial leaves sockets, packets and TIME_WAITs as they were${because(obstacle)}`, () => {
  beforeEach(async () => {
    if (obstacle !== undefined) return;
    enterFreshNamespace();
    addLoopbackAddress(address('10.7.0.1'), 1);
    addLoopbackAddress6(address('2001:db8::7'));
    // Whatever is a TIME_WAIT may be taken over.
    setSysctl('ipv4/tcp_tw_reuse', 1);
    setSysctl('ipv4/tcp_tw_reuse_delay', 1);
    // Away from the ports that the population binds; afterwards both are in the range.
    setSysctl('ipv4/ip_local_port_range', '40100 40199');
    population = new FixedPopulation();
    setSysctl('ipv4/ip_local_port_range', '40000 40199');
    await untilQuiet();
  });

  const addresses = ['0.0.0.0', '127.0.0.1', '10.7.0.1', '192.0.2.1', '::', '::1', '2001:db8::7', '2001:db8::99'].map(address);
  const ports = [0, 7, 80, 40_000, 40_001, 40_003, 40_050];
  const flags = [{}, { reuseAddress: true }, { reusePort: true }, { v6Only: true }, { device: 'lo' }, { device: 'no-such-device' }, { range: { low: 40_010, high: 40_019 } }];

  it.skipIf(obstacle !== undefined)('probeBind', async () => {
    await expectNoTrace(() => {
      for (const protocol of ['tcp', 'udp'] as const) for (const one of addresses) for (const port of ports) for (const flag of flags) probeBind({ protocol, address: one, port, ...flag });
    });
  });

  it.skipIf(obstacle !== undefined)('probeAddress', async () => {
    await expectNoTrace(() => addresses.forEach((one) => [probeAddress(one), probeAddress(one, 'lo'), probeAddress(one, 'no-such-device')]));
  });

  it.skipIf(obstacle !== undefined)('probeRoute', async () => {
    await expectNoTrace(() => addresses.forEach((one) => [probeRoute(one), probeRoute(one, 'lo')]));
  });

  it.skipIf(obstacle !== undefined)('probeRoute when no UDP port is left: the route is told all the same', async () => {
    setSysctl('ipv4/ip_local_port_range', '40003 40003');
    await expectNoTrace(() => {
      expect(probeRoute(Address.loopbackIpv4)).toMatchObject({ errno: 0, source: Address.loopbackIpv4 });
      expect(probeRoute(address('192.0.2.1')).errno).not.toBe(0);
    });
  });

  it.skipIf(obstacle !== undefined)('probeConnect', async () => {
    const found: number[] = [];
    const packets = packetsNow();
    const sockets = socketsNow();
    // To where no TIME_WAIT is: what is left of them may be taken over, which is why `why` names a port then.
    for (const source of [undefined, '127.0.0.1', '10.7.0.1', '192.0.2.1']) for (const range of [undefined, { low: 40_010, high: 40_019 }, { low: 1, high: 2 }]) for (const device of [undefined, 'lo']) found.push(probeConnect({ source: source === undefined ? undefined : address(source), destination: address('10.7.0.1'), destinationPort: 81, range, device }).errno);
    for (const source of [undefined, '::1', '2001:db8::7']) found.push(probeConnect({ source: source === undefined ? undefined : address(source), destination: Address.loopbackIpv6, destinationPort: 81 }).errno);
    expect(found.filter((errno) => errno === 0).length).toBeGreaterThan(10);
    expect(difference(socketsNow(), sockets)).toBe('');
    expect(packetsNow()).toEqual(packets);
  });

  it.skipIf(obstacle !== undefined)('probePorts', async () => {
    await expectNoTrace(() => {
      const { answers } = probePorts(Array.from({ length: 200 }, (_, index) => 40_000 + index));
      expect(new Set(answers.values())).toEqual(new Set(['shared', 'explicit']));
    });
  });

  it.skipIf(obstacle !== undefined).each([
    ['why', 'bind', '80'],
    ['why', 'bind', '127.0.0.1:0'],
    ['why', 'bind', '[::]:40001', '--reuse-port', '--v6-only'],
    ['why', 'bind', '40003', '--udp'],
    ['why', 'bind', '192.0.2.1:80'],
    ['why', 'connect', '127.0.0.1:80'],
    ['why', 'connect', '127.0.0.1:80', '--from', '10.7.0.1'],
    ['why', 'connect', '127.0.0.1:80', '--from', '127.0.0.1', '--bound'],
    ['why', 'connect', '[::1]:80', '--range', '40010-40019'],
    ['why', 'connect', '198.51.100.1:80'],
    ['why', 'connect() to 127.0.0.1:80 failed (99: Cannot assign requested address)'],
    ['who', '80'],
    ['who', '40001', '--all-namespaces'],
    ['check'],
    ['ports', '--probe', 'all', '--owners', 'all'],
    ['sockets'],
    ['free', 'time-wait', '--dst', '127.0.0.1:80'],
    ['free', 'connection', '--port', '80'],
    ['free', 'bind-beside', '40001'],
  ].map((words) => ({ words, line: words.join(' ') })))('fourtuple $line', async ({ words }) => {
    await expectNoTrace(() => expect(cli.run([...words, '--json'])).toMatchObject({ err: '', signal: null }));
  });
});

describe(`TIME_WAITs that may be taken over${because(obstacle)}`, () => {
  /** So many ports in a TIME_WAIT to 127.0.0.1:80, and so many free ones. */
  async function scene(timeWait: number, free: number): Promise<void> {
    enterFreshNamespace();
    setSysctl('ipv4/tcp_tw_reuse', 1);
    setSysctl('ipv4/tcp_tw_reuse_delay', 1);
    setSysctl('ipv4/ip_local_port_range', `40000 ${39_999 + timeWait + free}`);
    const listener = listenOn(80);
    for (let port = 40_000; port < 40_000 + timeWait; port++) timeWaitOn(listener, port);
    await untilQuiet();
  }

  const ask = (): ReturnType<typeof inspectConnect> => inspectConnect({ destination: Address.loopbackIpv4, destinationPort: 80, source: Address.loopbackIpv4, isBound: false }, currentNamespace(), { probes: 'auto', source: 'auto' }, { now: () => new Date(), pause: () => Promise.resolve() });

  it.skipIf(obstacle !== undefined)('are all that is left: the kernel is not asked, and says so; nothing is taken over', async () => {
    await scene(4, 0);
    await expectNoTrace(async () => {
      const { trial, ports, ruling } = await ask();
      expect(trial).toMatchObject({ errno: undefined, unasked: expect.stringContaining('would take one of them over') as string });
      expect([ports!.counts.free, ports!.reusable, ruling!.outcome]).toEqual([4, 4, 'succeeds']);
    });
    // It was true: a real connect() takes one over.
    const fd = keep(makeSocket({}));
    expectZero(connectSocket(fd, Address.loopbackIpv4, 80, false));
    expect(localPort(fd)).toBeGreaterThanOrEqual(40_000);
  });

  it.skipIf(obstacle !== undefined)('beside a port that is free: that one is asked for alone', async () => {
    await scene(7, 1);
    for (let round = 0; round < 20; round++) {
      await expectNoTrace(async () => {
        expect((await ask()).trial.errno).toBe(0);
      });
    }
  });

  it.skipIf(obstacle !== undefined)('too young to be taken over, but not for long: asked for is only the port that is free', async () => {
    await scene(7, 1);
    setSysctl('ipv4/tcp_tw_reuse_delay', 60_000);
    for (let round = 0; round < 20; round++) {
      await expectNoTrace(async () => {
        const { trial, ports } = await ask();
        expect([trial.errno, ports!.counts['time-wait'], ports!.reusable]).toEqual([0, 7, 0]);
      });
    }
  });

  it.skipIf(obstacle !== undefined).each([['check'], ['ports', '--probe', 'all'], ['who', '40001'], ['why', 'bind', '40001'], ['why', 'bind', '0'], ['why', 'connect', '127.0.0.1:80', '--from', '127.0.0.1', '--bound']].map((words) => ({ words, line: words.join(' ') })))('fourtuple $line takes none of them over', async ({ words }) => {
    await scene(4, 0);
    await expectNoTrace(() => expect(cli.run(words)).toMatchObject({ err: '', signal: null }));
  });
});
