import { PortSet, type PortProbes } from '../model/index.ts';
import type { ConnectionRows } from './connection-rows.ts';
import { evidenceCode, evidenceOf, type Evidence } from './evidence.ts';

/** Ports that are asked one by one in `auto` mode before sampling begins: about 0.15 s. */
export const PROBE_LIMIT = 4096;
const SAMPLE = 64;
const NONE = -1;

export type ProbeMode = 'auto' | 'all' | 'none';

/**
 * Of what kind each port of the range is held: explicitly (lost to every connect()), or by connect() alone.
 * The kernel keeps this per port, in the bind bucket, for all addresses and both families together; so does this.
 */
export class PortKinds {
  /** Ports of the range that the kernel may hand out. */
  readonly usable: PortSet;
  /** Usable ports held explicitly: listeners, bound sockets, accepted ones, their TIME_WAIT. */
  readonly explicit = new PortSet();
  // A host without connections does not pay for these.
  #rowCount: Uint32Array | undefined;
  #firstRow: Int32Array | undefined;
  readonly #evidence = new Uint8Array(65536);
  readonly #noPort = new PortSet();
  readonly #rows: ConnectionRows;
  /** Ports whose kind no socket tells. */
  readonly candidates: number[] = [];
  #groups: number[][] = [];
  readonly #answers = new Map<number, boolean>();

  constructor(usable: PortSet, holders: Iterable<{ port: number; evidence: Evidence }>, rows: ConnectionRows) {
    this.usable = usable;
    this.#rows = rows;
    for (const { port, evidence } of holders) this.#markExplicit(port, evidence);
    if (rows.length > 0) this.#indexRows(rows);
  }

  /** Position of the first connection on a port, or -1. */
  firstRowOn(port: number): number {
    return this.#firstRow?.[port] ?? NONE;
  }

  #indexRows(rows: ConnectionRows): void {
    const rowCount = new Uint32Array(65536);
    const firstRow = new Int32Array(65536).fill(NONE);
    for (let row = 0; row < rows.length; row++) {
      const port = rows.port.at(row);
      if (rowCount[port]!++ === 0) firstRow[port] = row;
      if (rows.hasNoPortAt(row)) this.#noPort.add(port);
    }
    for (let port = 1; port < 65536; port++) if (rowCount[port]! > 0 && this.usable.has(port) && !this.explicit.has(port)) this.candidates.push(port);
    this.#rowCount = rowCount;
    this.#firstRow = firstRow;
  }

  /** Which ports to ask the kernel about first. */
  planProbes(mode: ProbeMode): readonly number[] {
    if (mode === 'none') return [];
    if (mode === 'all' || this.candidates.length <= PROBE_LIMIT) return this.candidates;
    this.#groups = this.#groupByProgram();
    const sample = Math.max(4, Math.min(SAMPLE, Math.floor(PROBE_LIMIT / this.#groups.length)));
    return this.#groups.flatMap((group) => everyNth(group, sample)).slice(0, PROBE_LIMIT);
  }

  /** After the first answers: the rest of every group whose sample did not agree with itself. */
  planMoreProbes(answers: PortProbes): readonly number[] {
    this.#take(answers);
    return this.#groups.filter((group) => this.#verdict(group) === 'mixed').flatMap((group) => group.filter((port) => !this.#answers.has(port)));
  }

  /** Takes all answers and settles every candidate. */
  settle(answers: PortProbes): void {
    this.#take(answers);
    for (const group of this.#groups) {
      const verdict = this.#verdict(group);
      if (verdict === 'mixed' || verdict === 'unknown') continue;
      for (const port of group) if (!this.#answers.has(port)) this.#infer(port, verdict === 'explicit', 'inferred');
    }
    for (const port of this.candidates) {
      const answer = this.#answers.get(port);
      if (answer !== undefined) this.#infer(port, answer, 'probed');
      else if (this.#evidence[port] !== 0) continue;
      else if (this.#noPort.has(port)) this.#infer(port, false, 'no-port-flag');
      else if (this.#rowCount![port]! > 1) this.#infer(port, false, 'shared-port');
      else this.#infer(port, false, 'inferred');
    }
  }

  evidenceAt(port: number): Evidence | undefined {
    return evidenceOf(this.#evidence[port]!);
  }

  #take(answers: PortProbes): void {
    for (const port of answers.explicit) this.#answers.set(port, true);
    for (const port of answers.shared) this.#answers.set(port, false);
  }

  #infer(port: number, isExplicit: boolean, evidence: Evidence): void {
    if (isExplicit) this.explicit.add(port);
    this.#evidence[port] = evidenceCode(evidence);
  }

  #markExplicit(port: number, evidence: Evidence): void {
    if (this.usable.has(port)) this.explicit.add(port);
    const code = evidenceCode(evidence);
    const held = this.#evidence[port]!;
    if (held === 0 || code < held) this.#evidence[port] = code;
  }

  #verdict(group: readonly number[]): 'explicit' | 'shared' | 'mixed' | 'unknown' {
    let explicit = 0;
    let shared = 0;
    for (const port of group) {
      const answer = this.#answers.get(port);
      if (answer === true) explicit++;
      else if (answer === false) shared++;
    }
    if (explicit > 0 && shared > 0) return 'mixed';
    return explicit > 0 ? 'explicit' : shared > 0 ? 'shared' : 'unknown';
  }

  /** One program towards one destination binds in one manner; what has closed, or says NO_PORT, is a group of its own. */
  #groupByProgram(): number[][] {
    const groups = new Map<number, number[]>();
    const TIME_WAIT = 6;
    for (const port of this.candidates) {
      const row = this.firstRowOn(port);
      const key = this.#rows.tuple.at(row) * 4 + (this.#rows.stateAt(row) === TIME_WAIT ? 2 : 0) + (this.#rows.hasNoPortAt(row) ? 1 : 0);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [port]);
      else group.push(port);
    }
    return [...groups.values()];
  }
}

function everyNth(ports: readonly number[], count: number): number[] {
  if (ports.length <= count) return [...ports];
  return Array.from({ length: count }, (_, index) => ports[Math.floor((index * ports.length) / count)]!);
}
