import { endpointText, grouped, percent, type Owner } from '../model/index.ts';
import type { TupleUsage } from '../usage/index.ts';

/** `10.0.0.5:many → 10.0.0.9:5432` */
export function tupleText(tuple: Pick<TupleUsage, 'source' | 'destination' | 'destinationPort'>, arrow = '→'): string {
  return `${endpointText(tuple.source, 'many')} ${arrow} ${endpointText(tuple.destination, tuple.destinationPort)}`;
}

/** `app/812`, with its container or unit where known. */
export function ownerText(owner: Owner | undefined): string {
  if (owner === undefined) return 'unknown process';
  const place = owner.container ?? owner.unit;
  return `${owner.command}/${owner.pid}${place === undefined ? '' : ` (${place})`}`;
}

export function usedText(tuple: Pick<TupleUsage, 'used' | 'capacity' | 'ratio'>): string {
  return `${grouped(tuple.used)} of ${grouped(tuple.capacity)} source ports used (${percent(tuple.ratio)})`;
}
