import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Address } from '../../src/model/index.ts';
import { runInProcess } from '../golden/run-cli.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { bindSocket, closeSocket, listenSocket, makeSocket } from '../support/sockets.ts';

const obstacle = liveTestObstacle();
const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

interface Linted {
  readonly files: number;
  readonly settings: number;
  readonly findings: readonly { readonly rule: string; readonly file: string; readonly message: string }[];
}

/** `RULE FILE` of each finding about this namespace: some keys are of the whole host, and as they are. */
async function found(): Promise<{ exitCode: number; linted: Linted; told: string[] }> {
  const { exitCode, stdout, stderr } = await runInProcess('lint', '--live', '--json');
  expect(stderr).toBe('');
  const linted = JSON.parse(stdout) as Linted;
  return { exitCode, linted, told: linted.findings.filter(({ file }) => /\/net\/ipv4\/(?:ip_|tcp_(?!mem|max_orphans))/.test(file)).map(({ rule, file }) => `${rule} ${file}`) };
}

describe(`lint --live in a namespace of its own${because(obstacle)}`, () => {
  const open: number[] = [];

  const listen = (port: number): void => {
    const fd = makeSocket({ reuseAddress: true });
    open.push(fd);
    if (bindSocket(fd, Address.anyIpv4, port, false) !== 0 || listenSocket(fd) !== 0) throw new Error(`nobody can listen on ${port}`);
  };

  beforeAll(() => {
    if (obstacle === undefined) enterFreshNamespace();
  });

  afterAll(() => {
    for (const fd of open) closeSocket(fd);
  });

  it.skipIf(obstacle !== undefined)('finds nothing of a namespace in a fresh one', async () => {
    const { linted, told } = await found();
    expect(told).toEqual([]);
    expect(linted.settings).toBeGreaterThan(10);
  });

  it.skipIf(obstacle !== undefined)('judges a wide range, and names those who listen inside of it', async () => {
    setSysctl('ipv4/ip_local_port_range', '1024 65535');
    listen(443);
    listen(3306);
    listen(9148);
    const { exitCode, linted, told } = await found();
    expect(told.toSorted()).toEqual([`range-without-reserved ${RANGE}`, `service-port-in-range ${RANGE}`, `service-port-in-range ${RANGE}`]);
    expect(linted.findings.flatMap(({ message }) => /^port (\d+)/.exec(message)?.[1] ?? [])).toEqual(['3306', '9148']);
    expect(exitCode).toBeGreaterThanOrEqual(1);
  });

  it.skipIf(obstacle !== undefined)('finds nothing any more once the ports are reserved', async () => {
    setSysctl('ipv4/ip_local_reserved_ports', '3306,9148');
    expect((await found()).told).toEqual([]);
  });

  it.skipIf(obstacle !== undefined)('says what settings do that are there by a myth', async () => {
    setSysctl('ipv4/tcp_fin_timeout', '30');
    setSysctl('ipv4/tcp_timestamps', '0');
    const { told } = await found();
    expect(told.toSorted()).toEqual(['fin-timeout-not-time-wait /proc/sys/net/ipv4/tcp_fin_timeout', 'timestamps-off /proc/sys/net/ipv4/tcp_timestamps', 'tw-reuse-without-timestamps /proc/sys/net/ipv4/tcp_tw_reuse']);
    const { stdout } = await runInProcess('lint', '--live');
    expect(stdout).toContain('/proc/sys/net/ipv4/tcp_timestamps\n');
  });
});
