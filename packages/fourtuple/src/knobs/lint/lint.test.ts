import { describe, expect, it } from 'vitest';
import { lintFiles } from './index.ts';

/** Findings of one file are more than a call can have arguments. */
const MANY = 150_000;

describe('lintFiles', () => {
  it('takes nothing', () => {
    expect(lintFiles([])).toEqual({ findings: [], suppressed: [], settings: 0, files: 0 });
  });

  it('has its findings by file in the order of the files, then by place', () => {
    const { findings } = lintFiles([{ path: 'b.conf', text: 'net.ipv4.tcp_tw_recycle = 1\nnet.core.somaxconn = 128\n' }, { path: 'a.conf', text: 'net.core.somaxconn = 128\n' }]);
    expect(findings.map(({ file, line, column, endColumn, rule }) => [file, line, column, endColumn, rule])).toEqual([
      ['b.conf', 1, 1, 24, 'tw-recycle-gone'],
      ['b.conf', 2, 22, 25, 'lowers-default'],
      ['a.conf', 1, 22, 25, 'lowers-default'],
    ]);
  });

  it('says nothing of memory in pages where a value is no number', () => {
    expect(lintFiles([{ path: 'x.conf', text: 'net.ipv4.tcp_mem = low 1 99999999\n' }]).findings.map(({ rule }) => rule)).not.toContain('tcp-mem-in-bytes');
  });

  it('names a line by its number, in a long file too', () => {
    const text = `${'# x\n'.repeat(300)}net.core.somaxconn = 8192\n${'# x\n'.repeat(300)}net.core.somaxconn = 9000\n`;
    expect(lintFiles([{ path: 'etc/sysctl.d/x.conf', text }]).findings.map(({ message }) => message)).toEqual([expect.stringContaining('line 602 sets net.core.somaxconn to 9000')]);
  });

  it.each([
    ['a key that is gone', 'net.ipv4.tcp_tw_recycle=1\n'],
    ['no setting', 'x\n'],
    ['a comment that dismisses nothing', '# fourtuple-ignore overridden: x\n'],
  ])('reads a long file: %s', { timeout: 120_000 }, (_, line) => {
    expect(lintFiles([{ path: 'etc/sysctl.d/x.conf', text: line.repeat(MANY) }]).findings.length).toBeGreaterThanOrEqual(MANY);
  });
});

describe('texts for people', () => {
  const text = 'Widen the range:\nsysctl net.ipv4.ip_local_port_range = 1024 65535\nand let ports be used again:\nsysctl -w net.ipv4.tcp_tw_recycle=1\n';

  it.each(['advice.txt', 'advice', 'advice.md'])('%s: commands in prose are judged when they are asked for', (path) => {
    const rules = (prose: boolean): string[] => lintFiles([{ path, text }], { prose }).findings.map(({ line, rule }) => `${line} ${rule}`);
    expect(rules(true)).toEqual(['2 command-only-reads', '4 tw-recycle-gone']);
    expect(rules(false)).toEqual([]);
  });
});
