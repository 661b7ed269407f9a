import { parseFilter } from '../filter/index.ts';
import { findSockets, KernelError, NamespaceLostError, ProcFs, readCgroupPaths, readOwner, readProcessDetails, readSharingOptions, readSocketBinds, reasonOf, UnsupportedError, userName, type FoundNamespace } from '../kernel/index.ts';
import { cgroupName, grouped, PortSet, Protocol, protocolName, SocketTable, stateName, TcpState, UNKNOWN, usablePorts, type NamespaceId, type Owner, type OwnerIndex, type PortProbes, type ProcessDetails, type Settings, type SharingOptions, type Snapshot, type SocketCursor } from '../model/index.ts';
import { ledgerOf, type Evidence, type HolderKind, type PortHolder } from '../usage/index.ts';
import { askKernel } from './measure.ts';
import { goneSentence, prefixed } from './snapshot.ts';
import { readSockets } from './sockets.ts';
import { openNamespace, type OpenedNamespace, type SourceChoice } from './source.ts';

export interface PortHolders {
  readonly holders: readonly PortHolder[];
  /** Namespaces in which the port is reserved, and those in whose range it lies. */
  readonly reservedIn: readonly NamespaceId[];
  readonly inRangeOf: readonly NamespaceId[];
  readonly limits: readonly string[];
}

/** Sockets of one port whose processes are looked for at most. */
const MAX_SEARCHED = 2000;
/** Sockets whose options are read at most: each takes four system calls. */
const MAX_ASKED = 200;

/** Finds every socket on a local port, live. */
export function findHolders(port: number, namespaces: readonly FoundNamespace[], options: { probes: 'auto' | 'kernel' | 'none'; source: SourceChoice }): PortHolders {
  const found = new Findings(port);
  const filter = parseFilter(`sport = :${port}`, { service: () => undefined, device: () => undefined, cgroup: () => undefined });
  let cgroups: Map<number, string> | undefined;
  for (const namespace of namespaces) {
    try {
      const opened = openNamespace(namespace, options.source);
      try {
        const table = readSockets(opened.source, [Protocol.tcp, Protocol.udp], filter, opened.settings.localPortRange);
        const ledger = ledgerOf(table, opened.settings);
        const { probes, limits } = askKernel(opened, ledger, options.probes);
        found.limits.push(...prefixed(namespace, namespaces, [...opened.limits, ...limits]));
        if (table.length > 0) cgroups ??= readCgroupPaths();
        found.add({ inode: namespace.inode, name: namespace.name }, opened.settings, table, undefined, answerOf(probes, port), cgroups, bindsOf(opened, port, table, options.probes));
      } finally {
        opened.source.close();
      }
    } catch (error) {
      if (error instanceof NamespaceLostError || namespaces.length === 1) throw error;
      found.limits.push(goneSentence(namespace, error));
    }
  }
  found.nameProcesses(new ProcFs());
  return found;
}

/** The same from a recording. */
export function findRecordedHolders(port: number, snapshot: Snapshot): PortHolders {
  const found = new Findings(port);
  found.limits.push(`Read from a recording of ${snapshot.takenAt} on ${snapshot.host}.`, ...snapshot.limits);
  for (const shot of snapshot.namespaces) {
    const table = new SocketTable();
    shot.sockets.forEach((socket) => {
      if (socket.localPort === port) table.accept(socket);
    });
    const answer = answerOf(shot.probes, port);
    found.add(shot.id, shot.settings, table, shot.owners, answer, undefined);
  }
  return found;
}

class Findings implements PortHolders {
  holders: PortHolder[] = [];
  readonly reservedIn: NamespaceId[] = [];
  readonly inRangeOf: NamespaceId[] = [];
  readonly limits: string[] = [];
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  add(namespace: NamespaceId, settings: Settings, table: SocketTable, owners: OwnerIndex | undefined, answer: Answer | undefined, cgroups: Map<number, string> | undefined, binds?: ReadonlyMap<bigint, 'explicit' | 'shared'>): void {
    if (settings.reservedPorts.has(this.#port)) this.reservedIn.push(namespace);
    const isUsable = usablePorts(settings, new PortSet()).has(this.#port);
    if (isUsable) this.inRangeOf.push(namespace);
    const hasListener = { tcp: false };
    table.forEach((socket) => (hasListener.tcp ||= socket.protocol === Protocol.tcp && socket.state === TcpState.listen));
    const tcpConnections = countTcpConnections(table);
    table.forEach((socket) => {
      const owner = owners?.owners[owners.ownerOf(socket.inode)];
      const isIpv6Socket = socket.family === 10;
      const cgroup = cgroups?.get(socket.cgroupId);
      const place = cgroup === undefined ? undefined : cgroupName(cgroup);
      const isBucket = socket.inode === 0 && socket.timer === 3;
      this.holders.push({
        namespace,
        protocol: protocolName(socket.protocol),
        local: socket.localAddress(),
        localPort: socket.localPort,
        remote: socket.remoteAddress(),
        remotePort: socket.remotePort,
        state: stateName(socket.state),
        stateNumber: socket.state,
        isBucket,
        isIpv6Socket,
        v6Only: socket.v6Only === UNKNOWN ? (isIpv6Socket ? undefined : false) : socket.v6Only === 1,
        device: socket.interfaceIndex,
        inode: socket.inode,
        uid: isBucket ? undefined : socket.uid,
        ...kindOf(socket, { isUsable, hasListener: hasListener.tcp, answer, tcpConnections, own: binds?.get(cookieOf(socket)) }),
        owner,
        process: undefined,
        sharedWith: [],
        descriptor: undefined,
        sharing: undefined,
        place: place?.container ?? place?.unit,
        user: isBucket ? undefined : (userName(socket.uid) ?? String(socket.uid)),
        timeWaitSecondsLeft: isBucket ? socket.expiresMs / 1000 : undefined,
        withoutProcess: owner === undefined ? reasonWithoutProcess(socket, isBucket) : undefined,
      });
    });
  }

  /** Finds the processes, once for all namespaces, and asks their sockets how they share the port. */
  nameProcesses(proc: ProcFs): void {
    const inodes = [...new Set(this.holders.map((holder) => holder.inode).filter((inode) => inode !== 0))];
    if (inodes.length > MAX_SEARCHED) this.limits.push(`Of ${grouped(inodes.length)} sockets with a process the first ${grouped(MAX_SEARCHED)} were looked up.`);
    const searched = new Set(inodes.slice(0, MAX_SEARCHED));
    const descriptors = findSockets(proc, searched);
    if (proc.hidesProcesses()) this.limits.push('The processes of other users are hidden in /proc (hidepid): their sockets show no process.');
    const owners = new Map<number, { owner: Owner; process: ProcessDetails }>();
    let asked = 0;
    let refusal: unknown;
    this.holders = this.holders.map((holder) => {
      const [descriptor, ...others] = descriptors.get(holder.inode) ?? [];
      if (descriptor === undefined) return holder.inode === 0 || searched.has(holder.inode) ? holder : { ...holder, withoutProcess: 'its process was not looked up' };
      let known = owners.get(descriptor.pid);
      if (known === undefined) owners.set(descriptor.pid, (known = { owner: readOwner(proc, descriptor.pid), process: readProcessDetails(proc, descriptor.pid) }));
      let sharing: SharingOptions | undefined;
      if (asked++ < MAX_ASKED) {
        try {
          sharing = readSharingOptions(descriptor, holder.isIpv6Socket ? 10 : 2);
        } catch (error) {
          // One that has gone meanwhile refuses nothing.
          if (!(error instanceof KernelError) || (error.code !== 'EBADF' && error.code !== 'ESRCH')) refusal ??= error;
        }
      }
      return { ...holder, ...known, descriptor, sharedWith: others.map(({ pid }) => pid), sharing, v6Only: holder.v6Only ?? sharing?.v6Only, withoutProcess: undefined };
    });
    if (refusal !== undefined) this.limits.push(sharingLimit(refusal));
  }
}

/** Why another process's socket could not be asked for its options. */
function sharingLimit(error: unknown): string {
  return `The options of sockets (SO_REUSEADDR, SO_REUSEPORT) could not be read from their processes (${reasonOf(error)}): that takes the right to trace them, and Linux 5.6.`;
}

function countTcpConnections(table: SocketTable): number {
  let count = 0;
  table.forEach((socket) => {
    if (socket.protocol === Protocol.tcp && socket.state !== TcpState.listen && socket.state !== TcpState.boundInactive) count++;
  });
  return count;
}

/** How the port's bind bucket is held, and how that is known. */
interface Answer {
  readonly kind: 'explicit' | 'shared';
  readonly evidence: Evidence;
}

function answerOf({ explicit, shared, evidence: read }: PortProbes, port: number): Answer | undefined {
  const evidence = read ?? 'probed';
  if (explicit.includes(port)) return { kind: 'explicit', evidence };
  return shared.includes(port) ? { kind: 'shared', evidence } : undefined;
}

function cookieOf(socket: SocketCursor): bigint {
  return (BigInt(socket.cookieHigh) << 32n) | BigInt(socket.cookieLow);
}

/** What the kernel keeps with each socket, where that is asked for, or where several connections share a port and what is known of the port does not tell. */
function bindsOf(opened: OpenedNamespace, port: number, table: SocketTable, mode: 'auto' | 'kernel' | 'none'): ReadonlyMap<bigint, 'explicit' | 'shared'> | undefined {
  if (mode === 'none' || !opened.canEnter || countTcpConnections(table) < (mode === 'kernel' ? 1 : 2)) return undefined;
  try {
    return readSocketBinds(port, (work) => opened.inside(work));
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof KernelError) return undefined;
    throw error;
  }
}

interface PortFacts {
  readonly isUsable: boolean;
  readonly hasListener: boolean;
  readonly answer: Answer | undefined;
  readonly tcpConnections: number;
  /** What the kernel keeps with the socket itself. */
  readonly own: 'explicit' | 'shared' | undefined;
}

/** The kind of one socket. Where the kernel answers for the port as a whole, with several sockets some kinds are inferred. */
function kindOf(socket: SocketCursor, facts: PortFacts): { kind: HolderKind; evidence: Evidence } {
  if (socket.protocol === Protocol.udp) return { kind: 'explicit', evidence: 'bound-idle' };
  if (socket.state === TcpState.listen) return { kind: 'listener', evidence: 'listening' };
  if (socket.state === TcpState.boundInactive) return { kind: 'explicit', evidence: 'bound-idle' };
  if (facts.hasListener) return { kind: 'explicit', evidence: 'accepted' };
  if (facts.own !== undefined) return { kind: facts.own === 'shared' ? 'connect-chosen' : 'explicit', evidence: 'kernel' };
  if (facts.answer?.kind === 'shared') return { kind: 'connect-chosen', evidence: facts.answer.evidence };
  if (facts.answer?.kind === 'explicit') return { kind: 'explicit', evidence: facts.tcpConnections === 1 ? facts.answer.evidence : 'inferred' };
  if (!facts.isUsable) return { kind: 'explicit', evidence: 'inferred' };
  if (socket.noPort === 1) return { kind: 'connect-chosen', evidence: 'no-port-flag' };
  return { kind: 'connect-chosen', evidence: facts.tcpConnections > 1 ? 'shared-port' : 'inferred' };
}

function reasonWithoutProcess(socket: SocketCursor, isBucket: boolean): string {
  if (isBucket) return 'the kernel keeps it; its process has closed it';
  if (socket.inode === 0) return socket.state === TcpState.established || socket.state === TcpState.synRecv ? 'not accepted yet, or closed by its process' : 'closed by its process';
  return 'of the kernel, in flight between processes, or of a process that may not be read';
}
