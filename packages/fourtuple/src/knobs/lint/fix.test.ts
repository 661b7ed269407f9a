import { describe, expect, it } from 'vitest';
import type { LintFinding } from './finding.ts';
import { applyFixes, lintFiles } from './index.ts';

/** Mended once. */
function mended(text: string, path = 'x.conf'): { text: string; rules: string[] } {
  const done = applyFixes(text, lintFiles([{ path, text }]).findings);
  return { text: done.text, rules: done.fixed.map(({ rule }) => rule) };
}

function finding(rule: string, edits: readonly (readonly [start: number, end: number, text: string])[], isSafe = true): LintFinding {
  const span = { start: edits[0]?.[0] ?? 0, end: edits[0]?.[1] ?? 0 };
  return { rule, severity: 'error', file: 'x', message: 'x', span, line: 1, column: 1, endLine: 1, endColumn: 1, fix: { description: 'x', isSafe, edits: edits.map(([start, end, text]) => ({ span: { start, end }, text })) } };
}

describe('applyFixes', () => {
  it.each([
    ['a line that sets a key that is gone', 'x.conf', 'a.b = 1\nnet.ipv4.tcp_tw_recycle = 1\nvm.x = 2\n', 'a.b = 1\nvm.x = 2\n'],
    ['the same as the last line, without a newline', 'x.conf', 'vm.x = 2\nnet.ipv4.tcp_tw_recycle=1', 'vm.x = 2\n'],
    ['the same with line ends of Windows', 'x.conf', 'vm.x = 2\r\nnet.ipv4.tcp_tw_recycle=1\r\nvm.y = 2\r\n', 'vm.x = 2\r\nvm.y = 2\r\n'],
    ['the same twice', 'x.conf', 'net.ipv4.tcp_tw_recycle=1\nnet.ipv4.tcp_tw_recycle=1\n', ''],
    ['a third number of a range', 'x.conf', 'net.ipv4.ip_local_port_range = 32768 60999 1\n', 'net.ipv4.ip_local_port_range = 32768 60999\n'],
    ['a command with blanks around its equals sign', 'x.sh', 'sudo sysctl net.core.somaxconn = 8192\n', 'sudo sysctl -w net.core.somaxconn=8192\n'],
    ['such a command with two numbers', 'x.sh', 'sysctl -w net.ipv4.ip_local_port_range = 20000 60999 # wide\n', 'sysctl -w net.ipv4.ip_local_port_range="20000 60999" # wide\n'],
    ['a number where Kubernetes wants a string', 'x.yaml', 'apiVersion: v1\nkind: Pod\nspec:\n  securityContext:\n    sysctls:\n      - name: net.ipv4.tcp_syncookies\n        value: 1\n', 'apiVersion: v1\nkind: Pod\nspec:\n  securityContext:\n    sysctls:\n      - name: net.ipv4.tcp_syncookies\n        value: "1"\n'],
  ])('mends %s', (_, path, text, expected) => {
    expect(mended(text, path).text).toBe(expected);
    expect(mended(expected, path)).toEqual({ text: expected, rules: [] });
  });

  it.each([
    ['a key that seems to be mistyped', 'x.conf', 'net.ipv4.tcp_tw_reusee = 1\n'],
    ['a command of which a variable is a part', 'x.sh', 'sysctl net.core.somaxconn = "$x"\n'],
    ['a key that is gone, in a command', 'x.sh', 'sysctl -w net.ipv4.tcp_tw_recycle=1 net.ipv4.tcp_tw_reuse=1\n'],
  ])('leaves %s', (_, path, text) => {
    expect(mended(text, path)).toEqual({ text, rules: [] });
  });

  it('does all edits of a fix or none, from the first in the text on, whatever the order of the findings', () => {
    const findings = [finding('late', [[6, 8, 'Z']]), finding('meets', [[1, 3, 'Y'], [9, 10, 'Y']]), finding('early', [[0, 2, 'X'], [4, 5, '']])];
    expect(applyFixes('0123456789', findings)).toMatchObject({ text: 'X235Z89', fixed: [{ rule: 'early' }, { rule: 'late' }] });
  });

  it('does those side by side, and no fix that is not safe, empty, or at odds with itself', () => {
    expect(applyFixes('abcd', [finding('one', [[0, 2, '1']]), finding('two', [[2, 4, '2']])]).text).toBe('12');
    const odd = [finding('unsafe', [[0, 1, 'x']], false), finding('empty', []), finding('odd', [[0, 3, 'x'], [1, 2, 'y']])];
    expect(applyFixes('abcd', odd)).toEqual({ text: 'abcd', fixed: [] });
  });

  it('mends many in time', () => {
    const began = performance.now();
    expect(mended('net.ipv4.tcp_tw_recycle = 1\n'.repeat(30_000)).text).toBe('');
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
