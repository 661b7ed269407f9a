import { describe, expect, it } from 'vitest';
import { parseChange, parseChanges, requireDistinct } from './change.ts';
import { ChangeError } from './error.ts';

describe('parseChange', () => {
  it.each([
    ['net.ipv4.tcp_tw_reuse=1', 'net.ipv4.tcp_tw_reuse', '1'],
    ['net/ipv4/tcp_tw_reuse=1', 'net.ipv4.tcp_tw_reuse', '1'],
    ['/proc/sys/net/ipv4/tcp_tw_reuse=1', 'net.ipv4.tcp_tw_reuse', '1'],
    ['tcp_tw_reuse = 1 ', 'net.ipv4.tcp_tw_reuse', '1'],
    ['ip_local_port_range=1024 65535', 'net.ipv4.ip_local_port_range', '1024 65535'],
    ['ip_local_port_range=1024\t65535', 'net.ipv4.ip_local_port_range', '1024\t65535'],
    ['ip_local_reserved_ports=', 'net.ipv4.ip_local_reserved_ports', ''],
    ['somaxconn=1=2', 'net.core.somaxconn', '1=2'],
  ])('%j', (text, key, to) => {
    expect(parseChange(text)).toEqual({ key, to, why: undefined });
  });

  it.each([
    ['tcp_tw_reuse', /KEY=VALUE/],
    ['=1', /KEY=VALUE/],
    ['', /KEY=VALUE/],
    ['tcp_tw_reuze=1', /nothing is known of "tcp_tw_reuze"/],
    ['RLIMIT_NOFILE=1000', /no sysctl but a limit of each process/],
    ['tcp_tw_reuse=1\n2', /control characters/],
    ['tcp_tw_reuse=1\u0000', /control characters/],
  ])('%j is refused', (text, why) => {
    expect(() => parseChange(text)).toThrow(ChangeError);
    expect(() => parseChange(text)).toThrow(why);
  });
});

describe('parseChanges', () => {
  it('reads what tune --json prints', () => {
    expect(parseChanges({ schema: 'x', changes: [{ key: 'net.ipv4.tcp_tw_reuse', from: '2', to: '1', why: 'one\ntwo' }, { key: 'somaxconn', to: '4096' }] }, 'x')).toEqual([
      { key: 'net.ipv4.tcp_tw_reuse', to: '1', why: 'one two' },
      { key: 'net.core.somaxconn', to: '4096', why: undefined },
    ]);
  });

  it.each([[null], [undefined], [1], ['x'], [[]], [{}], [{ changes: {} }], [{ changes: [null] }], [{ changes: [{ key: 'somaxconn' }] }], [{ changes: [{ key: 'somaxconn', to: 1 }] }]])('%j is refused', (document) => {
    expect(() => parseChanges(document, 'x')).toThrow(ChangeError);
  });
});

describe('requireDistinct', () => {
  it('refuses a key that is given twice, and none', () => {
    expect(() => requireDistinct([{ key: 'a', to: '1' }, { key: 'a', to: '2' }])).toThrow(/a is given twice/);
    expect(() => requireDistinct([])).toThrow(/no change is given/);
  });
});
