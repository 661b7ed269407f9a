import { BpfIterator } from './iterator.ts';
import { BpfMap } from './map.ts';
import { PORTS, portMark, tcpPortMarks, udpPortMarks } from './programs/port-marks.ts';

const ONLY = new Uint8Array(4);

/** How the ports of a network namespace are held, as the kernel itself has it. */
export interface PortMarks {
  /** undefined for a port that no socket of TCP is on. */
  kindOf(port: number): 'explicit' | 'shared' | undefined;
  /** Whether an IPv6 socket holds the port for IPv4 too. */
  isDual(protocol: 'tcp' | 'udp', port: number): boolean;
}

/** Reads, of every socket, the bind bucket that it is in: without asking, trying or touching anything. */
export class PortMarkReader {
  readonly #map: BpfMap;
  readonly #iterators: BpfIterator[] = [];

  /** @throws UnsupportedError without CAP_BPF and CAP_PERFMON, or before Linux 5.9 @throws VerifierError */
  constructor() {
    this.#map = new BpfMap({ name: 'fourtuple_ports', type: 'array', keyBytes: 4, valueBytes: PORTS, maxEntries: 1 });
    try {
      this.#iterators.push(new BpfIterator('tcp', 'fourtuple_tcp', (types) => tcpPortMarks(types, this.#map.fd)));
      this.#iterators.push(new BpfIterator('udp', 'fourtuple_udp', (types) => udpPortMarks(types, this.#map.fd)));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Reads one namespace, pausing now and then.
   * @param inside runs work in the namespace
   */
  *read(inside: <T>(work: () => T) => T): Generator<void, PortMarks> {
    this.#map.set(ONLY, new Uint8Array(PORTS));
    for (const iterator of this.#iterators) yield* iterator.walk(inside(() => iterator.begin()));
    const marks = this.#map.get(ONLY)!;
    return {
      kindOf: (port) => ((marks[port]! & portMark.explicit) !== 0 ? 'explicit' : (marks[port]! & portMark.shared) !== 0 ? 'shared' : undefined),
      isDual: (protocol, port) => (marks[port]! & (protocol === 'tcp' ? portMark.dualTcp : portMark.dualUdp)) !== 0,
    };
  }

  close(): void {
    for (const iterator of this.#iterators) iterator.close();
    this.#map.close();
  }
}
