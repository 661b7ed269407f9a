import { PortSet, TcpState, type OwnerIndex, type SocketTable } from '../model/index.ts';
import type { ConnectionRows } from './connection-rows.ts';
import type { Evidence } from './evidence.ts';
import type { PortKinds } from './port-kinds.ts';
import type { ExplicitKind, PoisonedPorts } from './types.ts';

const EXAMPLES = 5;

interface Group {
  kind: ExplicitKind;
  evidence: Evidence;
  readonly ownerIndex: number;
  ports: number;
  examples: number[];
}

/** Usable ports held explicitly, by who holds them and how; the largest group first. */
export function poisonedPorts(kinds: PortKinds, listening: SocketTable, bound: SocketTable, rows: ConnectionRows, owners: OwnerIndex): PoisonedPorts[] {
  const groups = new Map<string, Group>();
  let last: Group | undefined;
  const seen = new PortSet();
  const note = (port: number, kind: ExplicitKind, ownerIndex: number): void => {
    seen.add(port);
    const evidence = kinds.evidenceAt(port) ?? 'inferred';
    // Most ports are held as the one before.
    if (last?.kind !== kind || last.ownerIndex !== ownerIndex || last.evidence !== evidence) {
      const key = `${kind} ${ownerIndex} ${evidence}`;
      last = groups.get(key) ?? { kind, evidence, ownerIndex, ports: 0, examples: [] };
      groups.set(key, last);
    }
    const group = last;
    group.ports++;
    if (group.examples.length < EXAMPLES) group.examples.push(port);
  };
  // A listener explains a port better than a bound socket beside it does.
  for (const [kind, holders] of [
    ['listener', listening],
    ['bound-idle', bound],
  ] as const) {
    holders.forEach((socket) => {
      if (!seen.has(socket.localPort) && kinds.explicit.has(socket.localPort)) note(socket.localPort, kind, owners.ownerOf(socket.inode));
    });
  }
  for (const port of kinds.explicit) {
    if (seen.has(port)) continue;
    const row = rows.firstOn(port);
    if (row < 0) continue;
    const isTimeWait = rows.stateAt(row) === TcpState.timeWait;
    note(port, isTimeWait ? 'time-wait' : 'bound-connected', rows.ownerAt(row, owners));
  }
  return [...groups.values()].sort((left, right) => right.ports - left.ports).map(({ kind, evidence, ownerIndex, ports, examples }) => ({ kind, evidence, owner: owners.owners[ownerIndex], ports, examples }));
}
