import { Errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { loadLibc } from '../libc.ts';
import { Attributes } from './attributes.ts';
import { bpf, tryBpf } from './bpf-call.ts';

/** What a program has cost, as the kernel itself counts it. */
export interface ProgramRunTime {
  readonly name: string;
  readonly runs: number;
  /** All of them together. */
  readonly nanoseconds: number;
}

const INFO_BYTES = 232;

/** The kernel counts how long BPF programs run (Linux 5.8), until this is closed; by itself it does not. @throws KernelError */
export class RunTimeCounting {
  readonly #fd = bpf('enableStatistics', new Attributes(4), 'count the run time of BPF programs');

  /** Programs whose name begins so. @throws KernelError */
  read(prefix: string): ProgramRunTime[] {
    const found: ProgramRunTime[] = [];
    const attributes = new Attributes(12);
    for (let id = 0; ; ) {
      const result = tryBpf('programNextId', attributes.u32(0, id));
      if (-result === Errno.ENOENT) return found;
      if (result !== 0) throw new KernelError('list BPF programs', -result);
      id = attributes.readU32(4);
      const fd = tryBpf('programOfId', new Attributes(12).u32(0, id));
      if (fd < 0) continue;
      try {
        const info = new Uint8Array(INFO_BYTES);
        bpf('objectInfo', new Attributes(16).u32(0, fd).u32(4, info.length).pointer(8, info), 'ask about a BPF program');
        const view = new DataView(info.buffer);
        const name = Buffer.from(info.subarray(64, 80)).toString('latin1').split('\0')[0]!;
        if (name.startsWith(prefix)) found.push({ name, nanoseconds: Number(view.getBigUint64(192, true)), runs: Number(view.getBigUint64(200, true)) });
      } finally {
        loadLibc().close(fd);
      }
    }
  }

  close(): void {
    loadLibc().close(this.#fd);
  }
}
