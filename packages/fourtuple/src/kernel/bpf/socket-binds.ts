import { BpfIterator } from './iterator.ts';
import { socketBind, socketBinds } from './programs/socket-binds.ts';

/**
 * How each TCP socket on a port came by it, as the kernel keeps it with the socket: `explicit` by bind() or accept(),
 * `shared` by connect(). Keyed by the cookie that sock_diag has given the socket before.
 * @param inside runs work in the namespace
 * @throws UnsupportedError without CAP_BPF and CAP_PERFMON, or before Linux 6.17.8 @throws VerifierError
 */
export function readSocketBinds(port: number, inside: <T>(work: () => T) => T): Map<bigint, 'explicit' | 'shared'> {
  const iterator = new BpfIterator('tcp', 'fourtuple_port', (types) => socketBinds(types, port));
  const found = new Map<bigint, 'explicit' | 'shared'>();
  try {
    const steps = iterator.walk(inside(() => iterator.begin()), (bytes, length) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, length);
      for (let at = 0; at + socketBind.bytes <= length; at += socketBind.bytes) found.set(view.getBigUint64(at + socketBind.cookie, true), view.getUint32(at + socketBind.isConnectChosen, true) === 1 ? 'shared' : 'explicit');
    });
    while (steps.next().done !== true);
    return found;
  } finally {
    iterator.close();
  }
}
