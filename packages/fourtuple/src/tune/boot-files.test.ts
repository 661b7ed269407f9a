import { describe, expect, it } from 'vitest';
import { parseSysctlFile } from '../knobs/index.ts';
import { bootOutlook } from './boot-files.ts';

const ours = '/etc/sysctl.d/90-fourtuple.conf';
const text = 'net.ipv4.tcp_fin_timeout = 30\n';
const outlook = (...files: readonly (readonly [path: string, text: string])[]): ReturnType<typeof bootOutlook> =>
  bootOutlook(files.map(([path, content]) => parseSysctlFile(content, path)), ours, text, [{ key: 'net.ipv4.tcp_fin_timeout', to: '30' }], () => undefined);
const line = (file: string, at: number, value: string): object => ({ key: 'net.ipv4.tcp_fin_timeout', file, line: at, value });

describe('bootOutlook', () => {
  it('nothing else sets it', () => {
    expect(outlook()).toEqual({ wins: [], hides: [], isRead: true });
    expect(outlook(['/etc/sysctl.d/99-x.conf', 'net.ipv4.tcp_tw_reuse = 1\n'])).toEqual({ wins: [], hides: [], isRead: true });
  });

  it('a file before ours is hidden, one behind it wins, and so does /etc/sysctl.conf', () => {
    expect(outlook(['/usr/lib/sysctl.d/50-x.conf', '\nnet.ipv4.tcp_fin_timeout = 20\n'])).toEqual({ wins: [], hides: [line('/usr/lib/sysctl.d/50-x.conf', 2, '20')], isRead: true });
    expect(outlook(['/usr/lib/sysctl.d/99-x.conf', 'net/ipv4/tcp_fin_timeout=20\n'])).toEqual({ wins: [line('/usr/lib/sysctl.d/99-x.conf', 1, '20')], hides: [], isRead: true });
    expect(outlook(['/etc/sysctl.conf', 'net.ipv4.tcp_fin_timeout=20\n'])).toMatchObject({ wins: [line('/etc/sysctl.conf', 1, '20')] });
  });

  it('the same value elsewhere is no conflict, however it is spelled', () => {
    expect(outlook(['/etc/sysctl.conf', 'net.ipv4.tcp_fin_timeout=0x1e\n'], ['/etc/sysctl.d/10-x.conf', 'net.ipv4.tcp_fin_timeout =   30\n'])).toEqual({ wins: [], hides: [], isRead: true });
  });

  it('what the kernel refuses does not win', () => {
    expect(outlook(['/etc/sysctl.conf', 'net.ipv4.tcp_fin_timeout = 30 # seconds\nnet.ipv4.tcp_fin_timeout = thirty\n']).wins).toEqual([]);
  });

  it('a pattern passes by a key that ours names', () => {
    expect(outlook(['/etc/sysctl.d/99-x.conf', 'net.ipv4.tcp_*_timeout = 20\n']).wins).toEqual([]);
  });

  it('a file outside the folders, or of another name, is not read', () => {
    const at = (path: string): boolean => bootOutlook([], path, text, [{ key: 'net.ipv4.tcp_fin_timeout', to: '30' }], () => undefined).isRead;
    expect([at('/etc/sysctl.d/x.conf'), at('/etc/sysctl.conf'), at('/etc/sysctl.d/x'), at('/root/x.conf')]).toEqual([true, true, false, false]);
  });
});
