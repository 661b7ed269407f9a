import { findKnob, type Knob } from '../knobs/index.ts';
import { ChangeError } from './error.ts';

/** A key that shall have a value. */
export interface Change {
  /** Dotted. */
  readonly key: string;
  /** What is written. */
  readonly to: string;
  /** Why, in a line: it stands beside the setting in the file. */
  readonly why?: string | undefined;
}

/** `KEY=VALUE`, the key as people write it: dotted, with slashes, or its last word. @throws ChangeError */
export function parseChange(text: string): Change {
  const equals = text.indexOf('=');
  if (equals < 1) throw new ChangeError(`a change is KEY=VALUE in one word, such as net.ipv4.tcp_tw_reuse=1 or 'ip_local_port_range=1024 65535', not "${text}"`);
  return checkedChange(text.slice(0, equals), text.slice(equals + 1));
}

/** The changes of a document such as `fourtuple tune --json` prints: `{"changes": [{"key", "to", "why"}]}`. @throws ChangeError */
export function parseChanges(document: unknown, where: string): Change[] {
  const changes = (document as { changes?: unknown } | null)?.changes;
  if (!Array.isArray(changes)) throw new ChangeError(`${where} has no list "changes"`);
  return changes.map((change: unknown, index) => {
    const { key, to, why } = (change ?? {}) as { key?: unknown; to?: unknown; why?: unknown };
    if (typeof key !== 'string' || typeof to !== 'string') throw new ChangeError(`${where}: change ${index + 1} has no text "key" and "to"`);
    return checkedChange(key, to, typeof why === 'string' ? why : undefined);
  });
}

/** Every key once. @throws ChangeError */
export function requireDistinct(changes: readonly Change[]): void {
  if (changes.length === 0) throw new ChangeError('no change is given: KEY=VALUE…, or --changes FILE');
  const seen = new Set<string>();
  for (const { key } of changes) {
    if (seen.has(key)) throw new ChangeError(`${key} is given twice`);
    seen.add(key);
  }
}

function checkedChange(name: string, value: string, why?: string): Change {
  const to = value.trim();
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(to)) throw new ChangeError(`the value of ${name} has control characters`);
  return { key: knobToChange(name).key, to, why: why?.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').trim() };
}

function knobToChange(name: string): Knob {
  const knob = findKnob(name);
  if (knob === undefined) throw new ChangeError(`nothing is known of "${name.trim()}", so it is not changed`, name.trim());
  if (knob.scope === 'process') throw new ChangeError(`${knob.key} is no sysctl but a limit of each process: set LimitNOFILE= in its unit, or ulimit -n before it`);
  return knob;
}
