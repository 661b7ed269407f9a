import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sysctlFileTexts } from '../../../test/support/sysctl-texts.ts';
import { parseSysctlFile } from './parse.ts';
import { printSysctlFile } from './print.ts';
import { sysctlProblemText } from './problem.ts';

const only = (text: string): unknown => parseSysctlFile(text, '/etc/sysctl.conf').lines.at(-1);

describe('parseSysctlFile', () => {
  it.each([
    ['net.ipv4.tcp_fin_timeout=30', 'net/ipv4/tcp_fin_timeout', '30'],
    [' \t net.ipv4.tcp_fin_timeout \t= \v 30\f \r\n', 'net/ipv4/tcp_fin_timeout', '30'],
    ['net/ipv4/tcp_fin_timeout = 30\n', 'net/ipv4/tcp_fin_timeout', '30'],
    ['net.ipv4.ip_local_port_range = 1024\t 65000 \n', 'net/ipv4/ip_local_port_range', '1024\t 65000'],
    ['net/ipv4/conf/eth0.1/forwarding=1', 'net/ipv4/conf/eth0.1/forwarding', '1'],
    ['net.ipv4.conf.eth0/1.forwarding=1', 'net/ipv4/conf/eth0.1/forwarding', '1'],
    ['net.ipv4.conf.*.rp_filter=2', 'net/ipv4/conf/*/rp_filter', '2'],
    ['net.ipv4.ip_local_reserved_ports =', 'net/ipv4/ip_local_reserved_ports', ''],
    ['kernel.domainname = a=b', 'kernel/domainname', 'a=b'],
  ])('%j sets %s', (text, path, value) => {
    expect(only(text)).toMatchObject({ kind: 'setting', path, value, ignoreFailure: false, problems: [] });
  });

  it('takes a dash, or two, from the key', () => {
    expect(only('-net.ipv4.ip_forward = 1')).toMatchObject({ kind: 'setting', path: 'net/ipv4/ip_forward', ignoreFailure: true, problems: [] });
    expect(only('--net.ipv4.ip_forward = 1')).toMatchObject({ kind: 'setting', path: 'net/ipv4/ip_forward', ignoreFailure: true });
    expect(only('-net.ipv4.ip_forward \n')).toMatchObject({ kind: 'exclusion', path: 'net/ipv4/ip_forward', problems: [] });
  });

  it.each(['', '\n', ' \t\r\n', 'a', '=', '\0net.ipv4.ip_forward=1\n'])('%j is blank', (text) => {
    expect(parseSysctlFile(`\n${text}`, '/etc/sysctl.conf').lines.every(({ kind }) => kind === 'blank')).toBe(true);
  });

  it.each(['# net.ipv4.ip_forward=1', '  ;net.ipv4.ip_forward=1\n', '#\n'])('%j is a comment', (text) => {
    expect(only(text)).toMatchObject({ kind: 'comment', problems: [] });
  });

  it.each([
    ['net.ipv4.ip_forward', 'malformed'],
    ['a\n', 'malformed'],
    ['a', 'too-short'],
    ['net.ipv4.ip_forward = 1\0 2', 'cut-at-nul'],
    ['= 1', 'empty-key'],
    ['- net.ipv4.ip_forward = 1', 'blank-after-dash'],
    ['\ufeffnet.ipv4.ip_forward = 1', 'unprintable-key'],
    ['net.ipv4.\ufffd = 1', 'unprintable-key'],
    ['net. ipv4.ip_forward = 1', 'unprintable-key'],
    ['/proc/sys/net/ipv4/ip_forward = 1', 'absolute-path'],
    ['net..ipv4.ip_forward = 1', 'repeated-separator'],
    ['net/../../ipv4/ip_forward = 1', 'leaves-proc-sys'],
    ['-net.ipv4.conf.*.rp_filter', 'pattern-of-exclusion'],
    ['net.ipv4.ip_forward = 1 # router', 'comment-in-value'],
    ['net.ipv4.ip_local_port_range = "1024 65000"', 'quoted-value'],
    [`net.ipv4.ip_local_reserved_ports = ${'1,'.repeat(3000)}`, 'longer-than-a-page'],
  ] as const)('%j: %s', (text, problem) => {
    expect(only(text)).toMatchObject({ problems: [problem] });
    expect(sysctlProblemText(problem)).not.toBe('');
  });

  it('counts every line', () => {
    const { lines } = parseSysctlFile('# one\n\nnet.ipv4.ip_forward=1\nwhat?\n-x', '/etc/sysctl.conf');
    expect(lines.map(({ line, kind }) => [line, kind])).toEqual([[1, 'comment'], [2, 'blank'], [3, 'setting'], [4, 'malformed'], [5, 'exclusion']]);
  });

  it('means the same when printed, and prints it the same again', () => {
    fc.assert(
      fc.property(sysctlFileTexts, (text) => {
        const parsed = parseSysctlFile(text, '/etc/sysctl.conf');
        const printed = printSysctlFile(parsed);
        const again = parseSysctlFile(printed, '/etc/sysctl.conf');
        expect(meanings(again)).toEqual(meanings(parsed));
        expect(printSysctlFile(again)).toBe(printed);
      }),
      { numRuns: 5000 },
    );
  });

  it('reads a line of a million characters at once', () => {
    for (const piece of ['[', '*', '.', '/', ' ', '=', '-', '../', '\0', '"', '# ']) {
      expect(parseSysctlFile(`-net${piece.repeat(1_000_000)}`, '/etc/sysctl.conf').lines).toHaveLength(1);
      expect(parseSysctlFile(`k =${piece.repeat(1_000_000)}x`, '/etc/sysctl.conf').lines).toHaveLength(1);
    }
  });
});

function meanings({ lines }: ReturnType<typeof parseSysctlFile>): unknown[] {
  return lines.map((line) => (line.kind === 'setting' ? [line.kind, line.key, line.path, line.value, line.ignoreFailure] : line.kind === 'exclusion' ? [line.kind, line.key, line.path] : [line.kind]));
}
