import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { findNamespaces, type FoundNamespace } from '../kernel/index.ts';
import { knobs, RESERVED, type WriteOutcome } from '../knobs/index.ts';
import { grouped, plural } from '../model/index.ts';
import { bootOutlook, readBootFiles, type BootLine } from './boot-files.ts';
import { requireDistinct, type Change } from './change.ts';
import { ChangeError, TuneError } from './error.ts';
import { bootId, identityOf, inNamespace, namespaceText, type NamespaceIdentity } from './identity.ts';
import { isOpen, newId, type Transaction } from './journal.ts';
import { readKey, requireWritableKey } from './live.ts';
import { mergeSettings } from './merge.ts';
import { droppedPorts, orderWrites, readingOf } from './order.ts';
import { hasBytes, readStored, type StoredFile } from './stored-file.ts';
import { fileError, keyError, shownValue } from './write-errors.ts';

export const defaultFile = '/etc/sysctl.d/90-fourtuple.conf';
const NEW_MODE = 0o644;
/** Of descriptors that are read to count namespaces. */
const BUDGET = 50_000;

/** What is to be changed: now, at the next boot, or both. */
export type Reach = 'both' | 'runtime' | 'file-only';

export interface ApplyOptions {
  readonly namespace: FoundNamespace;
  readonly reach: Reach;
  /** Undefined: the default, which is for the host's own namespace alone. */
  readonly file?: string | undefined;
  /** Values that the kernel misreads, or that take something away, are meant. */
  readonly asWritten: boolean;
  /** Other files may win at the next boot. */
  readonly despiteConflicts: boolean;
  readonly now: Date;
}

/** A key, and what becomes of it. Texts as /proc/sys shows them, without their newline. */
export interface PlannedKey extends Change {
  readonly old: string;
  /** What will be read; undefined when the kernel refuses it. */
  readonly new: string | undefined;
  /** Why the kernel refuses it. */
  readonly refused: string | undefined;
  /** Why it is not what was meant. */
  readonly trap: string | undefined;
}

export interface PlannedFile {
  readonly path: string;
  readonly old: StoredFile | undefined;
  readonly new: StoredFile;
  /** True when the file has the settings already: it stays as it is. */
  readonly isSame: boolean;
}

/** Everything that an apply would do, and why it would not. Nothing in it touches the host. */
export interface ApplyPlan {
  readonly id: string;
  readonly at: string;
  readonly boot: string;
  readonly namespace: NamespaceIdentity;
  readonly live: boolean;
  /** In the order of writing. */
  readonly keys: readonly PlannedKey[];
  readonly file: PlannedFile | undefined;
  readonly wins: readonly BootLine[];
  readonly hides: readonly BootLine[];
  /** Each why nothing is done, in a sentence. */
  readonly refusals: readonly string[];
  readonly limits: readonly string[];
}

/** True when a key's value would change now. */
export function isChange({ old, new: then }: PlannedKey): boolean {
  return then !== old;
}

/** True when everything is so already. */
export function isIdle({ keys, live, file }: ApplyPlan): boolean {
  return (!live || !keys.some(isChange)) && (file === undefined || file.isSame);
}

/** @throws ChangeError for changes that make no sense, TuneError for what cannot be looked at */
export function planApply(changes: readonly Change[], options: ApplyOptions, earlier: readonly Transaction[]): ApplyPlan {
  requireDistinct(changes);
  const { namespace: found, reach, now } = options;
  const namespace = identityOf(found);
  const path = reach === 'runtime' ? undefined : (options.file ?? (namespace.initial ? defaultFile : undefined));
  if (path === undefined && reach === 'file-only') throw new ChangeError(`${defaultFile} is for the network namespace of the host, and this is ${namespaceText(namespace)}: name a file with --file`);
  if (path !== undefined && !path.startsWith('/')) throw new ChangeError(`--file takes an absolute path, not "${path}"`);
  const id = newId(now, earlier);
  const refusals: string[] = [];
  const state = inNamespace(found, () => liveState(changes, namespace, refusals));
  const known = changes.filter(({ key }) => state.has(key));
  const keys = orderWrites(known, (key) => state.get(key)).map(({ write, outcome }) => plannedKey(write, outcome, state.get(write.key)!));
  for (const { key, to, refused, trap } of keys) {
    if (refused !== undefined) refusals.push(`The kernel refuses ${key} = ${shownValue(to)}: ${refused}.`);
    if (trap !== undefined && !options.asWritten) refusals.push(`${key} = ${shownValue(to)}: ${trap}. --as-written does it all the same.`);
  }
  const file = path === undefined ? undefined : plannedFile(path, known, { at: now.toISOString(), transaction: id });
  const outlook = file === undefined ? undefined : bootOutlook(readBootFiles(), file.path, file.new.bytes.toString('utf8'), known, (key) => state.get(key));
  if (!options.despiteConflicts) for (const line of outlook?.wins ?? []) refusals.push(conflictText(line, known));
  return {
    id,
    at: now.toISOString(),
    boot: bootId(),
    namespace,
    live: reach !== 'file-only',
    keys,
    file,
    wins: outlook?.wins ?? [],
    hides: outlook?.hides ?? [],
    refusals,
    limits: [...fileLimits(options, namespace, file, outlook?.isRead), ...interruptedLimits(earlier)],
  };
}

/** Looks whether everything may be written, and writes nothing. @throws TuneError */
export function requirePermitted({ live, keys, file }: ApplyPlan): void {
  for (const key of live ? keys.filter(isChange) : []) {
    try {
      requireWritableKey(key.key);
    } catch (error) {
      throw keyError(key.key, error);
    }
  }
  if (file === undefined || file.isSame) return;
  try {
    accessSync(dirname(file.path), constants.W_OK);
  } catch (error) {
    throw fileError(file.path, error);
  }
}

/** Texts now of what is to be changed, and of what decides on it; what cannot be changed here becomes a refusal. */
function liveState(changes: readonly Change[], namespace: NamespaceIdentity, refusals: string[]): Map<string, string> {
  const state = new Map<string, string>();
  for (const key of ['net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start']) {
    const text = readKey(key);
    if (text !== undefined) state.set(key, text);
  }
  for (const { key } of changes) {
    const knob = knobs.get(key);
    if (knob?.scope === 'global' && !namespace.initial) {
      refusals.push(`${key} holds for the whole host, and this is ${namespaceText(namespace)}: it is changed in the network namespace of the host.`);
      state.delete(key);
      continue;
    }
    const text = readKey(key);
    if (text !== undefined) state.set(key, text);
    else refusals.push(`There is no ${key} here: ${knob?.until === undefined ? 'this kernel does not have it, or its module is not loaded' : `Linux has not had it since ${knob.until}`}.`);
  }
  return state;
}

function plannedKey(change: Change, outcome: WriteOutcome, old: string): PlannedKey {
  const dropped = change.key === RESERVED ? droppedPorts(old, change.to) : '';
  const traps = [outcome.kind === 'trap' ? outcome.why : undefined, dropped === '' ? undefined : `a write replaces the whole list, and these ports would not be reserved any more: ${dropped}`];
  const trap = traps.filter((one) => one !== undefined).join('; ');
  return { ...change, old, new: outcome.kind === 'refused' ? undefined : readingOf(change.to, outcome), refused: outcome.kind === 'refused' ? outcome.why : undefined, trap: trap === '' ? undefined : trap };
}

function plannedFile(path: string, changes: readonly Change[], signature: { at: string; transaction: string }): PlannedFile {
  const old = storedAt(path);
  const before = old?.bytes.toString('utf8');
  if (before !== undefined && !hasBytes(old, Buffer.from(before, 'utf8'))) throw new TuneError(`${path} is no text in UTF-8.`, 'Name another file with --file.');
  const text = mergeSettings(before, path, changes, signature);
  const { mode, uid, gid } = old ?? { mode: NEW_MODE, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  return { path, old, new: text === undefined && old !== undefined ? old : { bytes: Buffer.from(text ?? '', 'utf8'), mode, uid, gid }, isSame: text === undefined };
}

function storedAt(path: string): StoredFile | undefined {
  try {
    return readStored(path);
  } catch (error) {
    throw error instanceof TuneError ? error : fileError(path, error);
  }
}

function conflictText({ key, file, line, value }: BootLine, changes: readonly Change[]): string {
  const to = changes.find((change) => change.key === key)?.to ?? '';
  return `${file}:${line} sets ${key} = ${shownValue(value)} later than our file: the next boot would not have ${shownValue(to)}. Take that line out, or say --runtime (until the next boot) or --despite-conflicts.`;
}

/** What changes do not reach; counts the network namespaces of this host, which takes its time. */
export function reachLimits({ namespace, keys }: ApplyPlan): string[] {
  if (!keys.some(({ key }) => knobs.get(key)?.scope === 'namespace')) return [];
  const others = findNamespaces(undefined, BUDGET).namespaces.length - 1;
  const rest = others < 1 ? 'others, such as containers, keep' : `the other ${others === 1 ? 'one' : grouped(others)} of this host (containers and the like) ${others === 1 ? 'keeps' : 'keep'}`;
  return [`It reaches ${namespaceText(namespace)} alone: ${rest} ${others === 1 ? 'its' : 'their'} own values, and a new one begins with the kernel's defaults.`];
}

function fileLimits({ file: named, reach }: ApplyOptions, namespace: NamespaceIdentity, file: PlannedFile | undefined, isRead: boolean | undefined): string[] {
  const limits: string[] = [];
  if (reach === 'both' && named === undefined && !namespace.initial) limits.push(`No file is written: ${defaultFile} is for the network namespace of the host. It holds as long as ${namespaceText(namespace)}.`);
  if (reach === 'runtime') limits.push('No file is written: the next boot does not have it.');
  if (reach === 'file-only') limits.push('Only the file is written: it holds from the next boot, or from "sysctl --system" on.');
  if (file !== undefined && isRead === false) limits.push(`Nothing reads ${file.path} at boot: that takes a name that ends in .conf, in /etc/sysctl.d.`);
  return limits;
}

function interruptedLimits(earlier: readonly Transaction[]): string[] {
  const count = earlier.filter((one) => isOpen(one) && one.last !== 'done').length;
  return count === 0 ? [] : [`${plural(count, 'transaction')} before did not end: "fourtuple tune status" tells which.`];
}
