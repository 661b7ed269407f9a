import { ownerText, tupleText } from '../diagnose/texts.ts';
import { grouped, percent } from '../model/index.ts';
import { bar, printable, type Column, type Style } from '../report/index.ts';
import type { BindPoolUsage, Holder, TupleUsage } from '../usage/index.ts';

export interface TupleRow {
  readonly namespace: string;
  readonly tuple: TupleUsage;
}

export interface PoolRow {
  readonly namespace: string;
  readonly pool: BindPoolUsage;
}

const BAR_CELLS = 10;

/** Colour of a share: a warning of its own from the cliff on. */
export function ratioStyle(ratio: number): Style {
  return ratio >= 0.95 ? 'critical' : ratio >= 0.5 ? 'warning' : 'ok';
}

const namespaceColumn = <R extends { namespace: string }>(): Column<R> => ({
  id: 'namespace',
  title: 'namespace',
  help: 'Network namespace.',
  align: 'left',
  value: (row) => row.namespace,
  style: () => 'dim',
  canShrink: true,
  dropFirst: 2,
});

export const tupleColumns: readonly Column<TupleRow>[] = [
  namespaceColumn<TupleRow>(),
  {
    id: 'tuple',
    title: 'outgoing connections',
    help: 'Source address, destination address and port.',
    align: 'left',
    value: ({ tuple }) => tupleText(tuple, '->'),
    text: ({ tuple }, theme) => tupleText(tuple, theme.isUnicode ? '→' : '->') + (tuple.device === 0 ? '' : ` (device ${tuple.device})`),
    canShrink: true,
  },
  { id: 'used', title: 'used', help: 'Ports of the connect pool whose four-tuple is taken and not reusable.', align: 'right', value: ({ tuple }) => tuple.used, text: ({ tuple }) => grouped(tuple.used) },
  { id: 'capacity', title: 'of', help: 'The connect pool: usable ports less those held explicitly anywhere in the namespace.', align: 'right', value: ({ tuple }) => tuple.capacity, text: ({ tuple }) => grouped(tuple.capacity) },
  {
    id: 'ratio',
    title: 'use %',
    help: 'used / capacity, one decimal, rounded down below full.',
    align: 'left',
    value: ({ tuple }) => tuple.ratio,
    text: ({ tuple }, theme) => `${theme.isColored || theme.isUnicode ? `${bar(tuple.ratio, BAR_CELLS, theme.isUnicode)} ` : ''}${percent(tuple.ratio).padStart(6)}`,
    style: ({ tuple }) => ratioStyle(tuple.ratio),
  },
  { id: 'free', title: 'free', help: 'Connections that the kernel still allows.', align: 'right', value: ({ tuple }) => tuple.free, text: ({ tuple }) => grouped(tuple.free), style: ({ tuple }) => (tuple.free <= 0 ? 'critical' : undefined) },
  {
    id: 'timeWait',
    title: 'TIME_WAIT',
    help: 'Sockets in TIME_WAIT, of which those that connect() may reuse stand in brackets.',
    align: 'right',
    value: ({ tuple }) => tuple.timeWait,
    text: ({ tuple }) => grouped(tuple.timeWait) + (tuple.reusableTimeWait > 0 ? ` (${grouped(tuple.reusableTimeWait)} reusable)` : ''),
    dropFirst: 3,
  },
  { id: 'holders', title: 'held by', help: 'Processes with the most of these connections; explicit are those on ports that every tuple loses.', align: 'left', value: ({ tuple }) => holdersText(tuple.holders) || '-', canShrink: true, dropFirst: 1 },
];

export const poolColumns: readonly Column<PoolRow>[] = [
  namespaceColumn<PoolRow>(),
  { id: 'protocol', title: 'bind pool', help: 'Protocol.', align: 'left', value: ({ pool }) => pool.protocol },
  { id: 'source', title: 'source', help: 'Address to be bound; 0.0.0.0 and :: mean all addresses.', align: 'left', value: ({ pool }) => pool.source.toString(), canShrink: true },
  { id: 'used', title: 'used', help: 'Usable ports that some holder takes away from bind(source, 0).', align: 'right', value: ({ pool }) => pool.used, text: ({ pool }) => grouped(pool.used) },
  { id: 'capacity', title: 'of', help: 'Usable ports: the range without reserved ports.', align: 'right', value: ({ pool }) => pool.capacity, text: ({ pool }) => grouped(pool.capacity) },
  {
    id: 'ratio',
    title: 'use %',
    help: 'used / capacity, one decimal, rounded down below full.',
    align: 'left',
    value: ({ pool }) => pool.ratio,
    text: ({ pool }, theme) => `${theme.isColored || theme.isUnicode ? `${bar(pool.ratio, BAR_CELLS, theme.isUnicode)} ` : ''}${percent(pool.ratio).padStart(6)}`,
    style: ({ pool }) => ratioStyle(pool.ratio),
  },
  { id: 'free', title: 'free', help: 'Ports that bind(source, 0) still finds.', align: 'right', value: ({ pool }) => pool.free, text: ({ pool }) => grouped(pool.free), style: ({ pool }) => (pool.free <= 0 ? 'critical' : undefined) },
];

function holdersText(holders: readonly Holder[]): string {
  const shown = holders.slice(0, 2).map((holder) => printable(`${ownerText(holder.owner)} ${holder.isEstimate ? '~' : ''}${grouped(holder.ports)}${holder.explicit > 0 ? ` (${grouped(holder.explicit)} explicit)` : ''}`));
  return shown.join(', ') + (holders.length > 2 ? `, ${holders.length - 2} more` : '');
}
