import { describe, expect, it } from 'vitest';
import { lintFiles } from './index.ts';

/** `LINE RULE` of what is found, and `LINE RULE: reason` of what is dismissed. */
function linted(text: string, path = 'x.conf'): { found: string[]; dismissed: string[] } {
  const { findings, suppressed } = lintFiles([{ path, text }]);
  return { found: findings.map(({ line, rule }) => `${line} ${rule}`), dismissed: suppressed.map(({ line, rule, reason }) => `${line} ${rule}: ${reason}`) };
}

const RECYCLE = 'net.ipv4.tcp_tw_recycle = 1';
const BOTH = 'net.ipv4.ip_local_port_range = 2000 3000';

describe('a comment that dismisses', () => {
  it.each([
    ['on the line before', `# fourtuple-ignore tw-recycle-gone: old hosts\n${RECYCLE}\n`, ['2 tw-recycle-gone: old hosts']],
    ['with the other mark of sysctl.conf', `; fourtuple-ignore tw-recycle-gone: old hosts\n${RECYCLE}\n`, ['2 tw-recycle-gone: old hosts']],
    ['several rules', `# fourtuple-ignore range-narrow, range-parity,range-without-reserved: a lab\n${BOTH}\n`, ['2 range-narrow: a lab', '2 range-parity: a lab', '2 range-without-reserved: a lab']],
    ['above another one', `# fourtuple-ignore range-narrow: a lab\n# fourtuple-ignore range-parity: it is\n# fourtuple-ignore range-without-reserved: so\n${BOTH}\n`, ['4 range-narrow: a lab', '4 range-parity: it is', '4 range-without-reserved: so']],
    ['in the whole file, above', `# fourtuple-ignore-file tw-recycle-gone: old hosts\n\n${RECYCLE}\n${RECYCLE}\n`, ['3 tw-recycle-gone: old hosts', '4 tw-recycle-gone: old hosts']],
    ['in the whole file, below', `${RECYCLE}\n# fourtuple-ignore-file tw-recycle-gone: old hosts\n`, ['1 tw-recycle-gone: old hosts']],
    ['with line ends of Windows', `# fourtuple-ignore tw-recycle-gone: old hosts\r\n${RECYCLE}\r\n`, ['2 tw-recycle-gone: old hosts']],
  ])('%s', (_, text, dismissed) => {
    const found = linted(text);
    expect(found.dismissed).toEqual(dismissed);
    expect(found.found.filter((line) => !line.endsWith(' overridden'))).toEqual([]);
  });

  it.each([
    ['tune.sh', `sysctl -w ${RECYCLE.replaceAll(' ', '')} # fourtuple-ignore tw-recycle-gone: old hosts\n`],
    ['x.tf', `locals {\n  x = 1\n}\n// fourtuple-ignore-file tw-recycle-gone: old hosts\nresource "kubernetes_pod" "x" {\n  spec {\n    security_context {\n      sysctl {\n        name = "net.ipv4.tcp_tw_recycle"\n        value = "1"\n      }\n    }\n  }\n}\n`],
    ['x.md', '<!-- fourtuple-ignore-file tw-recycle-gone: old hosts -->\n\n```sh\nsysctl -w net.ipv4.tcp_tw_recycle=1\n```\n'],
  ])('in the comments of %s', (path, text) => {
    const { found, dismissed } = linted(text, path);
    expect(found).toEqual([]);
    expect(dismissed).toEqual([expect.stringMatching(/^\d+ tw-recycle-gone: old hosts$/)]);
  });

  it.each([
    ['two lines above', `# fourtuple-ignore tw-recycle-gone: old hosts\n\n${RECYCLE}\n`, ['1 suppression-unused', '3 tw-recycle-gone']],
    ['the line behind', `${RECYCLE}\n# fourtuple-ignore tw-recycle-gone: old hosts\n`, ['1 tw-recycle-gone', '2 suppression-unused']],
    ['another rule', `# fourtuple-ignore range-narrow: a lab\n${RECYCLE}\n`, ['1 suppression-unused', '2 tw-recycle-gone']],
    ['a rule that there is not', `# fourtuple-ignore tw-recycle: old hosts\n${RECYCLE}\n`, ['1 suppression-unknown-rule', '2 tw-recycle-gone']],
    ['without a rule', `# fourtuple-ignore\n${RECYCLE}\n`, ['2 tw-recycle-gone']],
  ])('does not reach: %s', (_, text, expected) => {
    expect(linted(text)).toEqual({ found: expected, dismissed: [] });
  });

  it('is asked for a reason, once, and dismisses without one', () => {
    expect(linted(`# fourtuple-ignore range-narrow, range-parity, range-without-reserved\n${BOTH}\n`)).toMatchObject({ found: ['1 suppression-without-reason'], dismissed: [expect.anything(), expect.anything(), expect.anything()] });
    expect(linted(`# fourtuple-ignore tw-recycle-gone:  \n${RECYCLE}\n`).found).toEqual(['1 suppression-without-reason']);
  });

  it('is for findings, not for what is said of such comments', () => {
    expect(linted('# fourtuple-ignore-file suppression-unused: quiet\n# fourtuple-ignore range-narrow: a lab\n').found).toEqual(['1 suppression-unused', '2 suppression-unused']);
  });

  it('takes no time that grows like a square', () => {
    const text = `# fourtuple-ignore tw-recycle-gone, overridden: old hosts\n`.repeat(20_000) + `${RECYCLE}\n`.repeat(20_000);
    const began = process.cpuUsage();
    // A key that is gone is not said to be overridden too.
    expect(linted(text, 'etc/sysctl.d/x.conf').dismissed).toEqual(['20001 tw-recycle-gone: old hosts']);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(10_000);
  });
});
