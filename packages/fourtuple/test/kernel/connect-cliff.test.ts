import { describe, expect, it } from 'vitest';
import { Address } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { bindSocket, closeSocket, connectSocket, makeSocket } from '../support/sockets.ts';

const PORTS = 8000;
const LOW = 20_000;
const HIGH = LOW + PORTS - 1;
const server = Address.parse('127.0.0.9')!;
/** Timing the shared machine: the quickest of several is the kernel's own. */
const ROUNDS = 5;

const obstacle = liveTestObstacle();

/** Fills the range with packet-free connections. @returns median microseconds of a connect(), where 40 to 48 % and 52 to 60 % of the ports are taken. */
function fill(inTurn: boolean): { readonly below: number; readonly above: number } {
  const open: number[] = [];
  const times: number[] = [];
  try {
    for (let taken = 0; taken < PORTS * 0.6; taken++) {
      const fd = makeSocket({ repair: true, noPort: true, ...(inTurn ? { range: [LOW, HIGH] as const } : {}) });
      open.push(fd);
      if (bindSocket(fd, Address.loopbackIpv4, 0, false) !== 0) throw new Error('bind with IP_BIND_ADDRESS_NO_PORT failed');
      const begin = process.hrtime.bigint();
      const errno = connectSocket(fd, server, 80, false);
      times.push(Number(process.hrtime.bigint() - begin) / 1000);
      if (errno !== 0) throw new Error(`connect: errno ${errno}`);
    }
  } finally {
    for (const fd of open) closeSocket(fd);
  }
  const median = (from: number, to: number): number => times.slice(PORTS * from, PORTS * to).toSorted((left, right) => left - right)[Math.floor((PORTS * (to - from)) / 2)]!;
  return { below: median(0.4, 0.48), above: median(0.52, 0.6) };
}

/** How much slower a connect() is above one half than below; the least of some fillings, which noise cannot lower. */
function cliff(inTurn: boolean): number {
  const fills = Array.from({ length: ROUNDS }, () => fill(inTurn));
  return Math.min(...fills.map(({ above }) => above)) / Math.min(...fills.map(({ below }) => below));
}

describe(`what a connect() costs when half of the ports are taken${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('jumps without IP_LOCAL_PORT_RANGE, and does not with it', (context) => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', `${LOW} ${HIGH}`);
    const byHalves = cliff(false);
    // While nothing is closed, each one above walks the whole first half in vain: (7 µs + 4,000 x 0.05 µs) / 7 µs = 30.
    console.log(`connect cliff: ${byHalves.toFixed(1)} times slower above one half`);
    expect(byHalves).toBeGreaterThan(10);
    const inTurn = cliff(true);
    console.log(`connect cliff: ${inTurn.toFixed(1)} times with IP_LOCAL_PORT_RANGE`);
    context.skip(inTurn > 10, 'this kernel tries every other port first with IP_LOCAL_PORT_RANGE too');
    expect(inTurn).toBeLessThan(3);
  });
});
