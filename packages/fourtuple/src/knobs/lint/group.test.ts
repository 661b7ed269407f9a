import { describe, expect, it } from 'vitest';
import { groupOf, openPorts, type LintFile, type SettingGroup } from './group.ts';
import { PortSet } from '../../model/index.ts';
import type { Statement } from './statement.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const RESERVED = 'net.ipv4.ip_local_reserved_ports';
const START = 'net.ipv4.ip_unprivileged_port_start';

type Given = readonly [key: string, value: string | undefined, more?: Partial<Statement>];

function group(settings: readonly Given[], file: LintFile = { path: 'x.conf', text: '' }): SettingGroup {
  const span = { start: 0, end: 0 };
  return groupOf(settings.map(([key, value, more]) => ({ group: 'g', reach: 'host', sharesHostNetwork: false, means: 'field', key, keySpan: span, value, valueSpan: span, span, comment: '', file, hasMalformedValue: false, ...more })), []);
}

function outcomes(settings: readonly Given[]): string[] {
  return group(settings).settings.map(({ outcome }) => outcome.kind);
}

describe('groupOf', () => {
  it('has the defaults where nothing is set', () => {
    const empty = group([]);
    expect(empty).toMatchObject({ reach: 'host', range: { low: 32768, high: 60999 }, settings: [] });
    expect([empty.reserved?.size, empty.state(RANGE), empty.lastOf(RANGE)]).toEqual([0, undefined, undefined]);
  });

  it('has the last value that is written', () => {
    const { range, lastOf, settings } = group([[RANGE, '1024 65535'], [RANGE, '20000 60999']]);
    expect(range).toEqual({ low: 20000, high: 60999 });
    expect(lastOf(RANGE)).toBe(settings[1]);
  });

  it('keeps what was there where the kernel refuses', () => {
    const { range, lastOf, settings } = group([[RANGE, '20000 60999'], [RANGE, '60999 20000']]);
    expect(range).toEqual({ low: 20000, high: 60999 });
    expect([settings[1]!.outcome.kind, lastOf(RANGE) === settings[0]]).toEqual(['refused', true]);
  });

  it('keeps what was there where a command only reads', () => {
    expect(group([[RANGE, '1024 65535', { flaw: 'blanks-around-equals' }]])).toMatchObject({ range: { low: 32768, high: 60999 }, settings: [{ isWritten: false, outcome: { kind: 'unknown' } }] });
  });

  it('goes on from what one number makes of the range', () => {
    expect(group([[RANGE, '1024']]).range).toEqual({ low: 1024, high: 60999 });
  });

  it('judges each setting by those before it', () => {
    expect(outcomes([[RANGE, '500 60999']])).toEqual(['refused']);
    expect(outcomes([[START, '500'], [RANGE, '500 60999']])[1]).not.toBe('refused');
    expect(outcomes([[RANGE, '500 60999'], [START, '500']])[0]).toBe('refused');
    expect(outcomes([[START, '40000']])).toEqual(['refused']);
  });

  it('knows nothing of what comes from a variable, until it is set again', () => {
    expect(group([[RANGE, '1024 65535'], [RANGE, undefined]]).range).toBeUndefined();
    expect(group([[RESERVED, undefined]]).reserved).toBeUndefined();
    expect(group([[RANGE, undefined], [RANGE, '1024 65535']]).range).toEqual({ low: 1024, high: 65535 });
  });

  it('has the reserved ports of the last list alone', () => {
    expect(group([[RESERVED, '8080,9000-9001'], [RESERVED, '9148']]).reserved?.toString()).toBe('9148');
  });

  it('is about Kubernetes by the name of a file, or a comment in it', () => {
    const about = (file: LintFile): boolean => group([[RANGE, '1024 65535']], file).isAboutKubernetes;
    expect([about({ path: 'etc/kube-node.conf', text: '' }), about({ path: 'x.conf', text: 'a = 1\n  # For K8s nodes\n' }), about({ path: 'x.sh', text: '// kubelet' })]).toEqual([true, true, true]);
    expect([about({ path: 'x.conf', text: '' }), about({ path: 'x.conf', text: 'kube = 1\n' })]).toEqual([false, false]);
  });
});

describe('openPorts', () => {
  it('are those of the range that nobody reserved', () => {
    expect(openPorts({ low: 10, high: 20 }, PortSet.parseList('12,14-16')!, [9, 10, 12, 13, 16, 20, 21])).toEqual([10, 13, 20]);
  });
});
