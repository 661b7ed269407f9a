import { Assembler } from '../assembler.ts';
import type { Btf } from '../btf.ts';
import { helpers } from '../helpers.ts';
import { fp, r0, r1, r2, r3, r4, r6, r7, r9 } from '../registers.ts';
import { loadSourcePort, onlyTcp, socketFields, storeTuple, tupleKey } from './socket-fields.ts';

/** Layout of a value, in bytes: 64-bit counts of one tuple's outgoing connections. */
export const churnValue = {
  /** A port is looked for. */
  tried: 0,
  established: 8,
  /** There was no port. */
  noPort: 16,
  /** Ended before it was established: refused, timed out, given up. */
  notMade: 24,
  /** Ended after it was established. */
  closed: 32,
  bytes: 40,
} as const;

const ESTABLISHED = 1;
const SYN_SENT = 2;
const CLOSE = 7;

const KEY = -tupleKey.bytes;
const VALUE = KEY - churnValue.bytes;
const SCRATCH = VALUE - 8;

/**
 * For the tracepoint sock:inet_sock_set_state: what becomes of outgoing connections, by tuple. An entry is made when a
 * connection begins and by nothing else, or each accepted connection would make one under its client's port.
 */
export function churnProgram(types: Btf, map: number): Uint8Array {
  const fields = socketFields(types);
  const program = new Assembler().mov(r6, r1).load(64, r2, r6, 8).load(64, r3, r6, 16).load(64, r7, r6, 0);
  // Only CLOSE -> SYN_SENT, SYN_SENT -> ESTABLISHED, and whatever leads to CLOSE.
  program
    .jumpIf32(r3, '==', SYN_SENT, 'begins')
    .jumpIf32(r3, '==', CLOSE, 'ends')
    .jumpIf32(r3, '!=', ESTABLISHED, 'out')
    .jumpIf32(r2, '!=', SYN_SENT, 'out')
    .mov(r9, churnValue.established)
    .jump('known')
    .label('begins')
    .mov(r9, churnValue.tried)
    .jump('known')
    .label('ends')
    .mov(r9, churnValue.closed)
    .jumpIf32(r2, '!=', SYN_SENT, 'known');
  loadSourcePort(program, fields, SCRATCH);
  program.mov(r9, churnValue.notMade).jumpIf(r2, '!=', 0, 'known').mov(r9, churnValue.noPort).label('known');
  onlyTcp(program, fields, 'out');
  storeTuple(program, fields, KEY, 'out');
  const lookUp = (): Assembler => program.loadMap(r1, map).mov(r2, fp).add(r2, KEY);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '!=', 0, 'count').jumpIf(r9, '!=', churnValue.tried, 'out');
  for (let offset = 0; offset < churnValue.bytes; offset += 8) program.store(64, fp, VALUE + offset, 0);
  lookUp().mov(r3, fp).add(r3, VALUE).mov(r4, 1).call(helpers.mapUpdate);
  lookUp().call(helpers.mapLookup).jumpIf(r0, '==', 0, 'out');
  program.label('count').mov(r2, 1);
  // The verifier wants places in a value to be constants, or small and known.
  for (const [name, offset] of Object.entries(churnValue)) {
    if (name === 'bytes') continue;
    program.jumpIf(r9, '!=', offset, `not ${name}`).atomic(64, 'add', r0, offset, r2).label(`not ${name}`);
  }
  program.label('out').mov(r0, 0).exit();
  return program.build();
}
