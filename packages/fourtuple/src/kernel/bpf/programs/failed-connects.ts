import { UnsupportedError } from '../../errors.ts';
import { Assembler } from '../assembler.ts';
import type { Btf, FieldPlace } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r4, r6, r7, r8 } from '../registers.ts';

/** Layout of a key of the map, in bytes; the value is a 64-bit count. */
export const failedConnectKey = { cgroupId: 0, pid: 8, namespace: 12, source: 16, destination: 32, destinationPort: 48, family: 50, command: 56, bytes: 72 } as const;

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const SYN_SENT = 2;
const CLOSE = 7;
/** `::ffff` before an IPv4 address, as a little-endian machine reads these four bytes. */
const MAPPED = 0xffff_0000;

/** Place of the key on the stack, and of what is read beside it. */
const KEY = -failedConnectKey.bytes;
const SCRATCH = KEY - 8;

/** Places of what the program reads, as this kernel has them. @throws UnsupportedError where one is missing */
function places(types: Btf) {
  const of = (structure: string, path: string): FieldPlace => {
    const place = types.field(structure, path);
    if (place === undefined) throw new UnsupportedError('counting failed connects by BPF', `a kernel whose struct ${structure} has ${path}`);
    return place;
  };
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

/**
 * For the tracepoint sock:inet_sock_set_state, in the context of who connects. connect() sets SYN_SENT before it looks for
 * a port, and goes back to CLOSE when it finds none: then, and only then, the source port is 0 (tcp_v4_connect,
 * tcp_v6_connect). Counts them in a hash map by {@link failedConnectKey}; in the array `lost` those for whom it is full.
 */
export function failedConnectsProgram(types: Btf, map: number, lost: number): Uint8Array {
  const at = places(types);
  const program = new Assembler()
    .mov(r6, r1)
    .load(64, r2, r6, 8)
    .jumpIf32(r2, '!=', SYN_SENT, 'out')
    .load(64, r2, r6, 16)
    .jumpIf32(r2, '!=', CLOSE, 'out')
    .load(64, r7, r6, 0);
  if (at.protocol.bits === undefined) program.load(at.protocol.sizeBytes === 2 ? 16 : 8, r2, r7, at.protocol.offsetBytes).jumpIf(r2, '!=', IPPROTO_TCP, 'out');
  // The socket is an inet_sock, which the verifier does not know: the port is copied out.
  program
    .store(64, fp, SCRATCH, 0)
    .mov(r1, fp)
    .add(r1, SCRATCH)
    .mov(r2, 2)
    .mov(r3, r7)
    .add(r3, at.sourcePort)
    .call(helpers.probeReadKernel)
    .load(16, r2, fp, SCRATCH)
    .jumpIf(r2, '!=', 0, 'out');
  for (let offset = 0; offset < failedConnectKey.bytes; offset += 8) program.store(64, fp, KEY + offset, 0);
  const put = (bits: 16 | 32 | 64, to: number, from: number): void => void program.load(bits, r2, r7, from).store(bits, fp, KEY + to, r2);
  put(16, failedConnectKey.destinationPort, at.destinationPort);
  program.load(16, r8, r7, at.family).jumpIf(r8, '==', AF_INET, 'v4').jumpIf(r8, '!=', AF_INET6, 'out');
  // A mapped destination takes the way of IPv4.
  program.load(32, r2, r7, at.destination6 + 8).jumpIf32(r2, '!=', MAPPED, 'v6').load(64, r2, r7, at.destination6).jumpIf(r2, '==', 0, 'v4');
  program.label('v6');
  for (const half of [0, 8]) {
    put(64, failedConnectKey.source + half, at.source6 + half);
    put(64, failedConnectKey.destination + half, at.destination6 + half);
  }
  program.mov(r8, AF_INET6).jump('who').label('v4');
  put(32, failedConnectKey.source, at.source4);
  put(32, failedConnectKey.destination, at.destination4);
  program
    .mov(r8, AF_INET)
    .label('who')
    .store(16, fp, KEY + failedConnectKey.family, r8)
    .load(64, r2, r7, at.net)
    .load(32, r2, r2, at.namespace)
    .store(32, fp, KEY + failedConnectKey.namespace, r2)
    .call(helpers.currentPidTgid)
    .alu('rsh', r0, 32)
    .store(32, fp, KEY + failedConnectKey.pid, r0)
    .call(helpers.currentCgroupId)
    .store(64, fp, KEY + failedConnectKey.cgroupId, r0)
    .mov(r1, fp)
    .add(r1, KEY + failedConnectKey.command)
    .mov(r2, 16)
    .call(helpers.currentComm);
  // One more, or the first; of two that are the first at once, the later one finds the entry of the other.
  program
    .loadMap(r1, map)
    .mov(r2, fp)
    .add(r2, KEY)
    .call(helpers.mapLookup)
    .jumpIf(r0, '!=', 0, 'count')
    .store(64, fp, SCRATCH, 0)
    .loadMap(r1, map)
    .mov(r2, fp)
    .add(r2, KEY)
    .mov(r3, fp)
    .add(r3, SCRATCH)
    .mov(r4, 1)
    .call(helpers.mapUpdate)
    .loadMap(r1, map)
    .mov(r2, fp)
    .add(r2, KEY)
    .call(helpers.mapLookup)
    .jumpIf(r0, '!=', 0, 'count')
    .loadMapValue(r0, lost, 0)
    .label('count')
    .mov(r2, 1)
    .atomic(64, 'add', r0, 0, r2)
    .label('out')
    .mov(r0, 0)
    .exit();
  return program.build();
}
