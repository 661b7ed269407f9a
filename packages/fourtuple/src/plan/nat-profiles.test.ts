import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { azureDefaultSnatPorts, azureManualSnatPorts, carrierMinimums, ciliumLossOf, gcpMachinesPerAddress, hostsPerAddress, idleTimeouts, natLossOf, natProfiles, NatProfileError, offeredFor, parseNatProfile } from './index.ts';

const profile = (name: string) => natProfiles.get(name)!;
const expectNear = (value: number, expected: number, relative: number): void => expect(Math.abs(value / expected - 1)).toBeLessThan(relative);

describe('NAT profiles, worked by hand', () => {
  it('AWS: 8 x 55,000 = 440,000 ports; at 1e-6 one address carries 54,100.35 Erlang, 54,100.35 / 61.1 s = 885.4 connections a second', () => {
    const aws = profile('aws-nat-gateway');
    expect(aws.ports * aws.mostAddresses).toBe(440_000);
    expectNear(offeredFor(aws.ports, 1e-6) / aws.holdSeconds.fin, 54_100.35 / 61.1, 1e-6);
    // Pooled, 437,631.18 / 61.1 = 7,162.5; each address for itself, 8 x 885.4 = 7,083.5.
    expectNear(offeredFor(440_000, 1e-6) / aws.holdSeconds.fin, 7162.5, 1e-4);
    // "About 900 connections per second": 55,000 / 61.1.
    expectNear(aws.ports / aws.holdSeconds.fin, 900.2, 1e-4);
    // Without asking, 2 x 55,000.
    expect(aws.ports * aws.quotaAddresses!).toBe(110_000);
  });

  it('Azure NAT Gateway: 16 x 64,512 = 1,032,192 ports; (50,000 - 4 √50,000) / 65 s = 755.5 a second after a FIN, / 16 s = 3,069 after a reset', () => {
    const azure = profile('azure-nat-gateway');
    expect(azure.portsPerAddress! * azure.mostAddresses).toBe(1_032_192);
    expectNear(offeredFor(azure.ports, 1e-6) / azure.holdSeconds.fin, (50_000 - 4 * Math.sqrt(50_000)) / 65, 1e-3);
    expectNear(offeredFor(azure.ports, 1e-6) / azure.holdSeconds.reset, 3069, 1e-3);
    // 2,000,000 / 65 = 30,769 a second over all destinations.
    expectNear(azure.mostConnections! / azure.holdSeconds.fin, 30_769, 1e-4);
  });

  it('Azure load balancer by default: 100 machines have 512 ports; 459.6225 Erlang at 1e-3 / 65 s = 7.07 a second; two addresses 953.63 / 65 = 14.67', () => {
    const { holdSeconds } = profile('azure-lb-default-snat');
    expect([1, 2, 3].map((addresses) => azureDefaultSnatPorts(100, addresses))).toEqual([512, 1024, 1024]);
    expect([1, 50, 51, 100, 101, 200, 201, 400, 401, 800, 801, 1000].map((machines) => azureDefaultSnatPorts(machines, 1))).toEqual([1024, 1024, 512, 512, 256, 256, 128, 128, 64, 64, 32, 32]);
    expectNear(offeredFor(azureDefaultSnatPorts(100, 1), 1e-3) / holdSeconds.fin, 7.071, 1e-4);
    expectNear(offeredFor(azureDefaultSnatPorts(100, 2), 1e-3) / holdSeconds.fin, 14.671, 1e-4);
  });

  it('Azure load balancer by hand: 2 x 64,000 / 100 machines = 1,280 ports; three rules take 3 x 8: 127,976 / 100 = 1,279', () => {
    const { ports, portsPerAddress } = profile('azure-lb-manual');
    expect([ports, portsPerAddress]).toEqual([64_000, 64_000]);
    expect([azureManualSnatPorts(1, 1), azureManualSnatPorts(100, 2), azureManualSnatPorts(100, 2, 3), azureManualSnatPorts(1, 1, 9000)]).toEqual([64_000, 1280, 1279, 0]);
  });

  it('Azure App Service: 128 ports carry 100.1174 Erlang at 1e-3, / 240 s = 0.417 a second and instance', () => {
    const { ports, holdSeconds } = profile('azure-app-service');
    expectNear(offeredFor(ports, 1e-3) / holdSeconds.fin, 0.41716, 1e-4);
  });

  it('Azure Firewall: 2,496 x 250 addresses = 624,000 ports an instance; 2 instances with one address 4,992, / 65 s = 76.8 a second at most', () => {
    const { ports, mostAddresses, holdSeconds } = profile('azure-firewall');
    expect([ports * mostAddresses, ports * 2]).toEqual([624_000, 4992]);
    expectNear((ports * 2) / holdSeconds.fin, 76.8, 1e-4);
  });

  it('Google Cloud NAT: 64 ports carry 44.1557 Erlang at 1e-3, / 120.05 s = 0.368 a second; 64,512 / 64 = 1,008 machines an address', () => {
    const gcp = profile('gcp-nat-static');
    expectNear(offeredFor(gcp.ports, 1e-3) / (gcp.holdSeconds.fin + 0.05), 0.36781, 1e-4);
    expect([gcpMachinesPerAddress(gcp.ports), hostsPerAddress(gcp.portsPerAddress!, 1024)]).toEqual([1008, 63]);
    expect([gcp.quotaAddresses, gcp.mostAddresses]).toEqual([50, 300]);
  });

  it('Google Cloud NAT, dynamic: 32 x 2^11 = 65,536, eleven doublings; 64,512 / 32 = 2,016 machines an address at first', () => {
    const { firstPorts, ports, portsPerAddress } = profile('gcp-nat-dynamic');
    expect(Math.log2(ports / firstPorts!)).toBe(11);
    expect(hostsPerAddress(portsPerAddress!, firstPorts!)).toBe(2016);
  });

  it('Linux: 0.9 x 64,512 = 58,061 mappings lose 8e-5; / 120.05 s = 483.6 a second after a FIN, / 10.05 s = 5,777 after a reset', () => {
    const linux = profile('linux-masquerade');
    expect([linux.holdSeconds, linux.hasBoundedSearch]).toEqual([{ fin: 120, reset: 10 }, true]);
    const mappings = 0.9 * linux.ports;
    expectNear(natLossOf(linux.ports, mappings)!, 8e-5, 1e-9);
    expectNear(mappings / (linux.holdSeconds.fin + 0.05), 483.6, 1e-3);
    expectNear(mappings / (linux.holdSeconds.reset + 0.05), 5777, 1e-3);
  });

  it('Cilium: 0.6 x 32,768 = 19,661 mappings lose 5.5e-4; / 10.05 s = 1,956 a second; nf_nat would lose less than a millionth', () => {
    const { ports, holdSeconds } = profile('cilium');
    expectNear(ciliumLossOf(0.6), 5.5e-4, 1e-9);
    expectNear((0.6 * ports) / (holdSeconds.fin + 0.05), 1956.3, 1e-4);
    expect(natLossOf(ports, 0.6 * ports)).toBeLessThan(1e-6);
    expect([ciliumLossOf(0.7), ciliumLossOf(0.8), ciliumLossOf(0.1), ciliumLossOf(2)].map((loss) => Number(loss.toPrecision(2)))).toEqual([5.2e-3, 2.2e-2, 1e-7, 1]);
  });

  it('Calico is the kernel: a natPortRange of 2^15 ports at 90 % loses 5e-5, one of 40,000 at 90 % loses 1.5e-2', () => {
    const { holdSeconds, ports, hasBoundedSearch } = profile('calico');
    expect({ holdSeconds, ports, hasBoundedSearch }).toEqual({ holdSeconds: { fin: 120, reset: 10 }, ports: 64_512, hasBoundedSearch: true });
    expectNear(natLossOf(32_768, 0.9 * 32_768)!, 5e-5, 1e-9);
    expectNear(natLossOf(40_000, 0.9 * 40_000)!, 1.5e-2, 1e-9);
  });

  it('Huawei: 54,100.35 / 61.1 s = 885.4 a second to one destination; 1,000,000 / 61.1 s = 16,367 a second in all', () => {
    const { ports, mostConnections, holdSeconds } = profile('huawei-nat');
    expectNear(offeredFor(ports, 1e-6) / holdSeconds.fin, 885.44, 1e-5);
    expectNear(mostConnections! / holdSeconds.fin, 16_367, 1e-4);
  });

  it('Alibaba: 2,000,000 connections / 100,000 new ones a second = 20 s: what is held longer meets the connections first', () => {
    const { mostConnections, mostNewPerSecond, holdSeconds } = profile('alibaba-nat');
    expect(mostConnections! / mostNewPerSecond!).toBe(20);
    expect(holdSeconds.fin).toBeGreaterThan(20);
  });

  it('a carrier, VyOS: 64,512 / 1,000 ports = 64 subscribers; 1,000 ports / 240 s = 4.17 connections a second at most', () => {
    const { ports, portsPerAddress, holdSeconds, isForAllDestinations } = profile('cgn-vyos-example');
    expect([hostsPerAddress(portsPerAddress!, ports), isForAllDestinations]).toEqual([64, true]);
    expectNear(ports / holdSeconds.fin, 4.1667, 1e-4);
  });

  it('a carrier, Nokia: 1,000 + 9 x 335 = 4,015 ports; 32 x 1,000 leave 32,512 of 64,512, which are 97 more blocks: 3 each', () => {
    const { firstPorts, ports, portsPerAddress } = profile('cgn-nokia-example');
    expect(ports).toBe(1000 + 9 * 335);
    const blocks = Math.floor((portsPerAddress! - 32 * firstPorts!) / 335);
    expect([blocks, Math.floor(blocks / 32)]).toEqual([97, 3]);
  });

  it('what is idle is forgotten: by a carrier after 2 h 4 min = 7,440 s, by the Network Load Balancer after 350 s', () => {
    expect(carrierMinimums).toEqual({ idleSeconds: 2 * 3600 + 4 * 60, transitorySeconds: 4 * 60 });
    expect(idleTimeouts.get('aws-nlb')).toMatchObject({ idleSeconds: 350, idleRange: { least: 60, most: 6000 } });
  });

  it('there is a case for every profile', () => {
    expect([...natProfiles.keys()]).toEqual(['aws-nat-gateway', 'azure-nat-gateway', 'azure-lb-default-snat', 'azure-lb-manual', 'azure-app-service', 'azure-firewall', 'gcp-nat-static', 'gcp-nat-dynamic', 'linux-masquerade', 'cilium', 'calico', 'huawei-nat', 'alibaba-nat', 'cgn-vyos-example', 'cgn-nokia-example']);
  });

  it('each tells its source and when it was read, and would pass as written by a user', () => {
    for (const known of natProfiles.values()) {
      const { name, source, checkedOn, notes } = known;
      expect([name, source.length > 10, /^\d{4}-\d{2}-\d{2}$/.test(checkedOn), notes.length > 10]).toEqual([name, true, true, true]);
      const { metrics: _, ...readable } = known;
      expect(parseNatProfile(known)).toMatchObject(readable);
    }
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
    ['portsPerAddress', 0],
    ['firstPorts', '32'],
    ['mostNewPerSecond', Number.NaN],
    ['idleRange', 5],
    ['udpIdleSeconds', -1],
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
