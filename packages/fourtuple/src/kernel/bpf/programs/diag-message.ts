import type { Assembler } from '../assembler.ts';
import { fp, r2, r7 } from '../registers.ts';

/** Offsets in struct inet_diag_msg (include/uapi/linux/inet_diag.h), in whose layout programs write sockets, as sock_diag does. */
export const diag = { family: 0, state: 1, timer: 2, localPort: 4, remotePort: 6, local: 8, remote: 24, interface: 40, cookie: 44, expires: 52, uid: 64, inode: 68, bytes: 72 } as const;

const AF_INET = 2;
const AF_INET6 = 10;

/** Copies a number of the socket in r7 to the record, which begins there on the stack. */
export function copyField(program: Assembler, record: number, bits: 16 | 32, to: number, from: number): Assembler {
  return program.load(bits, r2, r7, from).store(bits, fp, record + to, r2);
}

/**
 * Copies family and addresses of the socket in r7. Goes to the label `write` after those of IPv4, on after those of IPv6, and to
 * `out` for any other family.
 * @param common place of a field of struct sock_common in it
 */
export function copyAddresses(program: Assembler, record: number, common: (name: string) => number): void {
  program.load(16, r2, r7, common('skc_family')).jumpIf(r2, '==', AF_INET6, 'v6').jumpIf(r2, '!=', AF_INET, 'out').store(8, fp, record + diag.family, AF_INET);
  copyField(program, record, 32, diag.local, common('skc_rcv_saddr'));
  copyField(program, record, 32, diag.remote, common('skc_daddr')).jump('write').label('v6').store(8, fp, record + diag.family, AF_INET6);
  for (const word of [0, 4, 8, 12]) {
    copyField(program, record, 32, diag.local + word, common('skc_v6_rcv_saddr') + word);
    copyField(program, record, 32, diag.remote + word, common('skc_v6_daddr') + word);
  }
}
