import { describe, expect, it } from 'vitest';
import { evidence, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf, ownersOf, tcp } from '../../../test/contract/hand-made.ts';
import { servicePortHeld } from './service-port-held.ts';

const held = tcp('established', '10.0.0.1:50051', '10.0.0.9:443', { inode: 4 });

describe('service-port-held', () => {
  it('tells of an outgoing connection on the port of a service', () => {
    const [finding] = told(servicePortHeld, inspectedOf([held], { settings: { reserved: '33000' }, owners: ownersOf({ 4: 'curl' }) }));
    expect(finding).toMatchObject({ severity: 'info', title: 'Port 50051 (gRPC) is held by an outgoing connection to 10.0.0.9:443 of curl/100' });
    expect([evidence(finding, 'port'), evidence(finding, 'state')]).toEqual([50_051, 'ESTAB']);
    expect(finding!.remedies.map((remedy) => remedy.command)).toEqual(['fourtuple who 50051', 'sysctl -w net.ipv4.ip_local_reserved_ports="33000,50051"']);
  });

  it('is silent when the service listens', () => {
    expect(severities(servicePortHeld, inspectedOf([held, tcp('listen', '10.0.0.2:50051')]))).toEqual([]);
  });

  it('is silent for an unknown port, and for one outside the range', () => {
    expect(severities(servicePortHeld, inspectedOf([tcp('established', '10.0.0.1:50052', '10.0.0.9:443'), tcp('established', '10.0.0.1:9200', '10.0.0.9:443')]))).toEqual([]);
  });

  it('tells at most five', () => {
    const ports = [9042, 9090, 9092, 9093, 9100, 9200, 9300];
    expect(severities(servicePortHeld, inspectedOf(ports.map((port) => tcp('established', `10.0.0.1:${port}`, '10.0.0.9:443')), { settings: { range: [9000, 9999] } }))).toEqual(Array.from({ length: 5 }, () => 'info'));
  });

  it('does not call a connection outgoing that was accepted by the service before it stopped', () => {
    const accepted = tcp('established', '10.0.0.1:50051', '10.0.0.7:51234');
    const titles = told(servicePortHeld, inspectedOf([accepted], { probes: { explicit: [50_051] } })).map((finding) => finding.title);
    expect(titles.filter((title) => title.includes('outgoing'))).toEqual([]);
  });
});
