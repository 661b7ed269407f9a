import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { azureDefaultSnatPorts, gcpMachinesPerAddress, natProfiles, NatProfileError, offeredFor, parseNatProfile } from './index.ts';

const profile = (name: string) => natProfiles.get(name)!;

describe('NAT profiles, worked by hand', () => {
  it('AWS: 55,000 ports a destination and address, 8 addresses', () => {
    const aws = profile('aws-nat-gateway');
    expect(aws.ports * aws.mostAddresses).toBe(440_000);
    // "About 900 connections per second": 55,000 / 61.1.
    expect(aws.ports / aws.holdSeconds.fin).toBeCloseTo(900.2, 1);
  });

  it('Azure NAT Gateway: 50,000 at once to one destination, 65 s after a FIN', () => {
    const azure = profile('azure-nat-gateway');
    expect(offeredFor(azure.ports, 1e-6) / azure.holdSeconds.fin).toBeCloseTo(755.6, 0);
    expect(64_512 * azure.mostAddresses).toBe(1_032_192);
  });

  it('Azure load balancer: by the number of machines', () => {
    expect([1, 2, 3].map((addresses) => azureDefaultSnatPorts(100, addresses))).toEqual([512, 1024, 1024]);
    expect([50, 51, 200, 201, 400, 800, 801].map((machines) => azureDefaultSnatPorts(machines, 1))).toEqual([1024, 512, 256, 128, 128, 64, 32]);
  });

  it('Google Cloud NAT: 64 ports a machine are a third of a connection a second', () => {
    const gcp = profile('gcp-nat-static');
    const rate = offeredFor(gcp.ports, 1e-3) / (gcp.holdSeconds.fin + 0.05);
    expect(Math.abs(rate - 0.368) / 0.368).toBeLessThan(0.01);
    expect(gcpMachinesPerAddress(gcp.ports)).toBe(1008);
  });

  it('Linux: a FIN holds the mapping twelve times as long as a reset', () => {
    const linux = profile('linux-masquerade');
    expect(linux.holdSeconds).toEqual({ fin: 120, reset: 10 });
    expect((0.9 * linux.ports) / (linux.holdSeconds.fin + 0.05)).toBeCloseTo(483.6, 0);
  });

  it('each tells its source and when it was read', () => {
    for (const { name, source, checkedOn, notes } of natProfiles.values()) expect([name, source.length > 10, /^\d{4}-\d{2}-\d{2}$/.test(checkedOn), notes.length > 10]).toEqual([name, true, true, true]);
  });
});

describe('parseNatProfile', () => {
  const written = { name: 'branch-office', ports: 4096, scope: 'per-destination', holdSeconds: { fin: 240, reset: 4 }, idleSeconds: 7440 };

  it('fills in what may be left out', () => {
    expect(parseNatProfile(written)).toMatchObject({ name: 'branch-office', title: 'branch-office', mostAddresses: 1, hasBoundedSearch: false });
  });

  it.each([
    ['ports', 0],
    ['ports', '64'],
    ['scope', 'all'],
    ['holdSeconds', 5],
    ['idleSeconds', -1],
    ['name', ''],
  ])('refuses %s = %j and names it', (field, value) => {
    expect(() => parseNatProfile({ ...written, [field]: value })).toThrow(`"${field}"`);
  });

  it('throws nothing else, whatever it gets', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        let thrown: unknown;
        try {
          parseNatProfile(value);
        } catch (error) {
          thrown = error;
        }
        expect(thrown === undefined || thrown instanceof NatProfileError).toBe(true);
      }),
    );
  });
});
