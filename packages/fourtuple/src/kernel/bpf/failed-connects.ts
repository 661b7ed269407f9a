import { BpfMap } from './map.ts';
import { failedConnectKey, failedConnectsProgram } from './programs/failed-connects.ts';
import { attachToSocketStates } from './state-tracepoint.ts';
import { decodeCount, decodeName, decodeTuple, type CountedTuple } from './tuple-key.ts';

/** connect() calls of one process that found no port for one tuple. */
export interface FailedConnects extends Omit<CountedTuple, 'namespace'> {
  /** Inode of the network namespace; undefined where it cannot be known. */
  readonly namespace: number | undefined;
  /** Process (thread group), as the initial namespace numbers it. */
  readonly pid: number;
  /** Name of the thread: 15 bytes. */
  readonly command: string;
  /** Undefined where it cannot be known. */
  readonly cgroupId: bigint | undefined;
  /** Since the counting began. */
  readonly count: number;
}

const MAX_ENTRIES = 65_536;

/** Counts the connect() calls of all namespaces that find no port, which no counter of the kernel does. It ends with this process at the latest. */
export class FailedConnectCounter {
  readonly #map: BpfMap;
  readonly #lost: BpfMap;
  readonly #detach: () => void;

  /** @throws UnsupportedError without CAP_BPF and CAP_PERFMON, or where the kernel has no type information @throws VerifierError */
  constructor() {
    this.#map = new BpfMap({ name: 'fourtuple_failed', type: 'hash', keyBytes: failedConnectKey.bytes, valueBytes: 8, maxEntries: MAX_ENTRIES });
    this.#lost = new BpfMap({ name: 'fourtuple_lost', type: 'array', keyBytes: 4, valueBytes: 8, maxEntries: 1 });
    try {
      this.#detach = attachToSocketStates('fourtuple_fail', (types) => failedConnectsProgram(types, this.#map.fd, this.#lost.fd));
    } catch (error) {
      this.#map.close();
      this.#lost.close();
      throw error;
    }
  }

  /** What was counted so far, by tuple and process. */
  read(): FailedConnects[] {
    return this.#map.entries().map(([key, value]) => decode(key, value));
  }

  /** Failures for which there was no room, since the counting began. */
  get lost(): number {
    return decodeCount(this.#lost.get(new Uint8Array(4))!);
  }

  /** Ends the counting. */
  close(): void {
    this.#detach();
    this.#map.close();
    this.#lost.close();
  }
}

function decode(key: Uint8Array, value: Uint8Array): FailedConnects {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return {
    ...decodeTuple(key),
    pid: view.getUint32(failedConnectKey.pid, true),
    command: decodeName(key.subarray(failedConnectKey.command)),
    cgroupId: view.getBigUint64(failedConnectKey.cgroupId, true),
    count: decodeCount(value),
  };
}
