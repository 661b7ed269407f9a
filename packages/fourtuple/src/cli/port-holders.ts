import { ownerText } from '../diagnose/texts.ts';
import { endpointText, grouped } from '../model/index.ts';
import { printable, type Column } from '../report/index.ts';
import type { PortHolder } from '../usage/index.ts';
import { ownerDocument } from './documents.ts';

/** A holder, or several that differ in their remote end alone. */
export interface HolderRow extends PortHolder {
  readonly alike?: number;
}

const FOLD_FROM = 4;
const LONGEST_COMMAND = 160;

export const holderColumns: readonly Column<HolderRow>[] = [
  { id: 'namespace', title: 'namespace', help: 'Network namespace.', align: 'left', value: (holder) => holder.namespace.name, canShrink: true, dropFirst: 2 },
  { id: 'protocol', title: 'proto', help: 'tcp or udp.', align: 'left', value: (holder) => holder.protocol },
  { id: 'state', title: 'state', help: 'State of the socket.', align: 'left', value: (holder) => holder.state, text: (holder) => holder.state + (holder.timeWaitSecondsLeft === undefined ? '' : ` (${holder.timeWaitSecondsLeft.toFixed(1)} s left)`) },
  { id: 'local', title: 'local', help: 'Local address and port.', align: 'left', value: (holder) => endpointText(holder.local, holder.localPort), canShrink: true },
  { id: 'remote', title: 'remote', help: 'Remote address and port.', align: 'left', value: (holder) => (holder.alike === undefined ? endpointText(holder.remote, holder.remotePort) : `many (${grouped(holder.alike)})`), canShrink: true },
  { id: 'kind', title: 'kind (how known)', help: 'Holder kind, and the evidence for it.', align: 'left', value: (holder) => `${holder.kind} (${holder.evidence})` },
  { id: 'sharing', title: 'flags', help: 'R: SO_REUSEADDR, P: SO_REUSEPORT, 6: IPv6 only; -: none of them; ?: not known.', align: 'left', value: flagsOf, dropFirst: 1 },
  { id: 'process', title: 'held by', help: 'Process, or why none is shown.', align: 'left', value: heldBy, text: (holder) => printable(heldBy(holder)), canShrink: true },
];

/** Folds sockets that differ in their remote end alone, from four on: a listener may have thousands of children. */
export function foldAlike(holders: readonly PortHolder[]): HolderRow[] {
  const groups = new Map<string, PortHolder[]>();
  for (const holder of holders) {
    const key = [holder.namespace.inode, holder.protocol, holder.state, holder.local.toString(), holder.kind, holder.evidence, flagsOf(holder), heldBy(holder)].join('|');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [holder]);
    else group.push(holder);
  }
  return [...groups.values()].flatMap((group): HolderRow[] => (group.length < FOLD_FROM ? group : [{ ...group[0]!, alike: group.length, timeWaitSecondsLeft: longest(group) }]));
}

function longest(group: readonly PortHolder[]): number | undefined {
  const seconds = group.map((holder) => holder.timeWaitSecondsLeft).filter((value) => value !== undefined);
  return seconds.length === 0 ? undefined : Math.max(...seconds);
}

/** How the socket shares its port, in letters. */
function flagsOf({ sharing, v6Only, protocol, isBucket }: PortHolder): string {
  if (sharing === undefined) return protocol === 'tcp' && isBucket ? '?' : v6Only === true ? '?6' : '?';
  return `${sharing.reuseAddress ? 'R' : ''}${sharing.reusePort ? 'P' : ''}${v6Only === true ? '6' : ''}` || '-';
}

function heldBy(holder: PortHolder): string {
  if (holder.owner !== undefined) return `${ownerText(holder.owner)}, user ${holder.user ?? '?'}`;
  return `nobody: ${holder.withoutProcess ?? 'unknown'}${holder.place === undefined ? '' : ` (${holder.place})`}`;
}

export function holderDocument(holder: PortHolder): object {
  return {
    namespace: holder.namespace.inode,
    namespaceName: holder.namespace.name,
    protocol: holder.protocol,
    local: holder.local.toString(),
    localPort: holder.localPort,
    remote: holder.remote.toString(),
    remotePort: holder.remotePort,
    state: holder.state,
    kind: holder.kind,
    evidence: holder.evidence,
    ...ownerDocument(holder.owner),
    user: holder.user ?? null,
    reuseAddress: holder.sharing?.reuseAddress ?? null,
    reusePort: holder.sharing?.reusePort ?? null,
    v6Only: holder.v6Only ?? null,
    device: holder.device,
    inode: holder.inode,
    commandLine: holder.process?.commandLine ?? null,
    startedAt: holder.process?.startedAt?.toISOString() ?? null,
    parent: holder.process?.parentPid === undefined ? null : { pid: holder.process.parentPid, command: holder.process.parentCommand ?? null },
    sharedWith: holder.sharedWith,
    container: holder.owner?.container ?? holder.place ?? null,
    timeWaitSecondsLeft: holder.timeWaitSecondsLeft ?? null,
    withoutProcess: holder.withoutProcess ?? null,
  };
}

/** What else is known of the processes that hold a port, a line each. */
export function processLines(holders: readonly PortHolder[], now: Date): string[] {
  const lines = new Map<number, string>();
  for (const { owner, process, sharedWith } of holders) {
    if (owner === undefined || process === undefined || lines.has(owner.pid)) continue;
    const parts = [
      process.commandLine === undefined ? owner.command : shortened(process.commandLine),
      process.user === undefined ? undefined : `user ${process.user}`,
      process.startedAt === undefined ? undefined : `started ${ageText(now.getTime() - process.startedAt.getTime())} ago`,
      process.parentPid === undefined ? undefined : `child of ${process.parentCommand ?? '?'}/${process.parentPid}`,
      owner.unit,
      owner.container === undefined ? undefined : `container ${owner.container}`,
      sharedWith.length === 0 ? undefined : `also open in ${sharedWith.slice(0, 5).join(', ')}${sharedWith.length > 5 ? ', …' : ''}`,
    ];
    lines.set(owner.pid, `${owner.pid}: ${parts.filter((part) => part !== undefined).join(', ')}`);
  }
  return [...lines.values()];
}

/** A command line may have thousands of characters; `--json` has them all. */
function shortened(commandLine: string): string {
  return commandLine.length <= LONGEST_COMMAND ? commandLine : `${commandLine.slice(0, LONGEST_COMMAND - 1)}…`;
}

/** `3 days`, `2 h`, `5 min`, `12 s` */
function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
