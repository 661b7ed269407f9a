import { BpfMap } from './map.ts';
import { churnProgram, churnValue } from './programs/churn.ts';
import { tupleKey } from './programs/socket-fields.ts';
import { attachToSocketStates } from './state-tracepoint.ts';
import { decodeCount, decodeTuple, type CountedTuple } from './tuple-key.ts';

/** What became of one tuple's outgoing connections, since the counting began. */
export interface Churn extends CountedTuple {
  readonly tried: number;
  readonly established: number;
  /** There was no port. */
  readonly noPort: number;
  /** Refused, timed out, given up. */
  readonly notMade: number;
  /** Ended after they were established. */
  readonly closed: number;
}

const MAX_ENTRIES = 65_536;

/** Counts what becomes of the outgoing connections of all namespaces. It ends with this process at the latest. */
export class ChurnCounter {
  readonly #map: BpfMap;
  readonly #detach: () => void;

  /** @throws UnsupportedError without CAP_BPF and CAP_PERFMON, or where the kernel has no type information @throws VerifierError */
  constructor() {
    // The tuple that was not used for longest makes room for a new one.
    this.#map = new BpfMap({ name: 'fourtuple_churn', type: 'lruHash', keyBytes: tupleKey.bytes, valueBytes: churnValue.bytes, maxEntries: MAX_ENTRIES });
    try {
      this.#detach = attachToSocketStates('fourtuple_churn', (types) => churnProgram(types, this.#map.fd));
    } catch (error) {
      this.#map.close();
      throw error;
    }
  }

  read(): Churn[] {
    return this.#map.entries().map(([key, value]) => {
      const count = (name: Exclude<keyof typeof churnValue, 'bytes'>): number => decodeCount(value, churnValue[name]);
      return { ...decodeTuple(key), tried: count('tried'), established: count('established'), noPort: count('noPort'), notMade: count('notMade'), closed: count('closed') };
    });
  }

  close(): void {
    this.#detach();
    this.#map.close();
  }
}
