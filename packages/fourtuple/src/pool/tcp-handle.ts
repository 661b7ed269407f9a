import type { Socket } from 'node:net';

/** The part of Node's internal TCP handle that is used: the same on Node 20 to 26, and looked at before it is used. */
export interface TcpHandle {
  readonly fd: number;
  open(fd: number): number;
  bind(address: string, port: number, flags?: number): number;
  bind6(address: string, port: number, flags?: number): number;
  connect(request: object, address: string, port: number): number;
  connect6(request: object, address: string, port: number): number;
}

/** Called in the place of a handle's connect: `connect` is the handle's own. @returns 0, or a negative errno as libuv has it */
export type ConnectHook = (handle: TcpHandle, family: 4 | 6, address: string, port: number, connect: () => number) => number;

function isTcpHandle(handle: unknown): handle is TcpHandle {
  const one = handle as Partial<TcpHandle> | null;
  return typeof one?.connect === 'function' && typeof one.connect6 === 'function' && typeof one.open === 'function' && typeof one.bind === 'function';
}

/**
 * Puts a hook before the connect() of every handle that the socket will have: it has a new one for each attempt of happy
 * eyeballs, and for each connect() after a close. What net.Socket does besides stays Node's own.
 */
export function hookHandles(socket: Socket, hook: ConnectHook): void {
  let current: unknown = (socket as unknown as { _handle: unknown })._handle;
  if (isTcpHandle(current)) hookHandle(current, hook);
  Object.defineProperty(socket, '_handle', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (handle: unknown) => {
      current = handle;
      if (isTcpHandle(handle)) hookHandle(handle, hook);
    },
  });
}

function hookHandle(handle: TcpHandle, hook: ConnectHook): void {
  for (const [method, family] of [['connect', 4], ['connect6', 6]] as const) {
    const own = handle[method];
    handle[method] = (request, address, port) => hook(handle, family, address, port, () => own.call(handle, request, address, port));
  }
}

/** True if Node's sockets still have what {@link hookHandles} needs. @param socket that was never connected */
export function canHook(socket: Socket): boolean {
  return '_handle' in socket;
}
