import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Address } from '../../src/model/index.ts';
import { runInProcess } from '../golden/run-cli.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { acceptSocket, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket, resetSocket } from '../support/sockets.ts';

const obstacle = liveTestObstacle();

interface Planned {
  readonly holds: boolean;
  readonly host: { readonly usablePorts: number; readonly sources: number };
  readonly services: readonly { readonly name: string; readonly ports: number; readonly ratePerSecond: number; readonly lifetimeSeconds: number; readonly closing: string; readonly peakedness: number }[];
  readonly constraints: readonly { readonly id: string; readonly capacity: number }[];
  readonly limits: readonly string[];
}

describe(`plan of this host and of recordings${because(obstacle)}`, () => {
  const LIVING = 20;
  const CLOSED = 6;
  const RANGE = 1000;
  let folder = '';
  let listener = -1;
  const open: number[] = [];

  const connect = (port: number): [client: number, server: number] => {
    const client = makeSocket();
    const errno = connectSocket(client, Address.loopbackIpv4, port, false);
    if (errno !== 0) throw new Error(`connect: errno ${errno}`);
    return [client, acceptSocket(listener)];
  };
  /** The clock of the tests stands: as if a minute lay between two snapshots. */
  const spread = (file: string): void => {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    writeFileSync(file, `${lines.map((line, index) => line.replace(/"takenAt":"[^"]*"/, `"takenAt":"${new Date(Date.UTC(2026, 0, 31, 3, index)).toISOString()}"`)).join('\n')}\n`);
  };
  const plan = async (...args: readonly string[]): Promise<Planned & { readonly exitCode: number }> => {
    const { stdout, stderr, exitCode } = await runInProcess('plan', ...args, '--json');
    expect(stderr).toBe('');
    return { ...(JSON.parse(stdout) as Planned), exitCode };
  };

  beforeAll(() => {
    if (obstacle !== undefined) return;
    folder = mkdtempSync(join(tmpdir(), 'fourtuple-plan-host-'));
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', `40000 ${40_000 + RANGE - 1}`);
    setSysctl('ipv4/ip_local_reserved_ports', '40010-40019');
    setSysctl('ipv4/tcp_tw_reuse', 0);
    listener = makeSocket({ reuseAddress: true });
    if (bindSocket(listener, Address.anyIpv4, 80, false) !== 0 || listenSocket(listener) !== 0) throw new Error('the server cannot listen');
    for (let count = 0; count < LIVING; count++) open.push(...connect(80));
    for (let count = 0; count < CLOSED; count++) for (const fd of connect(80)) closeSocket(fd);
  });

  afterAll(() => {
    if (obstacle !== undefined) return;
    for (const fd of [...open, listener]) closeSocket(fd);
    rmSync(folder, { recursive: true });
  });

  it.skipIf(obstacle !== undefined)('takes ports, TIME_WAIT, range and reserved ports as they are', async () => {
    const found = await plan('--from-host');
    expect(found).toMatchObject({ exitCode: 0, holds: true, host: { usablePorts: RANGE - 10, sources: 1 } });
    const [web, ...others] = found.services;
    expect(others).toEqual([]);
    expect(web).toMatchObject({ name: '127.0.0.1 to 127.0.0.1:80', closing: 'we', peakedness: 1 });
    expect(web!.ports).toBeCloseTo(LIVING + CLOSED, 6);
    expect(web!.ratePerSecond).toBeCloseTo(CLOSED / 61.1, 6);
    expect(web!.lifetimeSeconds).toBeCloseTo((LIVING * 61.1) / CLOSED, 6);
    expect(found.constraints.find(({ id }) => id === 'source-ports')!.capacity).toBe(RANGE - 10);
    expect(found.limits.join(' ')).toContain('Counted at one moment');
  });

  it.skipIf(obstacle !== undefined)('says the same of a recording, and takes the busiest snapshot of several', async () => {
    const file = join(folder, 'series.rec');
    const record = async (): Promise<void> => {
      expect((await runInProcess('record', '--owners', 'none', file)).exitCode).toBe(0);
    };
    await record();
    const one = await plan('--input', file);
    expect(one.services).toEqual((await plan('--from-host')).services);
    const more = [connect(80), connect(80)];
    await record();
    for (const fd of more.flat()) open.push(fd);
    const two = await plan('--input', file);
    expect(two.services[0]!.ports).toBeCloseTo(LIVING + CLOSED + 2, 6);
    expect(two.limits.join(' ')).toContain('the busiest of 2 snapshots');
    expect((await plan('--input', file, '--at', '1')).services[0]!.ports).toBeCloseTo(LIVING + CLOSED, 6);
  });

  it.skipIf(obstacle !== undefined)('learns the peakedness from a series, unless it is told', async () => {
    const file = join(folder, 'bursts.rec');
    for (let count = 0; count < 12; count++) {
      const burst = count % 2 === 0 ? [] : Array.from({ length: 60 }, () => connect(80)).flat();
      expect((await runInProcess('record', '--owners', 'none', file)).exitCode).toBe(0);
      // A reset leaves no TIME_WAIT for the next snapshot.
      for (const fd of burst) resetSocket(fd);
    }
    spread(file);
    const learned = await plan('--input', file);
    expect(learned.services[0]!.peakedness).toBeGreaterThan(5);
    expect(learned.limits.join(' ')).toMatch(/busiest of 12 snapshots; all of them tell the peakedness, from 11 windows/);
    expect((await plan('--input', file, '--peakedness', '3')).services[0]!.peakedness).toBe(3);
  });

  it.skipIf(obstacle !== undefined)('has nothing to plan without connections', async () => {
    const { stderr, exitCode } = await runInProcess('plan', '--input', join(folder, 'no-such.rec'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('no-such.rec') as string });
  });
});
