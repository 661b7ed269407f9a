import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r6, r7, r8 } from '../registers.ts';
import { placeOf } from './places.ts';

/** Layout of what is written for each TCP socket on a port: the cookie that sock_diag has given it, and whether connect() chose its port. */
export const socketBind = { cookie: 0, isConnectChosen: 8, bytes: 16 } as const;

const TCP_TIME_WAIT = 6;
const TCP_NEW_SYN_RECV = 12;
/** Of sk_userlocks (include/net/sock.h, Linux 6.17.8). */
const SOCK_CONNECT_BIND = 16;
const RECORD = -socketBind.bytes;
const SCRATCH = RECORD - 8;

/** For the iterator tcp: writes a {@link socketBind} for each socket on a port. @throws UnsupportedError before Linux 6.17.8, which does not keep it */
export function socketBinds(types: Btf, port: number): Uint8Array {
  const inTimeWait = placeOf(types, 'inet_timewait_sock', 'tw_connect_bind');
  const inSocket = placeOf(types, 'sock', 'sk_userlocks');
  const common = (name: string): number => placeOf(types, 'sock_common', name).offsetBytes;
  const program = new Assembler().mov(r6, r1).load(64, r7, r6, placeOf(types, 'bpf_iter__tcp', 'sk_common').offsetBytes).jumpIf(r7, '==', 0, 'out');
  program.load(16, r2, r7, common('skc_num')).jumpIf(r2, '!=', port, 'out').load(8, r2, r7, common('skc_state')).jumpIf(r2, '==', TCP_NEW_SYN_RECV, 'out');
  program.store(64, fp, SCRATCH, 0).store(64, fp, RECORD + socketBind.isConnectChosen, 0).mov(r3, r7);
  program.jumpIf(r2, '==', TCP_TIME_WAIT, 'time wait').add(r3, inSocket.offsetBytes).mov(r8, SOCK_CONNECT_BIND << (inSocket.bits?.first ?? 0)).jump('read');
  program.label('time wait').add(r3, inTimeWait.offsetBytes).mov(r8, 1 << (inTimeWait.bits?.first ?? 0)).label('read');
  program.mov(r1, fp).add(r1, SCRATCH).mov(r2, 1).call(helpers.probeReadKernel).load(8, r2, fp, SCRATCH).alu('and', r2, r8).jumpIf(r2, '==', 0, 'by bind').store(64, fp, RECORD + socketBind.isConnectChosen, 1).label('by bind');
  program.mov(r1, fp).add(r1, RECORD).mov(r2, 8).mov(r3, r7).add(r3, common('skc_cookie')).call(helpers.probeReadKernel);
  program.load(64, r1, r6, placeOf(types, 'bpf_iter__tcp', 'meta').offsetBytes).load(64, r1, r1, placeOf(types, 'bpf_iter_meta', 'seq').offsetBytes).mov(r2, fp).add(r2, RECORD).mov(r3, socketBind.bytes).call(helpers.writeToSequence);
  return program.label('out').mov(r0, 0).exit().build();
}
