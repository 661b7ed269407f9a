import { endpointText, grouped, plural } from '../../../model/index.ts';
import { renderTable, type Column } from '../../../report/index.ts';
import type { SpreadCounts } from '../../../kernel/index.ts';
import type { Printer } from '../../printer.ts';

interface AddressRow {
  readonly address: string;
  readonly chosen: number;
  readonly share: number;
  readonly refused: number;
}

interface DestinationRow {
  readonly destination: string;
  readonly connects: number;
}

const addressColumns: readonly Column<AddressRow>[] = [
  { id: 'address', title: 'source', help: 'Source address.', align: 'left', value: ({ address }) => address },
  { id: 'chosen', title: 'connects', help: 'Calls of connect() that got it, whatever became of them.', align: 'right', value: ({ chosen }) => chosen, text: ({ chosen }) => grouped(chosen) },
  { id: 'share', title: 'share', help: 'Of all that were spread, one decimal.', align: 'right', value: ({ share }) => share, text: ({ share }) => `${(share * 100).toFixed(1)} %` },
  { id: 'refused', title: 'refused', help: 'Times that the kernel did not let a socket be bound to it.', align: 'right', value: ({ refused }) => refused, text: ({ refused }) => grouped(refused), style: ({ refused }) => (refused > 0 ? 'critical' : 'dim') },
];

const destinationColumns: readonly Column<DestinationRow>[] = [
  { id: 'destination', title: 'destination', help: 'Destination address and port.', align: 'left', value: ({ destination }) => destination },
  { id: 'connects', title: 'connects', help: 'Calls of connect() that were to be spread.', align: 'right', value: ({ connects }) => connects, text: ({ connects }) => grouped(connects) },
];

const reasons = { alreadyBound: 'bound by the program', loopback: 'to the host itself', notSelected: 'to other destinations', otherProtocol: 'not TCP', noAddress: 'of a family without addresses' } as const;

/** What a spread did: by source address, by destination, and what it left alone. */
export function printCounts(printer: Printer, { addresses, destinations, leftAlone, keptDefault }: SpreadCounts, top: number): void {
  const { theme, width } = printer;
  const total = addresses.reduce((sum, { chosen }) => sum + chosen, 0);
  printer.lines(renderTable(addressColumns, addresses.map(({ address, chosen, refused }): AddressRow => ({ address: address.toString(), chosen, share: total === 0 ? 0 : chosen / total, refused })), { theme, width }));
  if (destinations.length > 0) {
    printer.line();
    printer.lines(renderTable(destinationColumns, destinations.slice(0, top).map(({ destination, port, connects }): DestinationRow => ({ destination: endpointText(destination, port), connects })), { theme, width }));
  }
  if (printer.isQuiet) return;
  printer.line();
  const left = (Object.keys(reasons) as (keyof typeof reasons)[]).filter((reason) => leftAlone[reason] > 0).map((reason) => `${grouped(leftAlone[reason])} ${reasons[reason]}`);
  const more = destinations.length > top ? `; ${plural(destinations.length - top, 'destination')} not shown (--top)` : '';
  printer.paragraph(`${plural(total, 'connect')} spread over ${plural(addresses.length, 'address', 'addresses')}${left.length === 0 ? '' : `; left alone: ${left.join(', ')}`}${more}`, { hanging: '  ', style: 'dim' });
  if (keptDefault > 0) printer.paragraph(`${plural(keptDefault, 'connect')} kept the host's own source: no address could be bound.`, { hanging: '  ', style: 'critical' });
}
