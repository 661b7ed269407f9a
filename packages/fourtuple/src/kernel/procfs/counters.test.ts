import { describe, expect, it } from 'vitest';
import type { ProcFs } from './files.ts';
import { countSockets, parseConntrack, parsePairs, parseSockstat } from './counters.ts';

type Counters = Record<string, number>;

const pairs = (text: string, wanted?: ReadonlySet<string>): Counters => {
  const into: Counters = {};
  parsePairs(text, into, wanted);
  return into;
};
const sockstat = (text: string): Counters => {
  const into: Counters = {};
  parseSockstat(text, 'sockstat', into);
  return into;
};
const conntrack = (text: string): Counters => {
  const into: Counters = {};
  parseConntrack(text, into);
  return into;
};

describe('/proc/net/netstat and snmp', () => {
  const text = 'TcpExt: SyncookiesSent TW TWRecycled\nTcpExt: 1 22 333\nIpExt: InOctets\nIpExt: 9007199254740993\nTcp: MaxConn ActiveOpens\nTcp: -1 5\n';

  it('are pairs of lines', () => {
    expect(pairs(text)).toEqual({ 'TcpExt.SyncookiesSent': 1, 'TcpExt.TW': 22, 'TcpExt.TWRecycled': 333, 'IpExt.InOctets': 9007199254740992, 'Tcp.MaxConn': -1, 'Tcp.ActiveOpens': 5 });
  });

  it('give those that are wanted alone', () => {
    expect(pairs(text, new Set(['TcpExt.TW', 'Tcp.ActiveOpens', 'IpExt.InOctets']))).toEqual({ 'TcpExt.TW': 22, 'Tcp.ActiveOpens': 5 });
  });

  it('leave out names without values, and lines that do not belong together', () => {
    expect(pairs('TcpExt: A B C\nTcpExt: 1 2\nTcp: D\nUdp: 5\n')).toEqual({ 'TcpExt.A': 1, 'TcpExt.B': 2 });
  });

  it.each(['', '\n', 'TcpExt:', 'TcpExt: A\n', 'no colon\nno colon\n', ': A\n: 1\n'])('%j gives no counter of a group', (text) => {
    expect(Object.keys(pairs(text)).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  it('leave out what is no number', () => {
    expect(pairs('Tcp: A B\nTcp: x 2\n')).toEqual({ 'Tcp.B': 2 });
  });
});

describe('/proc/net/sockstat', () => {
  it('tells how many sockets there are, TIME_WAIT too', () => {
    const of = (text: string | undefined): number => countSockets({ tryRead: () => text } as unknown as ProcFs, 'net');
    expect([of('sockets: used 33\nTCP: inuse 13 orphan 0 tw 300 alloc 300028 mem 18\n'), of('sockets: used 7\n'), of(''), of(undefined)]).toEqual([333, 7, 0, 0]);
  });

  it('is lines of names and values', () => {
    expect(sockstat('sockets: used 33\nTCP: inuse 13 orphan 0 tw 3 alloc 300028 mem 18\nFRAG: inuse 0 memory 0\n')).toEqual({ 'sockstat.sockets.used': 33, 'sockstat.TCP.inuse': 13, 'sockstat.TCP.orphan': 0, 'sockstat.TCP.tw': 3, 'sockstat.TCP.alloc': 300_028, 'sockstat.TCP.mem': 18, 'sockstat.FRAG.inuse': 0, 'sockstat.FRAG.memory': 0 });
  });

  it.each(['', 'TCP', 'TCP:', 'TCP: inuse', 'TCP: inuse x', 'inuse 5'])('%j gives nothing', (text) => {
    expect(sockstat(text)).toEqual({});
  });
});

describe('/proc/net/stat/nf_conntrack', () => {
  it('is summed up over the CPUs, hexadecimal, without the entries that each line repeats', () => {
    expect(conntrack('entries  found invalid drop insert_failed\n0000000a 00000001 00000010 000000ff 00000000\n0000000a  00000002 00000000 00000001 00000003\n')).toEqual({ 'conntrack.found': 3, 'conntrack.invalid': 16, 'conntrack.drop': 256, 'conntrack.insert_failed': 3 });
  });

  it.each(['', '\n', 'entries found\n'])('%j gives nothing', (text) => {
    expect(conntrack(text)).toEqual({});
  });

  it('adds to nothing a value that is missing', () => {
    expect(conntrack('entries found drop\n1 2\n')).toEqual({ 'conntrack.found': 2 });
  });
});
