import { describe, expect, it } from 'vitest';
import { shellWords } from '../../test/contract/findings.ts';
import { settingsOf, tcp, usageOf, type SettingsFields } from '../../test/contract/hand-made.ts';
import { PortSet, type SocketCursor } from '../model/index.ts';
import { knownServices } from '../knobs/services/known-services.ts';
import { lessConnections, reuseTimeWait, widenRange } from './remedies.ts';

/** What the remedy would set. */
function widened(settings: SettingsFields, sockets: SocketCursor[] = []): { range: string; reserved: PortSet } | undefined {
  const remedy = widenRange(settingsOf(settings), usageOf(sockets, { settings }));
  if (remedy === undefined) return undefined;
  const [, , reserved, range] = shellWords(remedy.command!);
  return { range: range!.split('=')[1]!, reserved: PortSet.parseList(reserved!.split('=')[1]!)! };
}

describe('widenRange', () => {
  it('goes from 1024 to 65535', () => {
    expect(widened({})!.range).toBe('1024 65535');
  });

  it('does not go below ip_unprivileged_port_start, which the kernel would refuse', () => {
    expect(widened({ unprivilegedPortStart: 2000 })!.range).toBe('2000 65535');
    expect(widened({ unprivilegedPortStart: 0 })!.range).toBe('1024 65535');
    expect(widened({ unprivilegedPortStart: undefined })!.range).toBe('1024 65535');
  });

  it('keeps what is reserved already', () => {
    expect([5000, 40_000].map((port) => widened({ reserved: '5000,40000' })!.reserved.has(port))).toEqual([true, true]);
  });

  it('reserves the well-known services of the new part, and leaves those of the old part', () => {
    const { reserved } = widened({})!;
    const services = [...knownServices.keys()];
    expect(services.filter((port) => port < 32_768 && !reserved.has(port))).toEqual([]);
    expect(reserved.has(50_051)).toBe(false);
  });

  it('reserves whatever listens above 1024, inside the range and outside', () => {
    const { reserved } = widened({}, [80, 8081, 40_000].map((port) => tcp('listen', `0.0.0.0:${port}`)))!;
    expect([80, 8081, 40_000].map((port) => reserved.has(port))).toEqual([false, true, true]);
  });

  it('takes the ends of the old part for its own, and those of the new part for its own', () => {
    expect(widened({ range: [27_017, 50_051] })!.reserved.toString()).not.toMatch(/27017|50051/);
    expect(widened({ range: [27_018, 50_050] })!.reserved.toString()).toMatch(/27017,50051$/);
    expect(widened({}, [tcp('listen', '0.0.0.0:1024')])!.reserved.has(1024)).toBe(true);
  });

  it('is no remedy where the range is as wide already', () => {
    expect(widened({ range: [1024, 65_535] })).toBeUndefined();
    expect(widened({ range: [1, 65_535] })).toBeUndefined();
  });

  it('is no remedy where it gains no port, since the range begins at ip_unprivileged_port_start', () => {
    expect(widened({ range: [5000, 65_535], unprivilegedPortStart: 5000 })).toBeUndefined();
  });

  it('takes away no port that the range has', () => {
    const range = widened({ range: [500, 65_000], unprivilegedPortStart: 500 })?.range ?? '500 65535';
    expect(Number(range.split(' ')[0])).toBeLessThanOrEqual(500);
  });
});

describe('reuseTimeWait', () => {
  const tuple = (timeWaits: number, established: number): Parameters<typeof reuseTimeWait>[1] => {
    const sockets = Array.from({ length: timeWaits + established }, (_, index) => tcp(index < timeWaits ? 'timeWait' : 'established', `10.0.0.1:${40_000 + index}`, '10.0.0.9:443'));
    return usageOf(sockets).tuples.at(0);
  };

  it('is offered from a tenth of the used ports on', () => {
    expect([9, 10].map((timeWaits) => reuseTimeWait(settingsOf(), tuple(timeWaits, 100 - timeWaits)) !== undefined)).toEqual([false, true]);
  });

  it('is not offered where TIME_WAIT is reusable already', () => {
    const sockets = Array.from({ length: 200 }, (_, index) => tcp(index < 100 ? 'timeWait' : 'established', `127.0.0.1:${40_000 + index}`, '127.0.0.1:443'));
    const loopback = usageOf(sockets).tuples.at(0);
    expect([loopback.timeWait, loopback.reusableTimeWait]).toEqual([100, 100]);
    expect(reuseTimeWait(settingsOf(), loopback)).toBeUndefined();
  });

  it('is not offered where it is on, or cannot work', () => {
    expect(reuseTimeWait(settingsOf({ tcpTwReuse: 1 }), tuple(100, 0))).toBeUndefined();
    expect(reuseTimeWait(settingsOf({ tcpTimestamps: false }), tuple(100, 0))).toBeUndefined();
  });

  it('says after which time, and how many', () => {
    expect(reuseTimeWait(settingsOf(), tuple(100, 50))!.title).toBe('Let outgoing connections reuse TIME_WAIT after 1,000 ms: 100 of the 150 used ports are in it');
  });
});

describe('lessConnections', () => {
  it('names the destination, IPv6 in brackets', () => {
    const [pool] = lessConnections(usageOf([tcp('established', '[2001:db8::1]:40000', '[2001:db8::9]:443')]).tuples.at(0));
    expect(pool!.title).toContain('[2001:db8::9]:443');
  });
});
