import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r4, r6, r7 } from '../registers.ts';
import { loadSourcePort, onlyTcp, socketFields, storeTuple, tupleKey } from './socket-fields.ts';

/** Layout of a key of the map, in bytes, behind that of the tuple; the value is a 64-bit count. */
export const failedConnectKey = { ...tupleKey, cgroupId: tupleKey.bytes, pid: tupleKey.bytes + 8, command: tupleKey.bytes + 16, bytes: tupleKey.bytes + 32 } as const;

const SYN_SENT = 2;
const CLOSE = 7;

/** Place of the key on the stack, and of what is read beside it. */
const KEY = -failedConnectKey.bytes;
const SCRATCH = KEY - 8;

/**
 * For the tracepoint sock:inet_sock_set_state, in the context of who connects. connect() sets SYN_SENT before it looks for
 * a port, and goes back to CLOSE when it finds none: then, and only then, the source port is 0 (tcp_v4_connect,
 * tcp_v6_connect). Counts them in a hash map by {@link failedConnectKey}; in the array `lost` those for whom it is full.
 */
export function failedConnectsProgram(types: Btf, map: number, lost: number): Uint8Array {
  const fields = socketFields(types);
  const program = new Assembler().mov(r6, r1).load(64, r2, r6, 8).jumpIf32(r2, '!=', SYN_SENT, 'out').load(64, r2, r6, 16).jumpIf32(r2, '!=', CLOSE, 'out').load(64, r7, r6, 0);
  onlyTcp(program, fields, 'out');
  loadSourcePort(program, fields, SCRATCH);
  program.jumpIf(r2, '!=', 0, 'out');
  storeTuple(program, fields, KEY, 'out');
  program
    .call(helpers.currentPidTgid)
    .alu('rsh', r0, 32)
    .store(64, fp, KEY + failedConnectKey.pid, r0)
    .call(helpers.currentCgroupId)
    .store(64, fp, KEY + failedConnectKey.cgroupId, r0)
    .store(64, fp, KEY + failedConnectKey.command, 0)
    .store(64, fp, KEY + failedConnectKey.command + 8, 0)
    .mov(r1, fp)
    .add(r1, KEY + failedConnectKey.command)
    .mov(r2, 16)
    .call(helpers.currentComm);
  // One more, or the first; of two that are the first at once, the later one finds the entry of the other.
  const lookUp = (): Assembler => program.loadMap(r1, map).mov(r2, fp).add(r2, KEY);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '!=', 0, 'count').store(64, fp, SCRATCH, 0);
  lookUp().mov(r3, fp).add(r3, SCRATCH).mov(r4, 1).call(helpers.mapUpdate);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '!=', 0, 'count').loadMapValue(r0, lost, 0);
  program.label('count').mov(r2, 1).atomic(64, 'add', r0, 0, r2).label('out').mov(r0, 0).exit();
  return program.build();
}
