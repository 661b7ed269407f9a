import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r6, r7, r8, r9 } from '../registers.ts';
import { copyAddresses, copyField, diag } from './diag-message.ts';
import { placeOf } from './places.ts';

/** Layout of what is written for each descriptor of a TCP socket: struct inet_diag_msg, as sock_diag has it, and what BPF adds. */
export const descriptorSocket = { pid: diag.bytes, flags: diag.bytes + 4, bytes: diag.bytes + 8 } as const;

/** Bits of the flags. */
export const socketFlag = { noPort: 1, v6Only: 2, isShared: 4 } as const;

const IPPROTO_TCP = 6;
const TCP_CLOSE = 7;
/** Of `unsigned long inet_flags` (include/net/inet_sock.h, Linux 6.6). */
const INET_FLAGS_BIND_ADDRESS_NO_PORT = 18;

const RECORD = -descriptorSocket.bytes;
const SCRATCH = RECORD - 8;

/**
 * For the iterator task_file: writes a {@link descriptorSocket} for each descriptor of a TCP socket of one network
 * namespace that is in one of these states; one that is closed only when it holds a port.
 * @param states a bit for each state, as sock_diag takes them
 */
export function descriptorSockets(types: Btf, namespace: number, states: number): Uint8Array {
  const context = (name: string): number => placeOf(types, 'bpf_iter__task_file', name).offsetBytes;
  const common = (name: string): number => placeOf(types, 'sock', `__sk_common.${name}`).offsetBytes;
  const program = new Assembler().mov(r6, r1).load(64, r8, r6, context('file')).jumpIf(r8, '==', 0, 'out').load(64, r9, r6, context('task')).jumpIf(r9, '==', 0, 'out');
  program.mov(r1, r8).call(helpers.socketOfFile).jumpIf(r0, '==', 0, 'out').load(64, r7, r0, placeOf(types, 'socket', 'sk').offsetBytes).jumpIf(r7, '==', 0, 'out');
  const { offsetBytes, sizeBytes } = placeOf(types, 'sock', 'sk_protocol');
  program.load(sizeBytes === 2 ? 16 : 8, r2, r7, offsetBytes).jumpIf(r2, '!=', IPPROTO_TCP, 'out');
  program.load(64, r2, r7, common('skc_net.net')).load(32, r2, r2, placeOf(types, 'net', 'ns.inum').offsetBytes).jumpIf32(r2, '!=', namespace, 'out');
  program.load(8, r2, r7, common('skc_state')).mov(r3, states).alu('rsh', r3, r2).alu('and', r3, 1).jumpIf(r3, '==', 0, 'out');
  for (let offset = 0; offset < descriptorSocket.bytes; offset += 8) program.store(64, fp, RECORD + offset, 0);
  program.store(8, fp, RECORD + diag.state, r2);
  program.load(16, r3, r7, common('skc_num')).jumpIf(r2, '!=', TCP_CLOSE, 'held').jumpIf(r3, '==', 0, 'out').label('held').toBigEndian(r3, 16).store(16, fp, RECORD + diag.localPort, r3);
  copyField(program, RECORD, 16, diag.remotePort, common('skc_dport'));
  copyField(program, RECORD, 32, diag.interface, common('skc_bound_dev_if'));
  copyField(program, RECORD, 32, diag.uid, placeOf(types, 'sock', 'sk_uid').offsetBytes);
  program.load(64, r2, r8, placeOf(types, 'file', 'f_inode').offsetBytes).load(64, r2, r2, placeOf(types, 'inode', 'i_ino').offsetBytes).store(32, fp, RECORD + diag.inode, r2);
  program.load(32, r2, r9, placeOf(types, 'task_struct', 'tgid').offsetBytes).store(32, fp, RECORD + descriptorSocket.pid, r2);
  // r9 gathers the flags from here on.
  noPortFlag(types, program);
  sharedFlag(types, program);
  copyAddresses(program, RECORD, common);
  const v6Only = placeOf(types, 'sock', '__sk_common.skc_ipv6only');
  program.load(8, r2, r7, v6Only.offsetBytes).jumpIf(r2, '&', 1 << (v6Only.bits?.first ?? 0), 'v6only').jump('write').label('v6only').alu('or', r9, socketFlag.v6Only).label('write');
  program.store(32, fp, RECORD + descriptorSocket.flags, r9);
  program.load(64, r1, r6, context('meta')).load(64, r1, r1, placeOf(types, 'bpf_iter_meta', 'seq').offsetBytes).mov(r2, fp).add(r2, RECORD).mov(r3, descriptorSocket.bytes).call(helpers.writeToSequence);
  return program.label('out').mov(r0, 0).exit().build();
}

/** Adds the flag to r9 where there may be more descriptors of the file than this one, here or in another process; the iterator holds it once. */
function sharedFlag(types: Btf, program: Assembler): void {
  // Counted from 0 on since Linux 6.13.
  const place = types.field('file', 'f_ref.refcnt');
  const older = types.field('file', 'f_count');
  if (place === undefined && older === undefined) {
    program.alu('or', r9, socketFlag.isShared);
    return;
  }
  program.load(64, r2, r8, (place ?? older)!.offsetBytes).jumpIf(r2, '==', place === undefined ? 2 : 1, 'alone').alu('or', r9, socketFlag.isShared).label('alone');
}

/** Puts the flag into r9. The socket is an inet_sock, which the verifier does not know: what is read of it is copied out. */
function noPortFlag(types: Btf, program: Assembler): void {
  const own = types.field('inet_sock', 'bind_address_no_port');
  const place = own ?? placeOf(types, 'inet_sock', 'inet_flags');
  const bit = own === undefined ? INET_FLAGS_BIND_ADDRESS_NO_PORT : (own.bits?.first ?? 0);
  program.store(64, fp, SCRATCH, 0).mov(r1, fp).add(r1, SCRATCH).mov(r2, own === undefined ? 8 : 1).mov(r3, r7).add(r3, place.offsetBytes).call(helpers.probeReadKernel);
  program.mov(r9, 0).load(64, r2, fp, SCRATCH).alu('rsh', r2, bit).alu('and', r2, 1).jumpIf(r2, '==', 0, 'port by bind').mov(r9, socketFlag.noPort).label('port by bind');
}
