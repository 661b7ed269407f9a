import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sysctlFileTexts } from '../../../test/support/sysctl-texts.ts';
import { effectiveSettings, type HostKeys } from './effective.ts';
import { parseSysctlFile } from './parse.ts';
import { sysctlFolders } from './precedence.ts';

const HOST = ['net/ipv4/ip_forward', 'net/ipv4/tcp_fin_timeout', ...['all', 'default', 'lo', 'eth0.1'].map((name) => `net/ipv4/conf/${name}/rp_filter`)];

function effective(texts: Readonly<Record<string, string>>, host?: HostKeys): ReturnType<typeof effectiveSettings> {
  return effectiveSettings(Object.entries(texts).map(([path, text]) => parseSysctlFile(text, path)), host);
}

/** Each key with its value and where that stands. */
function winners(texts: Readonly<Record<string, string>>, host: HostKeys = { keys: HOST }): Record<string, string> {
  return Object.fromEntries([...effective(texts, host).settings.values()].flatMap(({ key, winner }) => (winner === undefined ? [] : [[key, `${winner.value} ${winner.file}:${winner.line}`]])));
}

describe('effectiveSettings', () => {
  it('takes the last setting, and says what it hides', () => {
    const { settings } = effective({ '/etc/sysctl.conf': 'net.ipv4.ip_forward=1\n\nnet/ipv4/ip_forward=0\n', '/etc/sysctl.d/99-x.conf': 'net.ipv4.ip_forward=2' });
    expect(settings.get('net/ipv4/ip_forward')).toMatchObject({
      key: 'net.ipv4.ip_forward',
      winner: { file: '/etc/sysctl.conf', line: 3, value: '0' },
      hidden: [
        { setting: { file: '/etc/sysctl.d/99-x.conf', line: 1 }, why: 'replaced', by: { line: 1 } },
        { setting: { file: '/etc/sysctl.conf', line: 1 }, why: 'replaced', by: { line: 3 } },
      ],
    });
  });

  it('passes by named keys with a pattern, wherever they are named', () => {
    expect(winners({ '/etc/sysctl.d/a.conf': 'net.ipv4.conf.lo.rp_filter=1\n-net.ipv4.conf.all.rp_filter\nnet.ipv4.conf.*.rp_filter=2\nnet.ipv4.conf.eth0/1.rp_filter=0\n' })).toEqual({
      'net.ipv4.conf.lo.rp_filter': '1 /etc/sysctl.d/a.conf:1',
      'net.ipv4.conf.default.rp_filter': '2 /etc/sysctl.d/a.conf:3',
      'net.ipv4.conf.eth0/1.rp_filter': '0 /etc/sysctl.d/a.conf:4',
    });
  });

  it('says which exclusion keeps a key as it was', () => {
    const { settings } = effective({ '/etc/sysctl.conf': 'net.ipv4.conf.*.rp_filter=2\n-net.ipv4.conf.all.rp_filter' }, { keys: HOST });
    expect(settings.get('net/ipv4/conf/all/rp_filter')).toMatchObject({ winner: undefined, hidden: [{ why: 'excluded', setting: { line: 1 }, by: { line: 2, kind: 'exclusion' } }] });
  });

  it('does not exclude with a pattern, nor from a setting', () => {
    expect(winners({ '/etc/sysctl.conf': '-net.ipv4.conf.*.rp_filter\nnet.ipv4.conf.[al]*.rp_filter=2\n-net.ipv4.ip_forward\nnet.ipv4.ip_forward=1' })).toEqual({
      'net.ipv4.conf.all.rp_filter': '2 /etc/sysctl.conf:2',
      'net.ipv4.conf.lo.rp_filter': '2 /etc/sysctl.conf:2',
      'net.ipv4.ip_forward': '1 /etc/sysctl.conf:4',
    });
  });

  it('writes odd spellings, which no pattern passes by', () => {
    expect(winners({ '/etc/sysctl.conf': 'net//ipv4/conf/../conf/lo/rp_filter=1\nnet.ipv4.conf.l*.rp_filter=2\n/net/ipv4/ip_forward=1' })).toEqual({
      'net.ipv4.conf.lo.rp_filter': '2 /etc/sysctl.conf:2',
      'net.ipv4.ip_forward': '1 /etc/sysctl.conf:3',
    });
  });

  it('goes on with what was before a value that the kernel refuses', () => {
    const { settings } = effective({ '/etc/sysctl.conf': 'net.ipv4.ip_forward=1\nnet.ipv4.ip_forward=x' }, { keys: HOST, accepts: (_, value) => value !== 'x' });
    expect(settings.get('net/ipv4/ip_forward')).toMatchObject({ winner: { line: 1 }, hidden: [{ setting: { line: 2 }, why: 'refused' }] });
  });

  it('lists what leads nowhere', () => {
    const text = 'net.ipv4.nothing=1\nnet.ipv4=1\nnet.ipv4.conf.x*.rp_filter=1\nnothing/../net/ipv4/ip_forward=1\nnet/../../../etc/passwd=1\nnet/ipv4/ip_forward/=1\n';
    expect(effective({ '/etc/sysctl.conf': text }, { keys: HOST }).astray.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(winners({ '/etc/sysctl.conf': text })).toEqual({});
  });

  it('takes the keys that are named where it is not told those of the host', () => {
    expect(winners({ '/etc/sysctl.conf': 'kernel.pid_max=5\nnet.ipv4.conf.*.rp_filter=1' }, {})).toEqual({ 'kernel.pid_max': '5 /etc/sysctl.conf:1' });
  });

  it.each(['= 1', '-=1', './=1', 'net/../ = 1', 'net.* = 1'])('%j leads nowhere, even where no key is known', (text) => {
    const { settings, astray } = effective({ '/etc/sysctl.conf': `${text}\n` });
    expect([settings.size, astray.length]).toEqual([0, 1]);
  });

  it('orders by name, and hides files by name', () => {
    const files = ['/lib/sysctl.d/a.conf', '/usr/lib/sysctl.d/b.conf', '/etc/sysctl.conf', '/run/sysctl.d/b.conf', '/etc/sysctl.d/B.conf', '/etc/sysctl.d/.conf', '/etc/sysctl.d/x.txt', '/etc/a.conf', '/etc/sysctl.d/[b].conf'];
    const { read, unread, oddNames } = effective(Object.fromEntries(files.map((path) => [path, ''])));
    expect(read).toEqual(['/etc/sysctl.d/.conf', '/etc/sysctl.d/B.conf', '/etc/sysctl.d/[b].conf', '/lib/sysctl.d/a.conf', '/run/sysctl.d/b.conf', '/etc/sysctl.conf']);
    expect(unread.map(({ file, why, by }) => [file.path, why, by])).toEqual([
      ['/etc/a.conf', 'elsewhere', undefined],
      ['/etc/sysctl.d/x.txt', 'not-conf', undefined],
      ['/usr/lib/sysctl.d/b.conf', 'hidden', '/run/sysctl.d/b.conf'],
    ]);
    expect(oddNames).toEqual(['/etc/sysctl.d/[b].conf']);
  });

  it('masks a file with an empty one', () => {
    expect(winners({ '/etc/sysctl.d/a.conf': '', '/usr/lib/sysctl.d/a.conf': 'net.ipv4.ip_forward=1' })).toEqual({});
  });

  it('ends on any text, and accounts for every setting', () => {
    const paths = fc.constantFrom(...sysctlFolders, '/etc', '').chain((folder) => fc.constantFrom('a.conf', 'b.conf', 'sysctl.conf', 'x').map((name) => `${folder}/${name}`));
    fc.assert(
      fc.property(fc.array(fc.tuple(paths, sysctlFileTexts), { maxLength: 6 }), fc.boolean(), (parts, isHostKnown) => {
        const files = parts.map(([path, text]) => parseSysctlFile(text, path));
        const { settings, astray, read, unread } = effectiveSettings(files, isHostKnown ? { keys: HOST } : {});
        expect(read.length + unread.length).toBe(files.length);
        const mentioned = new Set([...settings.values()].flatMap(({ winner, hidden }) => [winner, ...hidden.map(({ setting }) => setting)]));
        const lines = files.filter((file) => !unread.some((one) => one.file === file)).flatMap((file) => file.lines.filter(({ kind }) => kind === 'setting'));
        mentioned.delete(undefined);
        expect(mentioned.size + astray.length).toBe(lines.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not run away with hostile patterns', () => {
    const texts = ['net/*/../'.repeat(400), '*/'.repeat(2000), `net/ipv4/${'*'.repeat(3900)}x`, `net/ipv4/${'['.repeat(3900)}*`, `net/${'*/../'.repeat(700)}ipv4/ip_forward`, '*'.repeat(1_000_000)];
    const { settings } = effective({ '/etc/sysctl.conf': texts.map((text) => `${text} = 1\n`).join('').repeat(5) }, { keys: HOST });
    expect([...settings.keys()]).toEqual(['net/ipv4/ip_forward']);
  });
});
