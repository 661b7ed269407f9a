import { currentNamespaceInode, type FoundNamespace } from '../kernel/index.ts';
import type { NamespaceId } from '../model/index.ts';

/** The namespace in which we run, and in which a command will be pasted. */
const OWN_PATH = '/proc/thread-self/ns/net';

export function namespaceId(namespace: FoundNamespace): NamespaceId {
  return { inode: namespace.inode, name: namespace.name, path: namespace.inode === currentNamespaceInode() ? OWN_PATH : namespace.paths[0] };
}
