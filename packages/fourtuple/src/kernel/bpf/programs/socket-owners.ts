import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r6, r7, r8 } from '../registers.ts';
import { placeOf } from './places.ts';

/** Layout of what is written for each descriptor of a socket of IPv4 or IPv6: its inode number, its process. */
export const ownerRecord = { inode: 0, pid: 4, bytes: 8 } as const;

const AF_INET = 2;
const AF_INET6 = 10;
const RECORD = -ownerRecord.bytes;

/** For the iterator task_file: writes an {@link ownerRecord} for each descriptor that is a socket of TCP, UDP and the like. */
export function socketOwners(types: Btf): Uint8Array {
  const context = (name: string): number => placeOf(types, 'bpf_iter__task_file', name).offsetBytes;
  const program = new Assembler().mov(r6, r1).load(64, r8, r6, context('file')).jumpIf(r8, '==', 0, 'out').load(64, r7, r6, context('task')).jumpIf(r7, '==', 0, 'out');
  program.mov(r1, r8).call(helpers.socketOfFile).jumpIf(r0, '==', 0, 'out');
  program.load(64, r2, r0, placeOf(types, 'socket', 'sk').offsetBytes).jumpIf(r2, '==', 0, 'out');
  program.load(16, r2, r2, placeOf(types, 'sock', '__sk_common.skc_family').offsetBytes).jumpIf(r2, '==', AF_INET, 'inet').jumpIf(r2, '!=', AF_INET6, 'out').label('inet');
  program.load(64, r2, r8, placeOf(types, 'file', 'f_inode').offsetBytes).load(64, r2, r2, placeOf(types, 'inode', 'i_ino').offsetBytes).store(32, fp, RECORD + ownerRecord.inode, r2);
  program.load(32, r2, r7, placeOf(types, 'task_struct', 'tgid').offsetBytes).store(32, fp, RECORD + ownerRecord.pid, r2);
  program.load(64, r1, r6, context('meta')).load(64, r1, r1, placeOf(types, 'bpf_iter_meta', 'seq').offsetBytes).mov(r2, fp).add(r2, RECORD).mov(r3, ownerRecord.bytes).call(helpers.writeToSequence);
  return program.label('out').mov(r0, 0).exit().build();
}
