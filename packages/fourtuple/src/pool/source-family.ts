import type { Address } from '../model/index.ts';
import { Destinations, type Destination } from './destinations.ts';
import { Source } from './source.ts';

/** The sources of one family, and what is in use of their ports by destination. */
export class SourceFamily {
  /** At least one: the kernel's choice, where no address is given. */
  readonly sources: readonly Source[];
  readonly destinations: Destinations;
  /** Whether addresses are given. */
  readonly isNamed: boolean;

  constructor(addresses: readonly Address[]) {
    this.isNamed = addresses.length > 0;
    this.sources = this.isNamed ? addresses.map((address, index) => new Source(address, index)) : [new Source(undefined, 0)];
    this.destinations = new Destinations(this.sources.length);
  }

  /** Ports in TIME_WAIT by source, of all destinations. */
  waiting(now: number): Int32Array {
    const counts = new Int32Array(this.sources.length);
    for (const [, destination] of this.destinations.entries(now)) {
      if (destination.waiting === 0) continue;
      for (const [index, count] of destination.waitingBySource().entries()) counts[index]! += count;
    }
    return counts;
  }

  /** Tuples of which something is in use. */
  *tuples(now: number): Generator<{ source: Source; name: string; used: number; timeWait: number; destination: Destination }> {
    for (const [name, destination] of this.destinations.entries(now)) {
      const waiting = destination.waitingBySource();
      for (const source of this.sources) {
        const used = destination.used[source.index]!;
        if (used > 0) yield { source, name, used, timeWait: waiting[source.index]!, destination };
      }
    }
  }
}
