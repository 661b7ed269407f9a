import { describe, expect, it } from 'vitest';
import { RANGE, RESERVED, UNPRIVILEGED, writeOutcome } from '../knobs/index.ts';
import { droppedPorts, isPartOf, orderWrites, type Write } from './order.ts';

const start = { [RANGE]: '32768\t60999', [UNPRIVILEGED]: '1024', [RESERVED]: '' };
const stateOf = (texts: Readonly<Record<string, string>>) => (key: string): string | undefined => texts[key];
const keysOf = (writes: readonly Write[], texts: Readonly<Record<string, string>>): string[] => orderWrites(writes, stateOf(texts)).map(({ write, outcome }) => `${write.key.split('.').at(-1)!}${outcome.kind === 'refused' ? ' refused' : ''}`);
const write = (key: string, to: string): Write => ({ key, to });

describe('orderWrites', () => {
  it.each<[string, Readonly<Record<string, string>>, readonly Write[], readonly string[]]>([
    ['the unprivileged ports first, when the range goes below them', start, [write(RANGE, '512 65535'), write(UNPRIVILEGED, '80')], ['ip_unprivileged_port_start', 'ip_local_port_range']],
    ['the range first, when the unprivileged ports go above its low end', { ...start, [RANGE]: '2000\t65535' }, [write(UNPRIVILEGED, '3000'), write(RANGE, '4000 65535')], ['ip_local_port_range', 'ip_unprivileged_port_start']],
    ['as they are, when any order will do', start, [write('net.ipv4.tcp_tw_reuse', '1'), write(RANGE, '1024 65535')], ['tcp_tw_reuse', 'ip_local_port_range']],
    ['reserved ports before the range opens to them', start, [write(RANGE, '1024 65535'), write(RESERVED, '3306')], ['ip_local_reserved_ports', 'ip_local_port_range']],
    ['reserved ports after the range has closed, when they leave the list', { ...start, [RANGE]: '1024\t65535', [RESERVED]: '3306,8080' }, [write(RESERVED, '3306'), write(RANGE, '32768 60999')], ['ip_local_port_range', 'ip_local_reserved_ports']],
    ['reserved ports first, when some come and some leave', { ...start, [RESERVED]: '8080' }, [write(RANGE, '1024 65535'), write(RESERVED, '3306')], ['ip_local_reserved_ports', 'ip_local_port_range']],
    ['one that no order makes legal is refused, and the others are not', start, [write(RANGE, '80 65535'), write('net.ipv4.tcp_tw_reuse', '1')], ['tcp_tw_reuse', 'ip_local_port_range refused']],
  ])('%s', (_, texts, writes, expected) => {
    expect(keysOf(writes, texts)).toEqual(expected);
    expect(keysOf(writes.toReversed(), texts).toSorted()).toEqual([...expected].sort());
  });

  it('finds an order for every legal end, and its reverse is one for the way back', () => {
    const ranges = ['1\t100', '80\t65535', '1024\t65535', '32768\t60999', '50000\t50000'];
    const starts = ['0', '1', '80', '1024', '32768', '50000'];
    const isLegal = (range: string, port: string): boolean => Number(port) <= Number(range.split('\t')[0]);
    const states = ranges.flatMap((range) => starts.filter((port) => isLegal(range, port)).map((port) => ({ [RANGE]: range, [UNPRIVILEGED]: port })));
    const wrong: string[] = [];
    for (const from of states) {
      for (const to of states) {
        const ordered = orderWrites([write(RANGE, to[RANGE]), write(UNPRIVILEGED, to[UNPRIVILEGED])], stateOf(from));
        if (ordered.some(({ outcome }) => outcome.kind === 'refused')) wrong.push(`${JSON.stringify(from)} to ${JSON.stringify(to)}`);
        const texts: Record<string, string> = { ...to };
        for (const { write: { key } } of ordered.toReversed()) {
          if (writeOutcome(key, from[key as keyof typeof from], stateOf(texts)).kind === 'refused') wrong.push(`back from ${JSON.stringify(to)} to ${JSON.stringify(from)}`);
          texts[key] = from[key as keyof typeof from];
        }
      }
    }
    expect(states.length).toBeGreaterThan(15);
    expect(wrong).toEqual([]);
  });
});

describe('isPartOf', () => {
  it.each([
    ['', '', true],
    ['', '1-3', true],
    ['2', '1-3', true],
    ['1-4', '1-3', false],
    ['x', '1-3', false],
  ])('%j of %j: %s', (part, whole, expected) => {
    expect(isPartOf(part, whole)).toBe(expected);
  });
});

describe('droppedPorts', () => {
  it.each([
    ['', '1-10', ''],
    ['3306,8000-8010', '3306', '8000-8010'],
    ['3306', '', '3306'],
    ['3306,8000-8010', '8000-8010,3306', ''],
    [undefined, '1', ''],
    ['3306', 'nonsense', ''],
  ])('%j to %j: %j', (from, to, expected) => {
    expect(droppedPorts(from, to)).toBe(expected);
  });

  it('of a list that is longer than what the kernel takes of one write', () => {
    const long = Array.from({ length: 3000 }, (_, index) => 10_000 + 2 * index).join(',');
    expect(droppedPorts(`${long},60000`, long)).toMatch(/,60000$/);
    expect(droppedPorts('60000', `${long},60000`)).toBe('60000');
  });
});
