import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { Address } from '../model/address.ts';
import { isAlive } from './alive.ts';
import type { FailedConnects } from './bpf/failed-connects.ts';
import { errnoOf, UnsupportedError } from './errors.ts';

const PREFIX = 'fourtuple-';
/** Of each processor: some 40,000 events. */
const BUFFER_KIB = 4096;
const CHUNK = 65_536;
const NO_NAME = '<...>';
const UNKNOWN = '?';
const EVENT = 'events/sock/inet_sock_set_state';

/**
 * The same as FailedConnectCounter where BPF is not to be had: by the tracepoint's text, which the kernel filters. Events
 * that nobody fetched in time are lost, and counted as such.
 */
export class TracedFailedConnects {
  readonly #folder: string;
  readonly #pipe: number;
  readonly #counts = new Map<string, { -readonly [Key in keyof FailedConnects]: FailedConnects[Key] }>();
  readonly #processes = new Map<number, Process>();
  #rest = '';
  lost = 0;

  /** @throws UnsupportedError where tracefs is not mounted, or not ours to use */
  constructor(mounts = readFileSync('/proc/self/mounts', 'latin1')) {
    const root = tracefsRoot('the tracepoint of failed connects', mounts);
    sweep(root);
    this.#folder = `${root}/instances/${PREFIX}${process.pid}-${made++}`;
    try {
      mkdirSync(this.#folder);
    } catch (error) {
      throw new UnsupportedError('the tracepoint of failed connects', 'the right to make a trace instance (root)', error);
    }
    try {
      writeFileSync(`${this.#folder}/buffer_size_kb`, String(BUFFER_KIB));
      optionally(`${this.#folder}/options/record-tgid`, '1');
      writeFileSync(`${this.#folder}/${EVENT}/filter`, 'oldstate == 2 && newstate == 7 && sport == 0');
      writeFileSync(`${this.#folder}/${EVENT}/enable`, '1');
      this.#pipe = openSync(`${this.#folder}/trace_pipe`, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      removeInstance(this.#folder);
      throw new UnsupportedError('the tracepoint of failed connects', 'the tracepoint sock:inet_sock_set_state (Linux 4.16)', error);
    }
  }

  read(): FailedConnects[] {
    const chunk = Buffer.alloc(CHUNK);
    for (let length = this.#next(chunk); length > 0; length = this.#next(chunk)) {
      const lines = (this.#rest + chunk.toString('latin1', 0, length)).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    }
    return [...this.#counts.values()];
  }

  /** @returns 0 when there is nothing at present */
  #next(chunk: Buffer): number {
    try {
      return readSync(this.#pipe, chunk);
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return 0;
      throw error;
    }
  }

  #take(line: string): void {
    const loss = /\[LOST (\d+) EVENTS\]/.exec(line);
    if (loss !== null) this.lost += Number(loss[1]);
    const event = parseStateEvent(line);
    if (event === undefined) return;
    const owner = this.#processOf(event.task, event.pid);
    // The tracer remembers the names of few threads, and writes `<...>` for the others.
    const command = event.command === NO_NAME ? owner.command : event.command;
    const key = `${owner.pid} ${event.source} ${event.destination} ${event.destinationPort}`;
    const counted = this.#counts.get(key);
    if (counted !== undefined) {
      counted.count++;
      if (counted.command === UNKNOWN) counted.command = command;
      return;
    }
    this.#counts.set(key, { namespace: owner.namespace, source: Address.parse(event.source)!, destination: Address.parse(event.destination)!, destinationPort: event.destinationPort, pid: owner.pid, command, cgroupId: undefined, count: 1 });
  }

  /** The process of a thread, and its network namespace: asked while it still is there. */
  #processOf(task: number, pid: number | undefined): Process {
    let found = this.#processes.get(task);
    if (found === undefined) this.#processes.set(task, (found = findProcess(task, pid)));
    return found;
  }

  close(): void {
    closeSync(this.#pipe);
    removeInstance(this.#folder);
  }
}

/** Where tracefs is mounted. @throws UnsupportedError */
export function tracefsRoot(purpose: string, mounts = readFileSync('/proc/self/mounts', 'latin1')): string {
  const root = /^\S+ (\S+) tracefs /m.exec(mounts)?.[1];
  if (root === undefined) throw new UnsupportedError(purpose, 'tracefs to be mounted (mount -t tracefs tracefs /sys/kernel/tracing)');
  return root;
}

/** Instances that this process made. */
let made = 0;

interface Process {
  readonly pid: number;
  readonly command: string;
  readonly namespace: number | undefined;
}

/** @param told the process that the tracer names, if it does */
function findProcess(task: number, told: number | undefined): Process {
  // The thread may be gone while its process is there.
  for (const id of told === undefined || told === task ? [task] : [task, told]) {
    try {
      const pid = told ?? Number(/^Tgid:\s*(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'latin1'))?.[1] ?? task);
      return { pid, command: readFileSync(`/proc/${id}/comm`, 'latin1').trimEnd(), namespace: statSync(`/proc/${id}/ns/net`).ino };
    } catch {
      continue;
    }
  }
  return { pid: told ?? task, command: UNKNOWN, namespace: undefined };
}

interface StateEvent {
  /** Thread. */
  readonly task: number;
  /** Process, where the tracer knows it (Linux 4.13). */
  readonly pid: number | undefined;
  readonly command: string;
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
}

const line = /^\s*(.{1,16})-(\d+)\s+(?:\(([^)]*)\)\s+)?\[\d+\].*: inet_sock_set_state: family=(\w+) protocol=IPPROTO_TCP sport=\d+ dport=(\d+) saddr=(\S+) daddr=(\S+) saddrv6=(\S+) daddrv6=(\S+) /;

/** One line of trace_pipe; undefined for one of another kind. */
export function parseStateEvent(text: string): StateEvent | undefined {
  const match = line.exec(text);
  if (match === null) return undefined;
  const [, command = '', task, tgid = '', family, port, source4 = '', destination4 = '', source6 = '', destination6 = ''] = match;
  const isIpv6 = family === 'AF_INET6' && !destination6.startsWith('::ffff:');
  return { task: Number(task), pid: /^\s*\d+\s*$/.test(tgid) ? Number(tgid) : undefined, command: command.trim(), source: isIpv6 ? source6 : source4, destination: isIpv6 ? destination6 : destination4.startsWith('0.0.0.0') ? destination6.replace('::ffff:', '') : destination4, destinationPort: Number(port) };
}

/** Writes to a file that older kernels have not. */
function optionally(path: string, text: string): void {
  if (existsSync(path)) writeFileSync(path, text);
}

function removeInstance(folder: string): void {
  try {
    writeFileSync(`${folder}/${EVENT}/enable`, '0');
  } catch {
    // It was not begun.
  }
  rmdirSync(folder);
}

/** Takes away what a process of ours left that was killed. */
function sweep(root: string): void {
  for (const name of existsSync(`${root}/instances`) ? readdirSync(`${root}/instances`) : []) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      removeInstance(`${root}/instances/${name}`);
    } catch {
      // Somebody reads it.
    }
  }
}
