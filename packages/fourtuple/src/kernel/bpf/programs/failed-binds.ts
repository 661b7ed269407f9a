import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r4, r6, r7, r8 } from '../registers.ts';
import { placeOf } from './places.ts';
import { AF_INET, AF_INET6 } from './socket-fields.ts';

/** Layout of a key, in bytes: what was to be bound (IPv4 in the first 4, the port as on the wire), what came of it, and who it was; the value is a 64-bit count. */
export const failedBindKey = { address: 0, port: 16, family: 18, errno: 20, namespace: 24, pid: 28, cgroupId: 32, command: 40, bytes: 56 } as const;

/** What is kept of a bind() until it returns, by thread: struct sockaddr_in6, or the shorter sockaddr_in. */
export const pendingBind = { keyBytes: 8, valueBytes: 32 } as const;

const SOCKADDR_IN = 16;
const SOCKADDR_IN6 = 28;

/** For sys_enter_bind: keeps the address, by thread. */
export function bindBeginsProgram(pending: number): Uint8Array {
  const KEY = -8;
  const VALUE = KEY - pendingBind.valueBytes;
  const ADDRESS_ARGUMENT = 24;
  const program = new Assembler().mov(r6, r1);
  for (let offset = 0; offset < pendingBind.valueBytes; offset += 8) program.store(64, fp, VALUE + offset, 0);
  // The address may end where memory does: no more is read than its family has.
  const read = (bytes: number): Assembler => program.mov(r1, fp).add(r1, VALUE).mov(r2, bytes).load(64, r3, r6, ADDRESS_ARGUMENT).call(helpers.probeReadUser);
  read(SOCKADDR_IN).load(16, r2, fp, VALUE).jumpIf(r2, '!=', AF_INET6, 'keep');
  // Other families are kept too: in the place of what the thread did before.
  read(SOCKADDR_IN6).label('keep').call(helpers.currentPidTgid).store(64, fp, KEY, r0);
  program.loadMap(r1, pending).mov(r2, fp).add(r2, KEY).mov(r3, fp).add(r3, VALUE).mov(r4, 0).call(helpers.mapUpdate);
  return program.mov(r0, 0).exit().build();
}

/** For sys_exit_bind: counts what failed by {@link failedBindKey}, in the array `lost` that for which there is no room. */
export function bindEndsProgram(types: Btf, pending: number, map: number, lost: number): Uint8Array {
  const KEY = -failedBindKey.bytes;
  const SCRATCH = KEY - 8;
  const RESULT = 16;
  const program = new Assembler().load(64, r8, r1, RESULT).jumpIf(r8, 's>=', 0, 'out');
  program.call(helpers.currentPidTgid).store(64, fp, SCRATCH, r0).mov(r6, r0);
  program.loadMap(r1, pending).mov(r2, fp).add(r2, SCRATCH).call(helpers.mapLookup).jumpIf(r0, '==', 0, 'out').mov(r7, r0);
  for (let offset = 0; offset < failedBindKey.bytes; offset += 8) program.store(64, fp, KEY + offset, 0);
  program.alu('rsh', r6, 32).store(32, fp, KEY + failedBindKey.pid, r6).neg(r8).store(32, fp, KEY + failedBindKey.errno, r8);
  const copy = (bits: 16 | 32, to: number, from: number): Assembler => program.load(bits, r2, r7, from).store(bits, fp, KEY + to, r2);
  copy(16, failedBindKey.port, 2);
  copy(16, failedBindKey.family, 0).jumpIf(r2, '==', AF_INET6, 'v6').jumpIf(r2, '!=', AF_INET, 'out');
  copy(32, failedBindKey.address, 4).jump('who').label('v6');
  for (const word of [0, 4, 8, 12]) copy(32, failedBindKey.address + word, 8 + word);
  program.label('who').call(helpers.currentCgroupId).store(64, fp, KEY + failedBindKey.cgroupId, r0);
  program.mov(r1, fp).add(r1, KEY + failedBindKey.command).mov(r2, 16).call(helpers.currentComm);
  program.call(helpers.currentTask).load(64, r2, r0, placeOf(types, 'task_struct', 'nsproxy').offsetBytes).jumpIf(r2, '==', 0, 'out');
  program.load(64, r2, r2, placeOf(types, 'nsproxy', 'net_ns').offsetBytes).load(32, r2, r2, placeOf(types, 'net', 'ns.inum').offsetBytes).store(32, fp, KEY + failedBindKey.namespace, r2);
  const lookUp = (): Assembler => program.loadMap(r1, map).mov(r2, fp).add(r2, KEY);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '!=', 0, 'count').store(64, fp, SCRATCH, 0);
  lookUp().mov(r3, fp).add(r3, SCRATCH).mov(r4, 1).call(helpers.mapUpdate);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '!=', 0, 'count').loadMapValue(r0, lost, 0);
  return program.label('count').mov(r2, 1).atomic(64, 'add', r0, 0, r2).label('out').mov(r0, 0).exit().build();
}
