import { endpointText, grouped, type Address, type Owner } from '../../../model/index.ts';
import { printable, type Column } from '../../../report/index.ts';
import type { WatchedBind, WatchedChurn, WatchedFailure } from '../../../observe/index.ts';

export interface FailureRow extends Omit<WatchedFailure, 'namespace'> {
  readonly namespace: string;
  readonly perSecond: number;
}

export interface BindRow extends Omit<WatchedBind, 'namespace'> {
  readonly namespace: string;
  readonly perSecond: number;
}

export interface ChurnRow extends Omit<WatchedChurn, 'namespace'> {
  readonly namespace: string;
  readonly seconds: number;
}

interface Tuple {
  readonly namespace: string;
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
}

/** `10.0.0.5:many → 10.0.0.9:5432`; `*` for a source that the kernel had not chosen. */
function tupleText({ source, destination, destinationPort }: Tuple, arrow: string): string {
  const bracketed = (address: Address): string => (address.isIpv4 ? address.toString() : `[${address.toString()}]`);
  return `${source.isUnspecified ? '*' : bracketed(source)}:many ${arrow} ${bracketed(destination)}:${destinationPort}`;
}

/** One decimal below a hundred. */
export function rateText(perSecond: number): string {
  return perSecond >= 100 ? grouped(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** `app/123`, with what runs it. */
export function ownerText({ owner: { command, pid, container, unit } }: { readonly owner: Owner }): string {
  const within = container === undefined ? unit : `container ${container}`;
  return printable(`${command}/${pid}${within === undefined ? '' : ` (${within})`}`);
}

const namespaceColumn = <Row extends { readonly namespace: string }>(): Column<Row> => ({ id: 'namespace', title: 'namespace', help: 'Network namespace.', align: 'left', value: ({ namespace }) => namespace, style: () => 'dim', canShrink: true, dropFirst: 2 });
const tupleColumn = <Row extends Tuple>(title: string): Column<Row> => ({ id: 'tuple', title, help: 'Source address, destination address and port.', align: 'left', value: (row) => tupleText(row, '->'), text: (row, theme) => tupleText(row, theme.isUnicode ? '→' : '->'), canShrink: true });

interface Counted {
  readonly perSecond: number;
  readonly recent: number;
  readonly total: number;
}

const countColumns = <Row extends Counted>(): Column<Row>[] => [
  { id: 'perSecond', title: 'a second', help: 'In the last interval, one decimal below a hundred.', align: 'right', value: ({ perSecond }) => perSecond, text: ({ perSecond }) => rateText(perSecond), style: ({ recent }) => (recent > 0 ? 'critical' : 'dim') },
  { id: 'recent', title: 'recent', help: 'In the last interval.', align: 'right', value: ({ recent }) => recent, text: ({ recent }) => grouped(recent), dropFirst: 1 },
  { id: 'total', title: 'in all', help: 'Since the watch began.', align: 'right', value: ({ total }) => total, text: ({ total }) => grouped(total) },
];

export const failureColumns: readonly Column<FailureRow>[] = [
  namespaceColumn<FailureRow>(),
  tupleColumn<FailureRow>('connects without a port'),
  { id: 'owner', title: 'process', help: 'Process that called connect(), and its container or unit.', align: 'left', value: (row) => ownerText(row), canShrink: true },
  ...countColumns<FailureRow>(),
];

export const bindColumns: readonly Column<BindRow>[] = [
  namespaceColumn<BindRow>(),
  { id: 'address', title: 'bind() calls that failed', help: 'What was to be bound; port 0 is any.', align: 'left', value: ({ address, port }) => endpointText(address, port), canShrink: true },
  { id: 'errno', title: 'errno', help: 'What bind() returned.', align: 'left', value: ({ code }) => code },
  { id: 'owner', title: 'process', help: 'Process that called bind(), and its container or unit.', align: 'left', value: (row) => ownerText(row), canShrink: true },
  ...countColumns<BindRow>(),
];

const rate = (id: 'tried' | 'established' | 'noPort' | 'notMade' | 'closed', title: string, help: string): Column<ChurnRow> => ({
  id,
  title,
  help,
  align: 'right',
  value: (row) => row[id] / row.seconds,
  text: (row) => rateText(row[id] / row.seconds),
  style: (row) => (id === 'noPort' && row[id] > 0 ? 'critical' : row[id] === 0 ? 'dim' : undefined),
});

export const churnColumns: readonly Column<ChurnRow>[] = [
  namespaceColumn<ChurnRow>(),
  tupleColumn<ChurnRow>('outgoing connections, a second'),
  rate('tried', 'tried', 'connect() calls that looked for a port.'),
  rate('established', 'made', 'Connections that were established.'),
  rate('noPort', 'no port', 'connect() calls that found none.'),
  rate('notMade', 'not made', 'Refused, timed out, given up.'),
  rate('closed', 'closed', 'Ended after they were established.'),
];
