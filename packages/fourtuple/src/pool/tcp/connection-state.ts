import type { Socket } from 'node:net';
import { loadLibc, optionValue, SOL_TCP, TCP_INFO, type Libc } from '../../kernel/libc.ts';

const ESTABLISHED = 1;

let libc: Libc | null | undefined;
const state = new Uint8Array(4);
const length = optionValue(1);

/** What the kernel says of a connection, before this process has read it; undefined where it cannot be asked. */
export function connectionState(socket: Socket): 'established' | 'ended' | undefined {
  const fd = (socket as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd ?? -1;
  if (fd < 0) return undefined;
  if (libc === undefined) {
    try {
      libc = process.platform === 'linux' ? loadLibc() : null;
    } catch {
      libc = null;
    }
  }
  if (libc === null || libc.getsockopt(fd, SOL_TCP, TCP_INFO, state, length) !== 0) return undefined;
  return state[0] === ESTABLISHED ? 'established' : 'ended';
}
