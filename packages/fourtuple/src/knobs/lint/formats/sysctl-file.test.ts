import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sysctlFileTexts } from '../../../../test/support/sysctl-texts.ts';
import { parseSysctlFile } from '../../files/parse.ts';
import { extractSysctlFile, sysctlFileProblems } from './sysctl-file.ts';

const read = (text: string): unknown[] => extractSysctlFile(text, '/etc/sysctl.conf').statements.map(({ key, value, keySpan, valueSpan, span, comment }) => [key, value, text.slice(keySpan.start, keySpan.end), valueSpan && text.slice(valueSpan.start, valueSpan.end), text.slice(span.start, span.end), comment]);

describe('extractSysctlFile', () => {
  it.each([
    ['net.ipv4.ip_forward=1', ['net.ipv4.ip_forward', '1', 'net.ipv4.ip_forward', '1', 'net.ipv4.ip_forward=1', '']],
    ['\t net/ipv4/ip_forward \t=  1 2\t3 \r\n', ['net.ipv4.ip_forward', '1 2\t3', 'net/ipv4/ip_forward', '1 2\t3', 'net/ipv4/ip_forward \t=  1 2\t3', '']],
    ['-net.ipv4.ip_forward = 1\n', ['net.ipv4.ip_forward', '1', 'net.ipv4.ip_forward', '1', '-net.ipv4.ip_forward = 1', '']],
    ['net.ipv4.conf.eth0/1.forwarding=1', ['net.ipv4.conf.eth0/1.forwarding', '1', 'net.ipv4.conf.eth0/1.forwarding', '1', 'net.ipv4.conf.eth0/1.forwarding=1', '']],
    ['net.ipv4.ip_local_reserved_ports = \n', ['net.ipv4.ip_local_reserved_ports', '', 'net.ipv4.ip_local_reserved_ports', '', 'net.ipv4.ip_local_reserved_ports =', '']],
    ['# a\n;b\n\n # one\n;;  two \nx.y = "1" # three', ['x.y', '"1" # three', 'x.y', '"1" # three', 'x.y = "1" # three', 'one two three']],
    ['x.y = {{ z }}', ['x.y', undefined, 'x.y', '{{ z }}', 'x.y = {{ z }}', '']],
    ['x..y = 1', ['x.y', '1', 'x..y', '1', 'x..y = 1', '']],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual([expected]);
  });

  it.each(['', 'x.y', '# x.y = 1', '= 1', 'x.*.y = 1', '-x.y', '- x.y = 1', '/proc/sys/x/y = 1', 'x/../../y = 1', '{{ x }}.y = 1'])('%j is no statement', (text) => {
    expect(read(text)).toEqual([]);
  });

  it('tells a comment from the one of the line before', () => {
    expect(read('# one\nx.y = 1\nx.z = 2\n# two\n\nx.w = 3').map((one) => (one as string[])[5])).toEqual(['one', '', '']);
  });

  it('takes a group and a reach', () => {
    expect(extractSysctlFile('x.y=1', 'x', { group: 'a', reach: 'node' }).statements).toMatchObject([{ group: 'a', reach: 'node', means: 'sysctl-file', sharesHostNetwork: false }]);
    expect(extractSysctlFile('x.y=1', 'x').statements).toMatchObject([{ group: 'sysctl', reach: 'host' }]);
  });

  it('has the settings of the parser, each where it stands', () => {
    fc.assert(
      fc.property(sysctlFileTexts, (text) => {
        const lines = text.split('\n');
        const { statements } = extractSysctlFile(text, '/etc/sysctl.conf');
        const settings = parseSysctlFile(text, '/etc/sysctl.conf').lines.flatMap((line) => (line.kind === 'setting' ? [line] : []));
        for (const { keySpan, valueSpan, span, value } of statements) {
          const line = text.slice(0, span.start).split('\n').length;
          const setting = settings.find((one) => one.line === line);
          expect(text.slice(keySpan.start, keySpan.end)).toBe(setting?.key);
          expect(text.slice(valueSpan?.start, valueSpan?.end)).toBe(setting?.value);
          expect([setting?.value, undefined]).toContain(value);
          expect(lines[line - 1]?.includes(text.slice(span.start, span.end))).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('sysctlFileProblems', () => {
  it.each([
    ['what?\n', 'malformed', 'what?'],
    ['x.y = 1\0 2', 'cut-at-nul', '\0'],
    ['x.z=1\n = 1', 'empty-key', '= 1'],
    ['- x.y = 1', 'blank-after-dash', ' x.y'],
    [' /proc/sys/x/y = 1', 'absolute-path', '/proc/sys/x/y'],
    ['x..y = 1', 'repeated-separator', 'x..y'],
    ['x/../../y = 1', 'leaves-proc-sys', 'x/../../y'],
    ['-x.*.y', 'pattern-of-exclusion', 'x.*.y'],
    ['x.y = 1 # z', 'comment-in-value', '1 # z'],
    ['x.y = "1"', 'quoted-value', '"1"'],
    ['x.y = 1\n\n a', 'too-short', 'a'],
  ])('%j: %s', (text, problem, place) => {
    expect(sysctlFileProblems(text, '/etc/sysctl.conf').map((one) => [one.problem, text.slice(one.span.start, one.span.end)])).toEqual([[problem, place]]);
  });

  it('stays inside of the text', () => {
    fc.assert(
      fc.property(sysctlFileTexts, (text) => {
        for (const { span } of sysctlFileProblems(text, '/etc/sysctl.conf')) expect(0 <= span.start && span.start <= span.end && span.end <= text.length).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
