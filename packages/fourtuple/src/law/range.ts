import type { PortRange } from '../model/index.ts';

/** IP_LOCAL_PORT_RANGE of a socket; 0 leaves a bound as the namespace has it. */
export interface SocketPortRange {
  readonly low: number;
  readonly high: number;
}

/**
 * The range from which a port is chosen (`inet_sk_get_local_port_range`): a socket's own bounds count only where they
 * lie inside the namespace's range; outside they are ignored without a word.
 */
export function effectiveRange(range: PortRange, own: SocketPortRange | undefined): PortRange {
  if (own === undefined) return range;
  const low = own.low >= range.low && own.low <= range.high ? own.low : range.low;
  const high = own.high >= low && own.high <= range.high ? own.high : range.high;
  return { low, high };
}

/** True for a range of which connect() or bind(0) may leave one port untried: an odd number of ports, more than one. */
export function mayMissOne({ low, high }: PortRange): boolean {
  const size = high - low + 1;
  return size > 1 && size % 2 === 1;
}
