import { Socket } from 'node:net';

/** The part of Node's internal TCP handle that is used: the same on Node 20 to 26, and looked at before it is used. */
export interface TcpHandle {
  /** Negative as long as it has no socket. */
  readonly fd: number;
  open(fd: number): number;
  bind(address: string, port: number | undefined, flags?: number): number;
  bind6(address: string, port: number | undefined, flags?: number): number;
  connect(request: object, address: string, port: number): number;
  connect6(request: object, address: string, port: number): number;
  shutdown(request: object): number;
  getsockname(into: object): number;
  close(callback?: () => void): void;
  reset(callback?: () => void): number;
}

/** Called in the place of a method of a handle; `own` is the handle's. @returns 0, or a negative errno as libuv has it */
export interface HandleHooks {
  /** @param port undefined or 0 for any */
  bind(this: void, handle: TcpHandle, family: 4 | 6, address: string, port: number | undefined, own: () => number): number;
  connect(this: void, handle: TcpHandle, family: 4 | 6, address: string, port: number, own: () => number): number;
}

const methods = ['open', 'bind', 'bind6', 'connect', 'connect6', 'shutdown', 'getsockname', 'close', 'reset'] as const satisfies readonly (keyof TcpHandle)[];

function isTcpHandle(handle: unknown): handle is TcpHandle {
  return typeof handle === 'object' && handle !== null && methods.every((method) => typeof (handle as Partial<TcpHandle>)[method] === 'function');
}

interface Accessor {
  get(this: Socket): unknown;
  set(this: Socket, handle: unknown): void;
}

/** The accessor behind `_handle`: what Node's streams look under is a symbol of their own, which it sets. */
function handleAccessor(): Accessor | undefined {
  const found = Object.getOwnPropertyDescriptor(Socket.prototype, '_handle');
  return found?.get === undefined || found.set === undefined ? undefined : (found as Accessor);
}

/**
 * Puts hooks before the bind() and connect() of every handle that the socket will have: it has a new one for each attempt
 * of happy eyeballs, and for each connect() after a close. What net.Socket does besides stays Node's own.
 */
export function hookHandles(socket: Socket, hooks: HandleHooks): void {
  const own = handleAccessor();
  if (own === undefined) return;
  const current = own.get.call(socket);
  if (isTcpHandle(current)) hookHandle(current, hooks);
  Object.defineProperty(socket, '_handle', {
    configurable: true,
    get: () => own.get.call(socket),
    set: (handle: unknown) => {
      if (isTcpHandle(handle)) hookHandle(handle, hooks);
      own.set.call(socket, handle);
    },
  });
}

/** Puts hooks before those of every client socket of this process that is made from now on. @returns false if this Node.js has no such accessor */
export function hookAllHandles(hooksOf: (socket: Socket) => HandleHooks): boolean {
  const own = handleAccessor();
  if (own === undefined) return false;
  Object.defineProperty(Socket.prototype, '_handle', {
    configurable: true,
    get(this: Socket) {
      return own.get.call(this);
    },
    set(this: Socket, handle: unknown) {
      // One that has a descriptor already was accepted, or is another's.
      if (isTcpHandle(handle) && handle.fd < 0) hookHandle(handle, hooksOf(this));
      own.set.call(this, handle);
    },
  });
  return true;
}

function hookHandle(handle: TcpHandle, hooks: HandleHooks): void {
  for (const [bind, connect, family] of [['bind', 'connect', 4], ['bind6', 'connect6', 6]] as const) {
    const ownBind = handle[bind];
    const ownConnect = handle[connect];
    handle[bind] = (address, port, flags) => hooks.bind(handle, family, address, port, () => ownBind.call(handle, address, port, flags));
    handle[connect] = (request, address, port) => hooks.connect(handle, family, address, port, () => ownConnect.call(handle, request, address, port));
  }
}

/** What becomes of a handle's connection; `ended` comes at most once, before the descriptor is closed. */
export interface HandleWatcher {
  /** A FIN is asked for. */
  shutdown(this: void): void;
  /** @param isReset whether a RST is sent */
  ended(this: void, isReset: boolean): void;
}

/** Watches a handle: earlier than 'close' is emitted, and an attempt of happy eyeballs that was given up, too. */
export function watchHandle(handle: TcpHandle, watcher: HandleWatcher): void {
  const shutdown = handle.shutdown.bind(handle);
  const close = handle.close.bind(handle);
  const reset = handle.reset.bind(handle);
  let isOpen = true;
  const ended = (isReset: boolean): void => {
    if (isOpen) watcher.ended(isReset);
    isOpen = false;
  };
  handle.shutdown = (request) => {
    watcher.shutdown();
    return shutdown(request);
  };
  handle.close = (done) => {
    ended(false);
    close(done);
  };
  handle.reset = (done) => {
    ended(true);
    return reset(done);
  };
}

/** True if Node's sockets still have what {@link hookHandles} needs. */
export function canHook(): boolean {
  return handleAccessor() !== undefined;
}
