import { describe, expect, it } from 'vitest';
import { severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf, many, ownersOf, tcp, type SettingsFields } from '../../../test/contract/hand-made.ts';
import { servicePortInRange } from './service-port-in-range.ts';

const listening = (ports: readonly number[], settings: SettingsFields = {}): ReturnType<typeof inspectedOf> =>
  inspectedOf(
    ports.map((port) => tcp('listen', `0.0.0.0:${port}`, undefined, { inode: port })),
    { settings, owners: ownersOf(Object.fromEntries(ports.map((port) => [port, `server${port}`]))) },
  );

describe('service-port-in-range', () => {
  it('is silent when services listen outside the range, or on reserved ports', () => {
    expect(severities(servicePortInRange, listening([80, 443, 8080]))).toEqual([]);
    expect(severities(servicePortInRange, listening([50_051], { reserved: '50051' }))).toEqual([]);
  });

  it('is a warning for a well-known service', () => {
    const [finding] = told(servicePortInRange, listening([50_051]));
    expect(finding).toMatchObject({ severity: 'warning', title: '1 listening port inside the range 32768-60999: 50051 (gRPC)' });
  });

  it('is for information for any other, whose program it names', () => {
    const [finding] = told(servicePortInRange, listening([40_000]));
    expect(finding!.severity).toBe('info');
    expect(finding!.title).toContain('40000 (server40000/100)');
  });

  it('reserves the ports together with what is reserved already', () => {
    expect(told(servicePortInRange, listening([40_000, 40_001, 50_051], { reserved: '33000,40002' }))[0]!.remedies[0]!.command).toBe('sysctl -w net.ipv4.ip_local_reserved_ports="33000,40000-40002,50051"');
  });

  it('is one finding for many ports, with the first few named', () => {
    const found = told(servicePortInRange, listening(many(8, (index) => tcp('listen', `0.0.0.0:${40_000 + index * 2}`)).map((socket) => socket.localPort)));
    expect(found).toHaveLength(1);
    expect(found[0]!.title).toMatch(/^8 listening ports .*, …$/);
  });
});
