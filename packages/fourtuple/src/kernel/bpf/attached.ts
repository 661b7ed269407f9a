import { Errno } from '../errno.ts';
import { KernelError, UnsupportedError } from '../errors.ts';
import { loadLibc } from '../libc.ts';
import { Attributes } from './attributes.ts';
import { bpf, tryBpf, type BpfCommand } from './bpf-call.ts';

/** A program that is attached to a cgroup, by whatever process. */
export interface AttachedProgram {
  readonly name: string;
  readonly cgroupId: number;
  readonly mapIds: readonly number[];
}

const LINK_TYPE_CGROUP = 3;
const LINK_INFO_BYTES = 64;
const PROGRAM_INFO_BYTES = 232;
const MOST_MAPS = 64;

/** Programs that are attached to cgroups of this host by links. @throws UnsupportedError without CAP_SYS_ADMIN */
export function attachedToCgroups(isWanted: (name: string) => boolean): AttachedProgram[] {
  const found: AttachedProgram[] = [];
  const attributes = new Attributes(12);
  for (let id = 0; ; ) {
    const result = tryBpf('linkNextId', attributes.u32(0, id));
    if (-result === Errno.ENOENT) return found;
    if (-result === Errno.EPERM) throw new UnsupportedError('looking at the BPF programs of other processes', 'CAP_SYS_ADMIN');
    if (result !== 0) throw new KernelError('list BPF links', -result);
    id = attributes.readU32(4);
    const link = withObject('linkOfId', id, (fd) => infoOf(fd, new Uint8Array(LINK_INFO_BYTES)));
    if (link?.getUint32(0, true) !== LINK_TYPE_CGROUP) continue;
    // It is 0 when the cgroup was removed.
    const cgroupId = Number(link.getBigUint64(16, true));
    const program = cgroupId === 0 ? undefined : withObject('programOfId', link.getUint32(8, true), readProgram);
    if (program !== undefined && isWanted(program.name)) found.push({ ...program, cgroupId });
  }
}

/** @returns undefined when the object is gone */
function withObject<T>(command: BpfCommand, id: number, read: (fd: number) => T): T | undefined {
  const fd = tryBpf(command, new Attributes(12).u32(0, id));
  if (fd < 0) return undefined;
  try {
    return read(fd);
  } finally {
    loadLibc().close(fd);
  }
}

/** struct bpf_link_info, bpf_prog_info */
function infoOf(fd: number, info: Uint8Array): DataView {
  bpf('objectInfo', new Attributes(16).u32(0, fd).u32(4, info.length).pointer(8, info), 'ask about a BPF object');
  return new DataView(info.buffer);
}

function readProgram(fd: number): Omit<AttachedProgram, 'cgroupId'> {
  const ids = new Uint8Array(MOST_MAPS * 4);
  const request = new Attributes(PROGRAM_INFO_BYTES).u32(52, MOST_MAPS).pointer(56, ids);
  const view = infoOf(fd, request.bytes);
  const name = Buffer.from(request.bytes.subarray(64, 80)).toString('latin1');
  const count = Math.min(MOST_MAPS, view.getUint32(52, true));
  return { name: name.slice(0, name.indexOf('\0')), mapIds: Array.from(new Uint32Array(ids.buffer, 0, count)) };
}
