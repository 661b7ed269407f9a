import { afterEach, describe, expect, it } from 'vitest';
import { ProcTree } from '../../../test/contract/proc-tree.ts';
import type { Settings } from '../../model/index.ts';
import { readSettings } from './settings.ts';

const trees: ProcTree[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) tree.remove();
});

function read(files: Readonly<Record<string, string>>): { settings: Settings; limits: string[] } {
  const tree = new ProcTree({ 'sys/net/ipv4/ip_local_port_range': '32768\t60999\n', 'sys/net/ipv4/ip_local_reserved_ports': '\n', ...files });
  trees.push(tree);
  return readSettings(tree.proc);
}

describe('readSettings', () => {
  it('reads what the kernel prints', () => {
    const { settings, limits } = read({
      'sys/net/ipv4/ip_local_port_range': '10000\t10099\n',
      'sys/net/ipv4/ip_local_reserved_ports': '10001,10010-10019\n',
      'sys/net/ipv4/ip_unprivileged_port_start': '1024\n',
      'sys/net/ipv4/ip_autobind_reuse': '1\n',
      'sys/net/ipv4/tcp_tw_reuse': '1\n',
      'sys/net/ipv4/tcp_tw_reuse_delay': '5000\n',
      'sys/net/ipv4/tcp_timestamps': '0\n',
      'sys/net/ipv4/tcp_fin_timeout': '-1\n',
      'sys/net/ipv4/tcp_max_tw_buckets': '131072\n',
      'sys/net/core/somaxconn': '4096\n',
      'sys/net/ipv6/bindv6only': '1\n',
      'sys/net/netfilter/nf_conntrack_max': '262144\n',
      'sys/fs/file-nr': '1234\t0\t9223372036854775807\n',
    });
    expect(limits).toEqual([]);
    expect({ ...settings, reservedPorts: settings.reservedPorts.toString() }).toMatchObject({ localPortRange: { low: 10_000, high: 10_099 }, reservedPorts: '10001,10010-10019', unprivilegedPortStart: 1024, autobindReuse: true, tcpTwReuse: 1, tcpTwReuseDelayMs: 5000, tcpTimestamps: false, tcpFinTimeoutSeconds: -1, tcpMaxTwBuckets: 131_072, tcpTwRecycle: undefined, somaxconn: 4096, bindV6Only: true, conntrackMax: 262_144, openFiles: 1234, fileMax: 2 ** 63 });
  });

  it('takes the kernel\'s defaults where there is no file', () => {
    const { settings, limits } = read({});
    expect(limits).toEqual([]);
    expect(settings).toMatchObject({ tcpTwReuse: 2, tcpTwReuseDelayMs: 1000, tcpTimestamps: true, autobindReuse: false, bindV6Only: false, somaxconn: undefined, fileMax: undefined });
  });

  it.each(['', 'nonsense\n', '60999\t32768\n'])('says that it assumes the default for a range of %j', (text) => {
    const { settings, limits } = read({ 'sys/net/ipv4/ip_local_port_range': text });
    expect(settings.localPortRange).toEqual({ low: 32_768, high: 60_999 });
    expect(limits.join()).toMatch(/ip_local_port_range could not be read/);
  });

  it('says that it takes no port for reserved when it cannot understand the list', () => {
    const { settings, limits } = read({ 'sys/net/ipv4/ip_local_reserved_ports': '1;2\n' });
    expect(settings.reservedPorts.size).toBe(0);
    expect(limits.join()).toMatch(/ip_local_reserved_ports could not be understood/);
  });

  it('does not know the number of open files where there is no file-nr (0 would be a claim)', () => {
    expect(read({}).settings.openFiles).toBeUndefined();
  });
});
