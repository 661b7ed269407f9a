import type { Owner } from '../../model/owner.ts';
import { InodeTable } from '../inode-table.ts';
import type { ProcFs } from '../procfs/files.ts';
import { readOwner, type OwnersRead } from '../procfs/owners.ts';
import { requireInitialProcesses } from './initial-processes.ts';
import { BpfIterator } from './iterator.ts';
import { ownerRecord, socketOwners } from './programs/socket-owners.ts';

const WORDS = ownerRecord.bytes / 4;
/** A quarter of a millisecond, as long as a datagram of sockets takes. */
const READ_BYTES = 256 * ownerRecord.bytes;

/**
 * Finds which process holds which socket, of all users and namespaces, by a BPF iterator over descriptors (task_file):
 * a tenth of what reading /proc/PID/fd takes, and it sees threads with descriptors of their own. Pauses as it goes.
 * @param expected number of descriptors, at most
 * @throws UnsupportedError without CAP_BPF and CAP_PERFMON, before Linux 5.11, or in a process namespace of a container @throws VerifierError
 */
export function* readOwnersByBpfSteps(proc: ProcFs, expected = 0): Generator<void, OwnersRead> {
  requireInitialProcesses();
  const iterator = new BpfIterator('task_file', 'fourtuple_owner', socketOwners);
  try {
    const table = new InodeTable(expected);
    const owners: Owner[] = [];
    let pid = -1;
    let owner = -1;
    const known = new Map<number, number>();
    yield* iterator.walk(iterator.begin(), (bytes, length) => {
      const words = new Uint32Array(bytes.buffer, bytes.byteOffset, length / 4);
      for (let at = 0; at < words.length; at += WORDS) {
        // A process's descriptors come one after the other.
        if (words[at + 1] !== pid) {
          pid = words[at + 1]!;
          owner = known.get(pid) ?? -1;
          if (owner < 0) {
            known.set(pid, (owner = owners.length));
            owners.push(readOwner(proc, pid));
          }
        }
        table.add(words[at]!, owner);
      }
    }, READ_BYTES);
    return { limits: [], isComplete: true, index: { owners, weights: owners.map(() => 1), coverage: 'all', ownerOf: (inode) => table.find(inode) } };
  } finally {
    iterator.close();
  }
}
