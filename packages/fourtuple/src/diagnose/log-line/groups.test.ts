import { describe, expect, it } from 'vitest';
import { LogGroups, type LogSummary } from './groups.ts';

function summaryOf(...lines: readonly string[]): LogSummary {
  const groups = new LogGroups();
  for (const line of lines) groups.add(line);
  return groups.result();
}

describe('LogGroups', () => {
  it('counts failures that are alike once, most frequent first', () => {
    const refused = 'Error: connect ECONNREFUSED 10.0.0.8:80';
    const { groups, lines, failures, ungrouped } = summaryOf(refused, 'ok', ...Array.from({ length: 3 }, () => 'Error: connect EADDRNOTAVAIL 10.0.0.9:5432 - Local (0.0.0.0:0)'));
    expect(groups.map(({ failure, count, firstLine }) => [failure.cause, count, firstLine])).toEqual([
      ['no-free-port', 3, 3],
      ['refused', 1, 1],
    ]);
    expect([lines, failures, ungrouped]).toEqual([5, 4, 0]);
    expect(groups[1]?.example).toBe(refused);
  });

  it("does not tell a client's source ports apart, but its destinations", () => {
    const line = (source: number, destination: number): string => `write udp 10.0.0.5:${source}->10.0.0.2:${destination}: write: operation not permitted`;
    expect(summaryOf(line(4000, 53), line(4001, 53), line(4002, 54)).groups.map(({ count }) => count)).toEqual([2, 1]);
  });

  it('counts a stack trace with its causes as one failure, and learns the call from it', () => {
    const { groups, failures } = summaryOf(
      '2026-11-25 09:56:25 ERROR request failed',
      'java.net.ConnectException: Cannot assign requested address',
      '\tat java.net.http/jdk.internal.net.http.HttpClientImpl.send(HttpClientImpl.java:574)',
      'Caused by: java.net.BindException: Cannot assign requested address',
      '\tat java.base/sun.nio.ch.Net.connect0(Native Method)',
      '\t... 36 more',
      '2026-11-25 09:56:26 INFO next',
    );
    expect(failures).toBe(1);
    expect(groups[0]?.failure).toMatchObject({ cause: 'no-free-port', operation: 'connect', program: 'Java' });
  });

  it("takes Node.js's dump of fetch() together: the cause is inside", () => {
    const { groups, failures } = summaryOf('TypeError: fetch failed', '    at node:internal/deps/undici/undici:14976:13 {', '  [cause]: Error: connect EADDRNOTAVAIL 127.0.0.1:8085 - Local (0.0.0.0:0)', '      at internalConnect (node:net:1098:16) {', '    errno: -99,', "    code: 'EADDRNOTAVAIL',", "    syscall: 'connect',", "    address: '127.0.0.1',", '    port: 8085', '  }', '}');
    expect(failures).toBe(1);
    expect(groups[0]?.failure).toMatchObject({ cause: 'no-free-port', remote: { host: '127.0.0.1', port: 8085 } });
  });

  it("learns from Python's traceback which call it was", () => {
    const traceback = (call: string): readonly string[] => ['Traceback (most recent call last):', '  File "/srv/app.py", line 836, in create_connection', `    sock.${call}`, 'OSError: [Errno 99] Cannot assign requested address'];
    const { groups } = summaryOf(...traceback('connect(sa)'), ...traceback('bind(address)'));
    expect(groups.map(({ failure }) => failure.cause)).toEqual(['no-free-port', 'address-not-local']);
  });

  it('takes the lines of one failure together: MariaDB writes errno and port apart', () => {
    const { groups, failures } = summaryOf(
      "2026-11-25  9:56:25 0 [Note] Server socket created on IP: '0.0.0.0', port: '3306'.",
      "2026-11-25  9:56:25 0 [ERROR] Can't start server: Bind on TCP/IP port. Got error: 98: Address already in use",
      '2026-11-25  9:56:25 0 [ERROR] Do you already have another server running on port: 3306 ?',
      '2026-11-25  9:56:25 0 [ERROR] Aborting',
    );
    expect(failures).toBe(1);
    expect(groups[0]).toMatchObject({ count: 1, firstLine: 2, failure: { cause: 'port-taken', program: 'MariaDB/MySQL', errno: 'EADDRINUSE', alternatives: [], local: { host: '', port: 3306 } } });
    expect(groups[0]?.failure.explanation).toContain('another server');
  });

  it('takes host and port of PostgreSQL together', () => {
    const { groups, failures } = summaryOf('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'HINT:  Is another postmaster already running on port 5432? If not, wait a few seconds and retry.');
    expect(failures).toBe(1);
    expect(groups[0]?.failure.local).toEqual({ host: '127.0.0.1', port: 5432 });
  });

  it('does not take two failures of one program together', () => {
    const { failures } = summaryOf('error: Bind to port 22 on 0.0.0.0 failed: Address already in use.', 'error: Bind to port 22 on :: failed: Address already in use.', 'error: Bind to port 22 on :: failed: Address already in use.');
    expect(failures).toBe(3);
  });

  it('has a bounded memory: a thousand groups, the rest counted', () => {
    const groups = new LogGroups();
    for (let port = 1; port <= 1500; port++) groups.add(`Error: connect ECONNREFUSED 10.0.0.9:${port}`);
    const { groups: found, failures, ungrouped } = groups.result();
    expect([found.length, failures, ungrouped]).toEqual([1000, 1500, 500]);
  });

  it('cuts a long example, and goes on after result()', () => {
    const groups = new LogGroups();
    groups.add(`Error: connect ECONNREFUSED 10.0.0.9:80 ${'x'.repeat(10_000)}`);
    expect(groups.result().groups[0]?.example.length).toBe(500);
    groups.add('Error: connect ECONNREFUSED 10.0.0.9:80');
    expect(groups.result().groups[0]?.count).toBe(2);
  });

  it('of a log without failures is empty', () => {
    expect(summaryOf('a', 'b')).toEqual({ groups: [], lines: 2, failures: 0, ungrouped: 0 });
  });
});
