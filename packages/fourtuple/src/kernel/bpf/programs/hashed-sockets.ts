import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r6, r7, r8 } from '../registers.ts';
import { copyAddresses, copyField, diag } from './diag-message.ts';
import { placeOf } from './places.ts';

/** Bytes that are written for each socket: struct inet_diag_msg, as sock_diag has it; user, inode and queues stay 0. */
export const HASHED_SOCKET_BYTES = diag.bytes;

const TCP_SYN_RECV = 3;
const TCP_TIME_WAIT = 6;
const TCP_NEW_SYN_RECV = 12;
/** What sock_diag says of a timewait bucket's timer. */
const TIMER_TIME_WAIT = 3;
const NS_PER_MS = 1_000_000;

const RECORD = -HASHED_SOCKET_BYTES;
const SCRATCH = RECORD - 8;

/**
 * For the iterator tcp: writes a record for each socket of the walk's namespace that is in one of these states.
 * @param states a bit for each state, as sock_diag takes them
 * @param tickNs what one jiffy takes
 */
export function hashedSockets(types: Btf, states: number, tickNs: number): Uint8Array {
  const context = (name: string): number => placeOf(types, 'bpf_iter__tcp', name).offsetBytes;
  const common = (name: string): number => placeOf(types, 'sock_common', name).offsetBytes;
  const bucket = (name: string): number => placeOf(types, 'inet_timewait_sock', name).offsetBytes;
  const program = new Assembler().mov(r6, r1).load(64, r7, r6, context('sk_common')).jumpIf(r7, '==', 0, 'out');
  for (let offset = 0; offset < HASHED_SOCKET_BYTES; offset += 8) program.store(64, fp, RECORD + offset, 0);
  // What the verifier does not know by its type is copied out.
  const probe = (bytes: number, offset: number): Assembler => program.store(64, fp, SCRATCH, 0).mov(r1, fp).add(r1, SCRATCH).mov(r2, bytes).mov(r3, r7).add(r3, offset).call(helpers.probeReadKernel);
  program.load(8, r8, r7, common('skc_state')).jumpIf(r8, '!=', TCP_TIME_WAIT, 'no bucket');
  // A bucket is in TIME_WAIT, or in FIN_WAIT2.
  probe(1, bucket('tw_substate')).load(8, r8, fp, SCRATCH).store(8, fp, RECORD + diag.timer, TIMER_TIME_WAIT);
  probe(8, bucket('tw_timer.expires')).call(helpers.jiffies).load(64, r2, fp, SCRATCH).alu('sub', r2, r0).jumpIf(r2, 's<=', 0, 'no bucket');
  program.alu('mul', r2, tickNs).alu('div', r2, NS_PER_MS).store(32, fp, RECORD + diag.expires, r2).label('no bucket');
  // As sock_diag takes it: a half-open connection has a state of its own.
  const wanted = (states & (1 << TCP_SYN_RECV)) === 0 ? states : states | (1 << TCP_NEW_SYN_RECV);
  program.mov(r3, wanted).alu('rsh', r3, r8).alu('and', r3, 1).jumpIf(r3, '==', 0, 'out');
  program.jumpIf(r8, '!=', TCP_NEW_SYN_RECV, 'state').mov(r8, TCP_SYN_RECV).label('state').store(8, fp, RECORD + diag.state, r8);
  program.load(16, r2, r7, common('skc_num')).toBigEndian(r2, 16).store(16, fp, RECORD + diag.localPort, r2);
  copyField(program, RECORD, 16, diag.remotePort, common('skc_dport'));
  copyField(program, RECORD, 32, diag.interface, common('skc_bound_dev_if'));
  copyAddresses(program, RECORD, common);
  program.label('write').load(64, r1, r6, context('meta')).load(64, r1, r1, placeOf(types, 'bpf_iter_meta', 'seq').offsetBytes).mov(r2, fp).add(r2, RECORD).mov(r3, HASHED_SOCKET_BYTES).call(helpers.writeToSequence);
  return program.label('out').mov(r0, 0).exit().build();
}
