import { existsSync } from 'node:fs';
import { currentNamespace, currentNamespaceInode, findNamespaces, NamespaceLostError, ProcFs, UnsupportedError, withNamespace, type FoundNamespace } from '../kernel/index.ts';
import { AF_INET, loadLibc, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET } from '../kernel/libc.ts';

/** What tells a network namespace from every other, also from one that has its inode number later. */
export interface NamespaceIdentity {
  readonly inode: number;
  /** For people. */
  readonly name: string;
  /** The kernel's number of it, never given twice until the next boot (SO_NETNS_COOKIE, Linux 5.14); null where it cannot be asked. */
  readonly cookie: string | null;
  /** The host's own: there after a reboot, too. */
  readonly initial: boolean;
}

/** Where a namespace of the journal is now. */
export type Whereabouts = { readonly place: 'here'; readonly namespace: FoundNamespace } | { readonly place: 'gone' } | { readonly place: 'unknown'; readonly why: string };

/** A number of its own for each boot. */
export function bootId(): string {
  return new ProcFs().read('sys/kernel/random/boot_id').trim();
}

/** Runs work in a namespace; entering the own one would take a privilege that being in it does not. */
export function inNamespace<T>(namespace: FoundNamespace, work: () => T): T {
  return namespace.inode === currentNamespaceInode() ? work() : withNamespace(namespace, work);
}

export function identityOf(namespace: FoundNamespace): NamespaceIdentity {
  const { inode, name } = namespace;
  return inNamespace(namespace, () => ({ inode, name, cookie: namespaceCookie() ?? null, initial: isInitial() }));
}

/** `the network namespace of the host`, `the network namespace web`, `the network namespace net:[4026532345]` */
export function namespaceText({ initial, name, inode }: Pick<NamespaceIdentity, 'initial' | 'name' | 'inode'>): string {
  // What is the current one to whom it was written down is another to whom it is told.
  return initial ? 'the network namespace of the host' : `the network namespace ${name === 'current' || name === 'host' ? `net:[${inode}]` : name}`;
}

/** Finds namespaces of the journal again; looks through /proc once at most. */
export class NamespaceFinder {
  readonly boot = bootId();
  #found: readonly FoundNamespace[] | undefined;
  readonly #known = new Map<string, Whereabouts>();

  find(wanted: NamespaceIdentity, boot: string): Whereabouts {
    const id = [boot, wanted.inode, wanted.cookie, wanted.initial].join(' ');
    const where = this.#known.get(id) ?? this.#look(wanted, boot);
    this.#known.set(id, where);
    return where;
  }

  #look(wanted: NamespaceIdentity, boot: string): Whereabouts {
    if (boot !== this.boot && !wanted.initial) return { place: 'gone' };
    try {
      const own = currentNamespace();
      if (isSame(wanted, boot, own, this.boot)) return { place: 'here', namespace: own };
      this.#found ??= findNamespaces().namespaces;
      const namespace = this.#found.find((one) => one.inode !== own.inode && isSame(wanted, boot, one, this.boot));
      if (namespace !== undefined) return { place: 'here', namespace };
      return process.geteuid?.() === 0 ? { place: 'gone' } : { place: 'unknown', why: 'those of other users are seen by root alone' };
    } catch (error) {
      if (error instanceof NamespaceLostError) throw error;
      return { place: 'unknown', why: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** @throws what entering the namespace throws */
function isSame(wanted: NamespaceIdentity, boot: string, namespace: FoundNamespace, currentBoot: string): boolean {
  if (boot === currentBoot && namespace.inode !== wanted.inode) return false;
  // After a reboot only the initial one is looked for: its number may be another.
  if (boot !== currentBoot && namespace.inode !== wanted.inode && namespace.name !== 'host') return false;
  const identity = identityOf(namespace);
  if (wanted.initial || identity.initial) return wanted.initial && identity.initial;
  return haveSameCookie(wanted, identity);
}

/** Where one of them could not be asked, the inode number has to do. */
export function haveSameCookie(one: NamespaceIdentity, other: NamespaceIdentity): boolean {
  return one.cookie === null || other.cookie === null || one.cookie === other.cookie;
}

/** True in the initial network namespace: it alone has the keys that hold for all of them (ipv4_table, net/ipv4/sysctl_net_ipv4.c). */
export function isInitial(): boolean {
  return existsSync('/proc/sys/net/ipv4/tcp_mem');
}

const SO_NETNS_COOKIE = 71;

/** The kernel's number of this thread's network namespace; undefined without koffi, or before Linux 5.14. */
function namespaceCookie(): string | undefined {
  try {
    const libc = loadLibc();
    const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return undefined;
    try {
      const value = new BigUint64Array(1);
      const length = new Uint8Array(Uint32Array.of(8).buffer);
      return libc.getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, new Uint8Array(value.buffer), length) < 0 ? undefined : String(value[0]);
    } finally {
      libc.close(fd);
    }
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}
