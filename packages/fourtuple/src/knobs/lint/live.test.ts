import { describe, expect, it } from 'vitest';
import { lintLive, type LiveSetting } from './live.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const RESERVED = 'net.ipv4.ip_local_reserved_ports';

/** As a kernel has them by default. */
const DEFAULTS: readonly LiveSetting[] = [
  { key: RANGE, value: '32768\t60999' },
  { key: RESERVED, value: '' },
  { key: 'net.ipv4.ip_unprivileged_port_start', value: '1024' },
  { key: 'net.ipv4.tcp_tw_reuse', value: '2' },
  { key: 'net.ipv4.tcp_timestamps', value: '1' },
  { key: 'net.ipv4.tcp_fin_timeout', value: '60' },
  { key: 'net.core.somaxconn', value: '4096' },
];

function found(changes: Readonly<Record<string, string>>, listening: readonly number[] = []): string[] {
  const settings = DEFAULTS.map(({ key, value }) => ({ key, value: changes[key] ?? value }));
  return lintLive(settings, listening).findings.map(({ file, rule, line, column }) => `${file}:${line}:${column} ${rule}`);
}

const AT_RANGE = '/proc/sys/net/ipv4/ip_local_port_range:1:1';

describe('lintLive', () => {
  it('finds nothing in the defaults, however many settings there are', () => {
    expect(lintLive(DEFAULTS, [80, 443])).toEqual({ findings: [], suppressed: [], settings: DEFAULTS.length, files: DEFAULTS.length });
    expect(lintLive([], [])).toMatchObject({ findings: [], settings: 0 });
  });

  it('judges what there is now, at its file in /proc/sys', () => {
    expect(found({ [RANGE]: '1024\t65535' })).toEqual([`${AT_RANGE} range-without-reserved`]);
    expect(found({ 'net.ipv4.tcp_fin_timeout': '30' })).toEqual(['/proc/sys/net/ipv4/tcp_fin_timeout:1:1 fin-timeout-not-time-wait']);
    expect(found({ 'net.ipv4.tcp_timestamps': '0' }).toSorted()).toEqual(['/proc/sys/net/ipv4/tcp_timestamps:1:1 timestamps-off', '/proc/sys/net/ipv4/tcp_tw_reuse:1:1 tw-reuse-without-timestamps']);
  });

  it('names each listener in the range that is not reserved', () => {
    const rules = found({ [RANGE]: '1024\t65535', [RESERVED]: '8080' }, [80, 3306, 8080, 9148]);
    expect(rules).toEqual([`${AT_RANGE} service-port-in-range`, `${AT_RANGE} service-port-in-range`]);
    expect(lintLive([{ key: RANGE, value: '32768\t60999' }], [40_000]).findings.map(({ message }) => message)).toEqual([expect.stringContaining('port 40000 lies in the range 32768-60999')]);
  });

  it('has places inside of the values', () => {
    const { findings } = lintLive([{ key: RANGE, value: '1024\t65535' }], [9148]);
    expect(findings.filter(({ span }) => span.end > '1024\t65535'.length)).toEqual([]);
  });
});
