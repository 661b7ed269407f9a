import type { Address } from '../../model/address.ts';
import { errnoCode } from '../errors.ts';
import { BpfMap } from './map.ts';
import { bindBeginsProgram, bindEndsProgram, failedBindKey, pendingBind } from './programs/failed-binds.ts';
import { AF_INET } from './programs/socket-fields.ts';
import { typesOfKernel } from './state-tracepoint.ts';
import { attachToSystemCall } from './system-call-tracepoint.ts';
import { decodeAddress, decodeCount, decodeName } from './tuple-key.ts';

/** bind() calls of one process that failed in the same manner. */
export interface FailedBinds {
  /** Inode of the network namespace that the caller was in. */
  readonly namespace: number;
  readonly address: Address;
  /** 0: any. */
  readonly port: number;
  /** `EADDRINUSE` */
  readonly code: string;
  /** Process (thread group), as the initial namespace numbers it. */
  readonly pid: number;
  /** Name of the thread: 15 bytes. */
  readonly command: string;
  readonly cgroupId: bigint;
  /** Since the counting began. */
  readonly count: number;
}

const MAX_ENTRIES = 65_536;
const MAX_PENDING = 16_384;

/** Counts the bind() calls of IPv4 and IPv6 sockets that fail, of all processes. While it does, every system call of the host takes some 100 ns longer. */
export class FailedBindCounter {
  readonly #maps: BpfMap[] = [];
  readonly #detach: (() => void)[] = [];
  readonly #counts: BpfMap;
  readonly #lost: BpfMap;

  /** @throws UnsupportedError without tracefs, or without CAP_BPF and CAP_PERFMON @throws VerifierError */
  constructor() {
    const make = (...spec: ConstructorParameters<typeof BpfMap>): BpfMap => {
      const map = new BpfMap(...spec);
      this.#maps.push(map);
      return map;
    };
    try {
      const types = typesOfKernel();
      const pending = make({ name: 'fourtuple_pend', type: 'lruHash', ...pendingBind, maxEntries: MAX_PENDING });
      this.#counts = make({ name: 'fourtuple_binds', type: 'hash', keyBytes: failedBindKey.bytes, valueBytes: 8, maxEntries: MAX_ENTRIES });
      this.#lost = make({ name: 'fourtuple_lost', type: 'array', keyBytes: 4, valueBytes: 8, maxEntries: 1 });
      // Returns first: no call is kept that nothing would take.
      this.#detach.push(attachToSystemCall('sys_exit_bind', 'fourtuple_bindx', bindEndsProgram(types, pending.fd, this.#counts.fd, this.#lost.fd)));
      this.#detach.push(attachToSystemCall('sys_enter_bind', 'fourtuple_binde', bindBeginsProgram(pending.fd)));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  read(): FailedBinds[] {
    return this.#counts.entries().map(([key, value]) => {
      const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
      return {
        namespace: view.getUint32(failedBindKey.namespace, true),
        address: decodeAddress(view, failedBindKey.address, view.getUint16(failedBindKey.family, true) === AF_INET),
        port: view.getUint16(failedBindKey.port),
        code: errnoCode(view.getUint32(failedBindKey.errno, true)),
        pid: view.getUint32(failedBindKey.pid, true),
        command: decodeName(key.subarray(failedBindKey.command)),
        cgroupId: view.getBigUint64(failedBindKey.cgroupId, true),
        count: decodeCount(value),
      };
    });
  }

  /** Failures for which there was no room, since the counting began. */
  get lost(): number {
    return decodeCount(this.#lost.get(new Uint8Array(4))!);
  }

  close(): void {
    for (const detach of this.#detach.splice(0)) detach();
    for (const map of this.#maps.splice(0)) map.close();
  }
}
