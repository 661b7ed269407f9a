import type { NamespaceId } from '../../model/index.ts';

/** The path of the namespace in which a command is pasted. */
const OWN_NAMESPACE = '/proc/thread-self/ns/net';

function isElsewhere({ path, name }: NamespaceId): boolean {
  return path === undefined ? name !== 'host' && name !== 'current' : path !== OWN_NAMESPACE;
}

/** A fourtuple command for a namespace: with --namespace where it is not the reader's own. */
export function fourtupleCommand(words: string, namespace: NamespaceId): string {
  return isElsewhere(namespace) ? `fourtuple ${words} --namespace ${namespace.path !== undefined && /^[\w./@:+-]+$/.test(namespace.path) ? namespace.path : namespace.inode}` : `fourtuple ${words}`;
}

/** What `free` ends without being told a limit. */
const FREE_LIMIT = 100;

/** `free`'s --limit where so many sockets are meant, with room for those that come meanwhile; empty where none is needed. */
export function limitFlag(count: number): string {
  return count * 1.1 <= FREE_LIMIT ? '' : ` --limit ${Math.ceil((count * 1.1) / FREE_LIMIT) * FREE_LIMIT}`;
}

/** A command that must run inside a namespace; undefined where no file is known by which to enter it. */
export function commandInside(command: string, namespace: NamespaceId): string | undefined {
  if (!isElsewhere(namespace)) return command;
  return namespace.path !== undefined && /^[\w./@:+-]+$/.test(namespace.path) ? `nsenter --net=${namespace.path} ${command}` : undefined;
}
