import type { Statement } from '../statement.ts';
import { comments } from './comments.ts';
import { fieldStatement, switchless, type Placement } from './settings.ts';
import { isScalar, type Source, type TreeEntry, type TreeMap } from './tree.ts';

const LOW = 'net_ipv4_ip_local_port_range_min';

const HIGH = 'net_ipv4_ip_local_port_range_max';

/** `sysctl_config` of an Azure node pool: keys with underscores, and the port range as two of them. */
export function aksStatements(source: Source, place: Placement, map: TreeMap): Statement[] {
  const named = (name: string): TreeEntry | undefined => map.entries.find(({ key }) => key.value === name);
  const ends = [named(LOW), named(HIGH)] as const;
  const range = portRange(source, place, ends);
  return map.entries.flatMap((entry) => {
    if (entry === (ends[0] ?? ends[1])) return range ?? [];
    if (entry === ends[0] || entry === ends[1]) return [];
    const name = aksKey(entry.key.value ?? '');
    if (name === undefined || !isScalar(entry.value) || entry.value.type === 'null') return [];
    const statement = fieldStatement(source, place, entry.key, entry.value, entry.span);
    return statement === undefined ? [] : switchless({ ...statement, key: name });
  });
}

/** One setting of two fields, which stands where the first stands: the span is from the one to the other. */
function portRange(source: Source, place: Placement, [low, high]: readonly [TreeEntry | undefined, TreeEntry | undefined]): Statement | undefined {
  const first = low ?? high;
  if (first === undefined || !isScalar(first.value)) return undefined;
  const values = [low, high].map((entry) => (isScalar(entry?.value) ? entry.value.value : undefined));
  const spans = [low, high].flatMap((entry) => (entry === undefined ? [] : [entry.span]));
  return {
    ...place,
    means: 'field',
    key: 'net.ipv4.ip_local_port_range',
    keySpan: first.key.span,
    // Azure asks for both.
    value: values.includes(undefined) ? undefined : values.join(' '),
    valueSpan: first.value.span,
    span: { start: Math.min(...spans.map(({ start }) => start)), end: Math.max(...spans.map(({ end }) => end)) },
    comment: comments(source, first.span.start, [first.key.end, first.value.end]),
  };
}

/** `fs_aio_max_nr` is `fs.aio-max-nr`: which underscores are dots, and which dashes. */
function aksKey(name: string): string | undefined {
  if (name === 'fs_aio_max_nr' || name === 'fs_file_max') return `fs.${name.slice(3).replaceAll('_', '-')}`;
  if (name === 'kernel_threads_max') return 'kernel.threads-max';
  const found = /^(net_(?:core|ipv4_neigh_default|ipv4|netfilter)|fs_inotify|fs|vm|kernel)_(\w+)$/.exec(name);
  return found === null ? undefined : `${(found[1] ?? '').replaceAll('_', '.')}.${found[2] ?? ''}`;
}
