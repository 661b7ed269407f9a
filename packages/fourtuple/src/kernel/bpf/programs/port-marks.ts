import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r6, r7, r8 } from '../registers.ts';
import { placeOf } from './places.ts';

/** What is noted of a port, as bits of its byte. */
export const portMark = {
  /** Its bind bucket is held explicitly: connect() passes it over. */
  explicit: 1,
  /** Its bind bucket is held by connect() alone. */
  shared: 2,
  /** An IPv6 socket of TCP on it, or of UDP, holds it for IPv4 too: it is not v6only. */
  dualTcp: 4,
  dualUdp: 8,
} as const;

export const PORTS = 65_536;

const AF_INET6 = 10;
const TCP_TIME_WAIT = 6;
const TCP_NEW_SYN_RECV = 12;
const SCRATCH = -8;

/**
 * For the iterator tcp: notes in a map of one byte a port how the bind bucket of each socket's port is held, by what
 * __inet_hash_connect() itself looks at: fastreuse and fastreuseport are below 0 where connect() alone made the bucket.
 */
export function tcpPortMarks(types: Btf, map: number): Uint8Array {
  const socket = placeOf(types, 'bpf_iter__tcp', 'sk_common').offsetBytes;
  const bucketOfSocket = placeOf(types, 'inet_connection_sock', 'icsk_bind_hash').offsetBytes;
  const bucketOfTimeWait = placeOf(types, 'inet_timewait_sock', 'tw_tb').offsetBytes;
  const program = new Assembler().load(64, r7, r1, socket).jumpIf(r7, '==', 0, 'out');
  const common = (name: string): number => placeOf(types, 'sock_common', name).offsetBytes;
  program.load(8, r2, r7, common('skc_state')).mov(r3, r7);
  // A half-open connection is on its listener's port.
  program.jumpIf(r2, '==', TCP_NEW_SYN_RECV, 'out').jumpIf(r2, '==', TCP_TIME_WAIT, 'time wait').add(r3, bucketOfSocket).jump('bucket').label('time wait').add(r3, bucketOfTimeWait).label('bucket');
  const read = (bytes: number): Assembler => program.store(64, fp, SCRATCH, 0).mov(r1, fp).add(r1, SCRATCH).mov(r2, bytes).call(helpers.probeReadKernel);
  read(8).load(64, r6, fp, SCRATCH).jumpIf(r6, '==', 0, 'out').mov(r8, portMark.shared);
  for (const name of ['fastreuse', 'fastreuseport']) {
    program.mov(r3, r6).add(r3, placeOf(types, 'inet_bind_bucket', name).offsetBytes);
    // A signed byte: 0 and above have no highest bit.
    read(1).load(8, r2, fp, SCRATCH).jumpIf(r2, '&', 0x80, `${name} is negative`).mov(r8, portMark.explicit).label(`${name} is negative`);
  }
  markDual(types, program, portMark.dualTcp);
  return mark(program, map, common('skc_num'));
}

/** For the iterator udp: notes which ports an IPv6 socket holds for IPv4 too. */
export function udpPortMarks(types: Btf, map: number): Uint8Array {
  const program = new Assembler().load(64, r7, r1, placeOf(types, 'bpf_iter__udp', 'udp_sk').offsetBytes).jumpIf(r7, '==', 0, 'out').mov(r8, 0);
  markDual(types, program, portMark.dualUdp);
  return mark(program, map, placeOf(types, 'sock_common', 'skc_num').offsetBytes);
}

/** Adds a mark in r8 for a socket in r7 that is IPv6's and not v6only. */
function markDual(types: Btf, program: Assembler, dual: number): void {
  const { offsetBytes, bits } = placeOf(types, 'sock_common', 'skc_ipv6only');
  program
    .load(16, r2, r7, placeOf(types, 'sock_common', 'skc_family').offsetBytes)
    .jumpIf(r2, '!=', AF_INET6, 'not dual')
    .load(8, r2, r7, offsetBytes)
    .jumpIf(r2, '&', 1 << (bits?.first ?? 0), 'not dual')
    .alu('or', r8, dual)
    .label('not dual');
}

/** Adds the marks in r8 to those of the port of the socket in r7. */
function mark(program: Assembler, map: number, port: number): Uint8Array {
  return program.load(16, r2, r7, port).loadMapValue(r1, map, 0).alu('add', r1, r2).load(8, r2, r1, 0).alu('or', r2, r8).store(8, r1, 0, r2).label('out').mov(r0, 0).exit().build();
}
