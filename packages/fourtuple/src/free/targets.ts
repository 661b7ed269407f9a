import { parseFilter, type SocketFilter } from '../filter/index.ts';
import type { FoundNamespace } from '../kernel/index.ts';
import { readJournal } from '../journal/index.ts';
import { endpointText, Protocol, SocketCursor, stateGroups, stateBit, TcpState, type Address, type NamespaceId } from '../model/index.ts';
import { findHolders, namespaceId, openNamespace, readSockets, type SourceChoice } from '../observe/index.ts';
import type { PortHolder } from '../usage/index.ts';

export type Doomed = 'time-wait' | 'connection';

/** Which sockets are meant: every part that is given must fit. */
export interface Selection {
  /** Local port. */
  readonly port?: number | undefined;
  readonly destination?: Address | undefined;
  readonly destinationPort?: number | undefined;
  readonly source?: Address | undefined;
}

/** What FIN_WAIT2 keeps is a TIME_WAIT to come, and holds its port as one. */
const states = { 'time-wait': stateBit(TcpState.timeWait) | stateBit(TcpState.finWait2), connection: stateGroups['connected']! & ~stateBit(TcpState.timeWait) } as const;

/** The sockets of a namespace that a selection means, each a copy. */
export function findTargets(kind: Doomed, selection: Selection, namespace: FoundNamespace, source: SourceChoice): { targets: SocketCursor[]; namespace: NamespaceId; limits: readonly string[] } {
  const opened = openNamespace(namespace, source);
  try {
    const table = readSockets(opened.source, [Protocol.tcp], { ...filterOf(selection), states: states[kind] }, opened.settings.localPortRange);
    const targets: SocketCursor[] = [];
    table.forEach((socket) => {
      const isBucket = socket.timer === 3 && socket.inode === 0;
      if (isBucket === (kind === 'time-wait')) targets.push(Object.assign(new SocketCursor(), socket));
    });
    return { targets, namespace: namespaceId(namespace), limits: opened.limits };
  } finally {
    opened.source.close();
  }
}

function filterOf({ port, destination, destinationPort, source }: Selection): SocketFilter {
  const host = (address: Address): string => (address.isIpv4 ? address.toString() : `[${address.toString()}]`);
  const parts = [
    port === undefined ? undefined : `sport = :${port}`,
    destination === undefined ? undefined : `dst ${host(destination)}`,
    destinationPort === undefined ? undefined : `dport = :${destinationPort}`,
    source === undefined ? undefined : `src ${host(source)}`,
  ].filter((part) => part !== undefined);
  return parseFilter(parts.join(' and '), { service: () => undefined, device: () => undefined, cgroup: () => undefined });
}

/**
 * Holders of a port beside which a server with SO_REUSEADDR could bind, if only they had it too.
 * @param changed inode numbers: of them alone it is to be taken away again.
 */
export function findBeside(port: number, namespace: FoundNamespace, source: SourceChoice, wanted: boolean, changed?: ReadonlySet<number>): { holders: PortHolder[]; hopeless: PortHolder[]; limits: readonly string[] } {
  const found = findHolders(port, [namespace], { probes: 'none', source });
  const tcp = found.holders.filter((holder) => holder.protocol === 'tcp');
  const isReachable = (holder: PortHolder): boolean => holder.descriptor !== undefined && holder.sharing !== undefined && holder.stateNumber !== TcpState.listen;
  return {
    holders: tcp.filter((holder) => isReachable(holder) && holder.sharing!.reuseAddress !== wanted && changed?.has(holder.inode) !== false),
    hopeless: wanted ? tcp.filter((holder) => !isReachable(holder)) : [],
    limits: found.limits,
  };
}

/** Inode numbers of the sockets on a port that bind-beside has changed, and not changed back. */
export function changedSockets(journal: string, port: number, namespace: number): Set<number> {
  const changed = new Set<number>();
  for (const { command, phase, namespace: where, deeds } of readJournal(journal)) {
    if (phase !== 'end' || where !== namespace || command[1] !== 'bind-beside' || command[2] !== String(port)) continue;
    for (const { inode, outcome } of deeds) {
      if (inode === undefined || outcome !== 'done') continue;
      if (command.includes('--undo')) changed.delete(inode);
      else changed.add(inode);
    }
  }
  return changed;
}

export function socketText(socket: SocketCursor): string {
  return `${endpointText(socket.localAddress(), socket.localPort)} → ${endpointText(socket.remoteAddress(), socket.remotePort)}`;
}
