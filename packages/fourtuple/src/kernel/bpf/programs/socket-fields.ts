import type { Assembler } from '../assembler.ts';
import type { Btf, FieldPlace } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r1, r2, r3, r7, r8 } from '../registers.ts';
import { placeOf } from './places.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
const IPPROTO_TCP = 6;
/** `::ffff` before an IPv4 address, as a little-endian machine reads these four bytes. */
const MAPPED = 0xffff_0000;

/** Layout of a tuple in a key, in bytes: two addresses of 16, of which IPv4 fills the first 4, the port as on the wire, the family. */
export const tupleKey = { source: 0, destination: 16, destinationPort: 32, family: 34, namespace: 36, bytes: 40 } as const;

/** Places of what is read of a socket, as this kernel has them. */
export interface SocketFields {
  readonly family: number;
  readonly destinationPort: number;
  readonly destination4: number;
  readonly source4: number;
  readonly destination6: number;
  readonly source6: number;
  readonly net: number;
  readonly protocol: FieldPlace;
  readonly namespace: number;
  readonly sourcePort: number;
}

/** @throws UnsupportedError where one is missing */
export function socketFields(types: Btf): SocketFields {
  const of = (structure: string, path: string): FieldPlace => placeOf(types, structure, path);
  const common = (name: string): number => of('sock', `__sk_common.${name}`).offsetBytes;
  return {
    family: common('skc_family'),
    destinationPort: common('skc_dport'),
    destination4: common('skc_daddr'),
    source4: common('skc_rcv_saddr'),
    destination6: common('skc_v6_daddr'),
    source6: common('skc_v6_rcv_saddr'),
    net: common('skc_net.net'),
    protocol: of('sock', 'sk_protocol'),
    namespace: of('net', 'ns.inum').offsetBytes,
    sourcePort: of('inet_sock', 'inet_sport').offsetBytes,
  };
}

/** Goes to `out` for a socket in r7 that is none of TCP: DCCP and SCTP come the same way. Before 5.6 the protocol is a bit field, and is not looked at. */
export function onlyTcp(program: Assembler, { protocol }: SocketFields, out: string): void {
  if (protocol.bits === undefined) program.load(protocol.sizeBytes === 2 ? 16 : 8, r2, r7, protocol.offsetBytes).jumpIf(r2, '!=', IPPROTO_TCP, out);
}

/**
 * The source port of the socket in r7 into r2. The socket is an inet_sock, which the verifier does not know: it is
 * copied out. r0 to r5 hold nothing of use afterwards.
 * @param scratch place of 8 bytes on the stack
 */
export function loadSourcePort(program: Assembler, { sourcePort }: SocketFields, scratch: number): void {
  program.store(64, fp, scratch, 0).mov(r1, fp).add(r1, scratch).mov(r2, 2).mov(r3, r7).add(r3, sourcePort).call(helpers.probeReadKernel).load(16, r2, fp, scratch);
}

/**
 * Puts the tuple of the socket in r7 on the stack; a mapped destination counts as the IPv4 one that it is. Changes r2 and r8.
 * @param at place of {@link tupleKey} on the stack
 * @param out where to go for a family that is neither
 */
export function storeTuple(program: Assembler, fields: SocketFields, at: number, out: string): void {
  const name = `tuple ${program.length}`;
  for (let offset = 0; offset < tupleKey.bytes; offset += 8) program.store(64, fp, at + offset, 0);
  const put = (bits: 16 | 32 | 64, to: number, from: number): void => void program.load(bits, r2, r7, from).store(bits, fp, at + to, r2);
  put(16, tupleKey.destinationPort, fields.destinationPort);
  program.load(16, r8, r7, fields.family).jumpIf(r8, '==', AF_INET, `${name} v4`).jumpIf(r8, '!=', AF_INET6, out);
  program.load(32, r2, r7, fields.destination6 + 8).jumpIf32(r2, '!=', MAPPED, `${name} v6`).load(64, r2, r7, fields.destination6).jumpIf(r2, '==', 0, `${name} v4`);
  program.label(`${name} v6`);
  for (const half of [0, 8]) {
    put(64, tupleKey.source + half, fields.source6 + half);
    put(64, tupleKey.destination + half, fields.destination6 + half);
  }
  program.mov(r8, AF_INET6).jump(`${name} family`).label(`${name} v4`);
  put(32, tupleKey.source, fields.source4);
  put(32, tupleKey.destination, fields.destination4);
  program
    .mov(r8, AF_INET)
    .label(`${name} family`)
    .store(16, fp, at + tupleKey.family, r8)
    .load(64, r2, r7, fields.net)
    .load(32, r2, r2, fields.namespace)
    .store(32, fp, at + tupleKey.namespace, r2);
}
