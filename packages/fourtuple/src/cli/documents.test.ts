import { describe, expect, it } from 'vitest';
import { Address } from '../model/index.ts';
import type { TupleUsage } from '../usage/index.ts';
import { bindPoolJson, tupleJson } from './documents.ts';

const tuple: TupleUsage = {
  protocol: 'tcp',
  source: Address.parse('10.0.1.9')!,
  destination: Address.parse('2001:db8::1')!,
  destinationPort: 3306,
  device: 0,
  capacity: 28_232,
  used: 22,
  free: 28_210,
  ratio: 22 / 28_232,
  timeWait: 3,
  reusableTimeWait: 2,
  connections: 25,
  explicit: 1,
  established: 21,
  holders: [],
};
const plain = { namespace: 4_026_531_840, protocol: 'tcp', source: '10.0.1.9', destination: '2001:db8::1', destinationPort: 3306, capacity: 28_232, used: 22, timeWait: 3, reusableTimeWait: 2, free: 28_210, ratio: 0.0007, connections: 25, established: 21, explicit: 1, holders: [] };

describe('what is written as text at once', () => {
  it('is the JSON of a tuple, its members in their order', () => {
    expect(tupleJson(4_026_531_840, tuple)).toBe(JSON.stringify(plain));
  });

  it('has a device and holders, whatever their names', () => {
    const owner = { pid: 7, uid: 0, command: 'a "quoted" \\ name\n', unit: 'x.service', container: undefined };
    const made = tupleJson(4_026_531_840, { ...tuple, device: 3, holders: [{ owner, ports: 21, explicit: 1, isEstimate: true }] });
    const holders = [{ pid: 7, command: owner.command, unit: 'x.service', ports: 21, explicit: 1, estimated: true }];
    expect(made).toBe(JSON.stringify({ ...plain, holders }).replace('3306,', '3306,"device":3,'));
  });

  it('is the JSON of a bind pool', () => {
    const pool = { protocol: 'udp' as const, source: Address.anyIpv6, capacity: 0, used: 0, free: 0, ratio: 1 };
    expect(bindPoolJson(1, pool)).toBe(JSON.stringify({ namespace: 1, protocol: 'udp', source: '::', capacity: 0, used: 0, free: 0, ratio: 1 }));
  });
});
