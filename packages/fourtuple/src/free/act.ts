import { allowAddressReuse, currentNamespaceInode, KernelError, SocketDestroyer, UnsupportedError, withNamespace, type FoundNamespace } from '../kernel/index.ts';
import type { SocketCursor } from '../model/index.ts';
import type { PortHolder } from '../usage/index.ts';

export type Deed<T> = { readonly target: T; readonly outcome: 'done' | 'gone' } | { readonly target: T; readonly outcome: 'failed'; readonly reason: string };

/**
 * Ends exactly these sockets, told apart by their cookies; what has gone by itself meanwhile is told.
 * @throws UnsupportedError when this kernel ends no such socket, KernelError EPERM: nothing was done then.
 */
export function endSockets(targets: readonly SocketCursor[], namespace: FoundNamespace): Deed<SocketCursor>[] {
  // Entering the own namespace would take a privilege that ending its sockets does not.
  const destroyer = namespace.inode === currentNamespaceInode() ? new SocketDestroyer() : withNamespace(namespace, () => new SocketDestroyer());
  const deeds: Deed<SocketCursor>[] = [];
  try {
    for (const target of targets) {
      try {
        deeds.push({ target, outcome: destroyer.destroy(target) === 'gone' ? 'gone' : 'done' });
      } catch (error) {
        if (deeds.every((deed) => deed.outcome !== 'done') && (error instanceof UnsupportedError || (error instanceof KernelError && error.code === 'EPERM'))) throw error;
        deeds.push({ target, outcome: 'failed', reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return deeds;
  } finally {
    destroyer.close();
  }
}

/** Sets or clears SO_REUSEADDR on sockets of other processes. */
export function setBeside(holders: readonly PortHolder[], isAllowed: boolean): Deed<PortHolder>[] {
  return holders.map((target) => {
    try {
      allowAddressReuse(target.descriptor!, isAllowed);
      return { target, outcome: 'done' };
    } catch (error) {
      return { target, outcome: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  });
}
