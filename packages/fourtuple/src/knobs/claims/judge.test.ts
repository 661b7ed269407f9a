import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { claims, judgeClaims } from './index.ts';

function fixture(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../fixtures/claims/${name}`, import.meta.url)), 'utf8');
}

/** `CLAIM VERDICT` of each that a text makes. */
function told(text: string, file = 'x.md'): string[] {
  return judgeClaims(text, file).map(({ claim, verdict }) => `${claim} ${verdict}`);
}

describe('claims', () => {
  it('have names of their own, and say what is so and where from', () => {
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
    expect(claims.filter(({ id, truth, source }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id) || truth.length < 30 || source === '')).toEqual([]);
  });
});

describe('judgeClaims', () => {
  it('finds in advice what it says, with its verdicts, and nothing else', () => {
    const found = judgeClaims(fixture('advice.md'), 'advice.md').map(({ line, claim, verdict }) => `${line} ${claim} ${verdict}`);
    expect(found).toEqual(fixture('advice.expected').trimEnd().split('\n'));
  });

  it('says where a claim stands, and the line', () => {
    const [claim] = judgeClaims('a\n  Set net.ipv4.tcp_tw_recycle there.\n', 'x.md');
    expect(claim).toMatchObject({ claim: 'tw-recycle', subject: 'net.ipv4.tcp_tw_recycle', file: 'x.md', line: 2, column: 7, text: 'Set net.ipv4.tcp_tw_recycle there.' });
  });

  it.each([
    ['somaxconn in a comment about connections', '# Maximum number of connections\nsysctl -w net.core.somaxconn=4096\n', ['somaxconn-connections false']],
    ['somaxconn in a comment about its queue', '# Queue of connections for accept()\nsysctl -w net.core.somaxconn=4096\n', ['somaxconn-backlog true']],
    ['timestamps turned off', 'sysctl -w net.ipv4.tcp_timestamps=0\n', ['timestamps-off false']],
    ['timestamps left on', 'sysctl -w net.ipv4.tcp_timestamps=1\n', []],
    ['ports that are reserved', 'sysctl -w net.ipv4.ip_local_reserved_ports=8080\n', ['reserved-helps true']],
    ['a range that a command only reads', 'sysctl net.ipv4.ip_local_port_range = 1024 65535\n', ['range-only-reads half true']],
    ['a range of another kind', 'sysctl -w net.ipv4.ip_local_port_range="20000 60999"\n', ['range-above-services half true']],
    ['fin_timeout of TIME_WAIT in prose', '`net.ipv4.tcp_fin_timeout` shortens TIME_WAIT.\n', ['fin-timeout false']],
    ['fin_timeout of FIN_WAIT2 in prose', '`net.ipv4.tcp_fin_timeout` ends FIN_WAIT2.\n', ['fin-timeout-cleans-up half true']],
    ['connections of all states counted', 'ss -tan\n', []],
    ['a table that is shown, not counted', 'cat /proc/net/tcp\n', []],
    ['two settings on a line', 'sysctl -w net.ipv4.tcp_tw_reuse=1 net.ipv4.tcp_tw_recycle=1\n', ['tw-reuse half true', 'tw-recycle false']],
    ['nothing of ports', 'The address space has 65,536 pages of memory.\n', []],
    ['a number that is no limit', 'Port 65535 is the last one.\n', []],
  ])('%s', (_, text, expected) => {
    expect(told(text)).toEqual(expected);
  });

  it('judges a subject once a line', () => {
    expect(told('65,535 connections there, and 65,535 connections here.\n')).toEqual(['each-pair-65535 false']);
  });

  it('leaves lines alone that are no prose', () => {
    expect(told(`${'x'.repeat(3000)} 65,535 connections\n`)).toEqual([]);
  });
});
