import { Address } from '../../model/address.ts';
import { UnsupportedError } from '../errors.ts';
import { loadLibc } from '../libc.ts';
import { kernelBtf } from './btf.ts';
import { BpfMap } from './map.ts';
import { attachToTracepoint, loadProgram } from './program.ts';
import { failedConnectKey, failedConnectsProgram } from './programs/failed-connects.ts';

/** connect() calls of one process that found no port for one tuple. */
export interface FailedConnects {
  /** Inode of the network namespace. */
  readonly namespace: number;
  /** Unspecified, where the kernel had not chosen one. */
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
  /** Process (thread group), in the namespace of the kernel. */
  readonly pid: number;
  /** Name of the thread: 15 bytes. */
  readonly command: string;
  readonly cgroupId: bigint;
  /** Since the counting began. */
  readonly count: number;
}

const AF_INET = 2;
const MAX_ENTRIES = 65_536;

/** Counts the connect() calls of all namespaces that find no port, which no counter of the kernel does. It ends with this process at the latest. */
export class FailedConnectCounter {
  readonly #map: BpfMap;
  readonly #lost: BpfMap;
  readonly #descriptors: readonly number[];

  /** @throws UnsupportedError without CAP_BPF and CAP_PERFMON, or where the kernel has no type information @throws VerifierError */
  constructor() {
    const types = typesOfKernel();
    const tracepoint = types.find('typedef', 'btf_trace_inet_sock_set_state');
    if (tracepoint === undefined) throw new UnsupportedError('counting failed connects by BPF', 'the tracepoint sock:inet_sock_set_state (Linux 4.16)');
    this.#map = new BpfMap({ name: 'fourtuple_failed', type: 'hash', keyBytes: failedConnectKey.bytes, valueBytes: 8, maxEntries: MAX_ENTRIES });
    this.#lost = new BpfMap({ name: 'fourtuple_lost', type: 'array', keyBytes: 4, valueBytes: 8, maxEntries: 1 });
    try {
      const program = loadProgram({ name: 'fourtuple_fail', type: 'tracing', attach: 'rawTracepoint', attachTypeId: tracepoint, code: failedConnectsProgram(types, this.#map.fd, this.#lost.fd) });
      this.#descriptors = [attachToTracepoint(program), program];
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
    return Number(numberOf(this.#lost.get(new Uint8Array(4))!));
  }

  /** Ends the counting. */
  close(): void {
    for (const fd of this.#descriptors) loadLibc().close(fd);
    this.#map.close();
    this.#lost.close();
  }
}

function typesOfKernel() {
  try {
    return kernelBtf();
  } catch (error) {
    throw new UnsupportedError('BPF on the kernel\'s own structures', 'a kernel with type information (CONFIG_DEBUG_INFO_BTF, /sys/kernel/btf/vmlinux)', error);
  }
}

function numberOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

function decode(key: Uint8Array, value: Uint8Array): FailedConnects {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const isIpv4 = view.getUint16(failedConnectKey.family, true) === AF_INET;
  const address = (at: number): Address => (isIpv4 ? Address.fromIpv4(view.getUint32(at, false)) : new Address(view.getUint32(at, false), view.getUint32(at + 4, false), view.getUint32(at + 8, false), view.getUint32(at + 12, false)));
  const command = key.subarray(failedConnectKey.command);
  const end = command.indexOf(0);
  return {
    namespace: view.getUint32(failedConnectKey.namespace, true),
    source: address(failedConnectKey.source),
    destination: address(failedConnectKey.destination),
    destinationPort: view.getUint16(failedConnectKey.destinationPort, false),
    pid: view.getUint32(failedConnectKey.pid, true),
    command: Buffer.from(end < 0 ? command : command.subarray(0, end)).toString('utf8'),
    cgroupId: view.getBigUint64(failedConnectKey.cgroupId, true),
    count: Number(numberOf(value)),
  };
}
