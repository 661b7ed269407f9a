import { statSync } from 'node:fs';
import { UnsupportedError } from '../errors.ts';

/** Inode number of the first process namespace (include/linux/proc_ns.h): processes are numbered there as the kernel numbers them. */
const INITIAL_PROCESSES = 0xeffffffc;

/** @throws UnsupportedError in the process namespace of a container, where processes have other numbers */
export function requireInitialProcesses(): void {
  if (statSync('/proc/self/ns/pid').ino !== INITIAL_PROCESSES) throw new UnsupportedError('naming processes by BPF', 'the process namespace of the host');
}
