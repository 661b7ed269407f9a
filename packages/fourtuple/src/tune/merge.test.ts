import { describe, expect, it } from 'vitest';
import { effectiveSettings, parseSysctlFile } from '../knobs/index.ts';
import { mergeSettings } from './merge.ts';

const path = '/etc/sysctl.d/90-fourtuple.conf';
const signature = { at: '2026-01-31T03:00:00.000Z', transaction: '20260131-030000' };
const header = '# fourtuple: written by "fourtuple tune apply" at 2026-01-31T03:00:00.000Z, transaction 20260131-030000\n# fourtuple: "fourtuple tune undo" takes it back, "fourtuple tune status" tells what was applied\n';
const merged = (before: string | undefined, ...changes: readonly (readonly [key: string, to: string, why?: string])[]): string | undefined => mergeSettings(before, path, changes.map(([key, to, why]) => ({ key, to, why })), signature);
const body = (before: string | undefined, ...changes: Parameters<typeof merged> extends [unknown, ...infer Rest] ? Rest : never): string | undefined => merged(before, ...changes)?.replace(header, '');

describe('mergeSettings', () => {
  it('writes a new file with who wrote it, when, and how it is taken back', () => {
    expect(merged(undefined, ['net.ipv4.tcp_tw_reuse', '1', 'TIME_WAIT holds 9,000 ports'])).toBe(`${header}# why: TIME_WAIT holds 9,000 ports\nnet.ipv4.tcp_tw_reuse = 1\n`);
  });

  it('keeps the settings of earlier ones; the header is of the last one', () => {
    const first = merged(undefined, ['net.ipv4.tcp_tw_reuse', '1', 'why one'], ['net.core.somaxconn', '9000'])!.replaceAll('20260131', '20250101');
    expect(merged(first, ['net.ipv4.tcp_fin_timeout', '30'])).toBe(`${header}# why: why one\nnet.ipv4.tcp_tw_reuse = 1\nnet.core.somaxconn = 9000\nnet.ipv4.tcp_fin_timeout = 30\n`);
  });

  it('sets a key anew where it stands, with its new reason, and keeps the comments of people', () => {
    expect(body('# of somebody\n# why: old\nnet.ipv4.tcp_tw_reuse = 0\nnet.core.somaxconn = 9000\n', ['net.ipv4.tcp_tw_reuse', '1', 'new'])).toBe('# of somebody\n# why: new\nnet.ipv4.tcp_tw_reuse = 1\nnet.core.somaxconn = 9000\n');
  });

  it('is undefined where everything stands there already', () => {
    const before = merged(undefined, ['net.ipv4.tcp_tw_reuse', '1'], ['net.core.somaxconn', '9000']);
    expect(merged(before, ['net.core.somaxconn', '9000'])).toBeUndefined();
    expect(merged(before, ['net.core.somaxconn', '9001'])).toBeDefined();
    expect(merged('net/core/somaxconn=9000', ['net.core.somaxconn', '9000'])).toBeUndefined();
    // The last line counts.
    expect(merged('net.core.somaxconn=9000\nnet.core.somaxconn=1\n', ['net.core.somaxconn', '9000'])).toBeDefined();
  });

  it('keeps what it does not understand, patterns and exclusions', () => {
    expect(body('nonsense\n-net.ipv4.conf.*.rp_filter\nnet.ipv4.conf.*.rp_filter = 2\n\n; the end', ['net.core.somaxconn', '9000'])).toBe('nonsense\n-net.ipv4.conf.*.rp_filter\nnet.ipv4.conf.*.rp_filter = 2\n\n; the end\nnet.core.somaxconn = 9000\n');
  });

  it('puts settings into an order that a kernel takes at boot', () => {
    expect(body('net.ipv4.ip_local_port_range = 1024 65535\n', ['net.ipv4.ip_unprivileged_port_start', '80'], ['net.ipv4.ip_local_port_range', '512 65535'], ['net.ipv4.ip_local_reserved_ports', '3306'])).toBe(
      'net.ipv4.ip_local_reserved_ports = 3306\nnet.ipv4.ip_unprivileged_port_start = 80\nnet.ipv4.ip_local_port_range = 512 65535\n',
    );
  });

  it('an empty list is an empty value', () => {
    expect(body(undefined, ['net.ipv4.ip_local_reserved_ports', ''])).toBe('net.ipv4.ip_local_reserved_ports =\n');
  });

  it('reads as it was meant, by the rules of sysctl', () => {
    const text = merged('net.ipv4.*_timeout = 7\n-net.core.somaxconn=5\n', ['net.ipv4.tcp_fin_timeout', '30'], ['net.ipv4.ip_local_reserved_ports', ''], ['net.ipv4.ip_local_port_range', '1024 65535'])!;
    const { settings } = effectiveSettings([parseSysctlFile(text, path)]);
    expect(Object.fromEntries([...settings].map(([key, { winner }]) => [key, winner?.value]))).toEqual({ 'net/ipv4/tcp_fin_timeout': '30', 'net/ipv4/ip_local_reserved_ports': '', 'net/ipv4/ip_local_port_range': '1024 65535', 'net/core/somaxconn': '5' });
    expect(parseSysctlFile(text, path).lines.flatMap(({ problems }) => problems)).toEqual([]);
  });
});
