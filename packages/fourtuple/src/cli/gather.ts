import { currentNamespace, findNamespaces, resolveNamespace, type FoundNamespace } from '../kernel/index.ts';
import type { Snapshot } from '../model/index.ts';
import { hasManySockets, loadBpfReaders, measureHostSteps, measureSnapshot, type HostMeasurement, type MeasureOptions } from '../observe/index.ts';
import { UsageError } from './errors.ts';
import type { CountingFlags, NamespaceFlags, SourceFlags, WatchFlags } from './flags.ts';

/** Which namespaces the flags ask for, and what could not be found out about them. */
export function chosenNamespaces(flags: NamespaceFlags): { namespaces: FoundNamespace[]; limits: string[] } {
  if (flags.allNamespaces === true) {
    if (flags.namespace !== undefined) throw new UsageError('--namespace and --all-namespaces exclude each other');
    return findNamespaces();
  }
  return { namespaces: [namespaceNamed(flags.namespace)], limits: [] };
}

/** The namespace that a flag names, or the current one. @throws UsageError when there is none of that name. */
export function namespaceNamed(name: string | undefined): FoundNamespace {
  if (name === undefined) return currentNamespace();
  const found = resolveNamespace(name);
  if (found === undefined) throw new UsageError(`no network namespace "${name}": give a name of /run/netns, a process id, an inode number or a path`);
  return found;
}

export function measureOptions(flags: CountingFlags & SourceFlags): MeasureOptions {
  return flags.quick === true
    ? { owners: 'none', probes: 'none', skipBound: true, skipUdp: true, source: flags.source }
    : { owners: flags.owners, probes: flags.probe, source: flags.source };
}

/** The snapshot that --input names, if any; its reader is loaded only then. */
export async function loadInput(flags: SourceFlags): Promise<Snapshot | undefined> {
  if (flags.input === undefined) {
    if (flags.at !== undefined) throw new UsageError('--at chooses a snapshot of a recording: it needs --input');
    return undefined;
  }
  return (await import('./recording.ts')).loadRecording(flags.input, flags.at);
}

/**
 * Loads what counts by BPF, unless this is a quick count of a host with few sockets: there it takes longer than it gains.
 * To be called before {@link gatherSteps}, which does not wait.
 */
export async function loadReaders(flags: NamespaceFlags & CountingFlags, recording: Snapshot | undefined): Promise<void> {
  if (recording !== undefined) return;
  if (flags.quick === true && flags.allNamespaces !== true && flags.namespace === undefined && !hasManySockets()) return;
  await loadBpfReaders();
}

/** Counts what the flags name: this host, live, or a recording that {@link loadInput} gave. */
export function* gatherSteps(flags: NamespaceFlags & SourceFlags & CountingFlags & WatchFlags, now: Date, recording: Snapshot | undefined, portsOnly = false): Generator<void, HostMeasurement> {
  if (recording !== undefined) return measureRecording(selectNamespaces(recording, flags));
  const { namespaces, limits } = chosenNamespaces(flags);
  const measured = yield* measureHostSteps(namespaces, { ...measureOptions(flags), portsOnly, byTwo: flags.watch === undefined }, now);
  return { ...measured, limits: [...limits, ...measured.limits] };
}

function measureRecording(snapshot: Snapshot): HostMeasurement {
  return { takenAt: snapshot.takenAt, kernel: snapshot.kernel, host: snapshot.host, namespaces: measureSnapshot(snapshot), limits: [`Read from a recording of ${snapshot.takenAt} on ${snapshot.host}.`, ...snapshot.limits] };
}

/** The namespaces of a recording that the flags name; all without a flag. */
export function selectNamespaces(snapshot: Snapshot, flags: NamespaceFlags): Snapshot {
  if (flags.namespace === undefined) return snapshot;
  const wanted = snapshot.namespaces.filter((one) => one.id.name === flags.namespace || String(one.id.inode) === flags.namespace);
  if (wanted.length === 0) throw new UsageError(`the recording has no namespace "${flags.namespace}", but ${snapshot.namespaces.map((one) => one.id.name).join(', ')}`);
  return { ...snapshot, namespaces: wanted };
}
