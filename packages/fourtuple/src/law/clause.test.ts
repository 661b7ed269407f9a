import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addressOf, askerAt, connectedAt, holderAt, listening, resultOf, timeWait } from '../../test/support/law-hand-made.ts';
import { PortSet } from '../model/index.ts';
import { ruleBindAny } from './bind-any.ts';
import { ruleBind, type BindOperation, type BindRules } from './bind.ts';
import { BindBucket } from './bucket.ts';
import { clauses, type Clause, type Ruling } from './clause.ts';
import { ruleConnect, ruleConnectBound, type ConnectOperation, type ConnectRules } from './connect.ts';
import type { LawHolder } from './holder.ts';

const rules: BindRules & ConnectRules = { localPortRange: { low: 20_000, high: 20_000 }, reservedPorts: new PortSet(), autobindReuse: false, unprivilegedPortStart: 1024, tcpTwReuse: 0, tcpTwReuseDelayMs: 1000 };
const threePorts = { ...rules, localPortRange: { low: 20_000, high: 20_002 } };
const twoPorts = { ...rules, localPortRange: { low: 20_000, high: 20_001 } };
const reserved = { ...rules, reservedPorts: PortSet.of([20_000]) };
const operation: ConnectOperation = { source: addressOf('10.0.0.1'), destination: addressOf('10.0.0.9'), destinationPort: 443, device: 0 };
const client = connectedAt('10.0.0.1', '10.0.0.9:443');
const ended = connectedAt('10.0.0.1', '10.0.0.9:443', '', timeWait);

const bind = (asker: BindOperation, ...holders: LawHolder[]): Ruling => ruleBind(asker, holders, rules);
const connect = (given: ConnectRules, ...lists: LawHolder[][]): Ruling => ruleConnect(operation, (port) => lists[port - 20_000] ?? [], given);
const connectBound = (...holders: LawHolder[]): Ruling => ruleConnectBound(operation, holders);

function letIn(): Ruling {
  const bucket = new BindBucket();
  const holder = holderAt('10.0.0.1', 'P');
  bucket.bind(holder, { isConnectChosen: false });
  return ruleBind(askerAt('10.0.0.1', 'P'), [holder], rules, bucket);
}

/** One operation for every clause; the type makes sure that there is one. */
const cases: Readonly<Record<Clause, readonly [string, () => Ruling, string]>> = {
  'port-free': ['bind(10.0.0.1, 8080) with nobody there', () => bind(askerAt('10.0.0.1')), 'succeeds'],
  'addresses-apart': ['bind(10.0.0.1, 8080) beside 10.0.0.2', () => bind(askerAt('10.0.0.1'), holderAt('10.0.0.2')), 'succeeds'],
  'devices-apart': ['bind() on device 1 beside device 2', () => bind(askerAt('0.0.0.0', '', { device: 1 }), holderAt('0.0.0.0', '', { device: 2 })), 'succeeds'],
  'both-reuse-address': ['a server with SO_REUSEADDR after its own TIME_WAIT', () => bind(askerAt('0.0.0.0', 'R'), connectedAt('10.0.0.1', '10.0.0.9:50000', 'R', timeWait)), 'succeeds'],
  'both-reuse-port': ['a second worker', () => bind(askerAt('0.0.0.0', 'P'), holderAt('0.0.0.0', 'P', listening)), 'succeeds'],
  'bucket-lets-in': ['a second worker, as the kernel does it', letIn, 'succeeds'],
  'holder-listens': ['a second server with SO_REUSEADDR', () => bind(askerAt('0.0.0.0', 'R'), holderAt('0.0.0.0', 'R', listening)), 'EADDRINUSE'],
  'holder-lacks-reuse-address': ['a server with SO_REUSEADDR beside a client', () => bind(askerAt('0.0.0.0', 'R'), client), 'EADDRINUSE'],
  'new-lacks-reuse-address': ['a server without SO_REUSEADDR after its own TIME_WAIT', () => bind(askerAt('0.0.0.0'), connectedAt('10.0.0.1', '10.0.0.9:50000', 'R', timeWait)), 'EADDRINUSE'],
  'neither-reuses': ['two bound sockets', () => bind(askerAt('10.0.0.1'), holderAt('10.0.0.1')), 'EADDRINUSE'],
  'reuse-port-other-user': ['a worker of another user', () => bind(askerAt('0.0.0.0', 'P', { uid: 1000 }), holderAt('0.0.0.0', 'P', listening)), 'EADDRINUSE'],
  'udp-holder': ['two UDP sockets', () => bind(askerAt('0.0.0.0', '', { protocol: 'udp' }), holderAt('10.0.0.1', '', { protocol: 'udp' })), 'EADDRINUSE'],
  'address-not-local': ['an address of another host', () => bind(askerAt('192.0.2.9', '', { isLocalAddress: false })), 'EADDRNOTAVAIL'],
  'port-privileged': ['port 80 without the capability', () => bind(askerAt('10.0.0.1', '', { port: 80, isPrivileged: false })), 'EACCES'],
  'mapped-on-v6only': ['[::ffff:10.0.0.1] with IPV6_V6ONLY', () => bind(askerAt('::ffff:10.0.0.1/only')), 'EINVAL'],
  'port-found': ['bind(10.0.0.1, 0) with a free port', () => ruleBindAny(askerAt('10.0.0.1'), () => [], rules), 'succeeds'],
  'range-held': ['bind(10.0.0.1, 0) with a client on every port', () => ruleBindAny(askerAt('10.0.0.1', 'R'), () => [client], rules), 'EADDRINUSE'],
  'range-reserved': ['bind(10.0.0.1, 0) with nothing but reserved ports', () => ruleBindAny(askerAt('10.0.0.1'), () => [], reserved), 'EADDRINUSE'],
  'port-shared': ['connect() with a client to somewhere else', () => connect(rules, [connectedAt('10.0.0.1', '10.0.0.9:80')]), 'succeeds'],
  'four-tuples-taken': ['connect() with a client to the same destination', () => connect(rules, [client]), 'EADDRNOTAVAIL'],
  'ports-explicit': ['connect() with a listener on another address', () => connect(rules, [holderAt('10.0.0.2', 'R', listening)]), 'EADDRNOTAVAIL'],
  'ports-explicit-or-taken': ['connect() with one of each', () => connect(twoPorts, [client], [holderAt('10.0.0.2')]), 'EADDRNOTAVAIL'],
  'four-tuple-free': ['bind(10.0.0.1, 8080), then connect()', () => connectBound(connectedAt('10.0.0.1', '10.0.0.9:80')), 'succeeds'],
  'four-tuple-taken': ['bind(10.0.0.1, 8080), then connect() once more', () => connectBound(client), 'EADDRNOTAVAIL'],
  'time-wait-taken-over': ['bind(10.0.0.1, 8080), then connect() after TIME_WAIT', () => connectBound(ended), 'succeeds'],
  'time-wait-not-reusable': ['the same without timestamps', () => connectBound({ ...ended, hadTimestamps: false }), 'EADDRNOTAVAIL'],
  'odd-range': ['connect() with one of three ports left', () => connect(threePorts, [client], [client], []), 'unknown'],
};

describe('every clause decides something', () => {
  it.each(Object.entries(cases).map(([clause, [name, rule, result]]) => ({ clause, name, rule, result })))('$clause: $name', ({ clause, rule, result }) => {
    const ruling = rule();
    expect([ruling.clause, resultOf(ruling)]).toEqual([clause, result]);
  });

  it('has one sentence for people and the name of a kernel function', () => {
    for (const { says, source } of Object.values(clauses)) {
      expect(says).toMatch(/^\S.*[^.\s]$/);
      expect(source).toMatch(/^[a-z0-9_]+$/);
    }
    expect(Object.keys(cases).sort()).toEqual(Object.keys(clauses).sort());
  });

  it('stands with its sentence and its kernel function in docs/concepts/port-law.md', () => {
    const page = readFileSync(new URL('../../../../docs/concepts/port-law.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (.*?) \| .* \| `(\w+)` \|$/gm)].map(([, clause, says, source]) => [clause, { says, source }]);
    expect(Object.fromEntries(rows)).toEqual(clauses);
  });
});
