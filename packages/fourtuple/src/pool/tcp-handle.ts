import { Socket } from 'node:net';

/** The part of Node's internal TCP handle that is used: the same on Node 20 to 26, and looked at before it is used. */
export interface TcpHandle {
  /** Negative as long as it has no socket. */
  readonly fd: number;
  open: (fd: number) => number;
  bind: (address: string, port: number | undefined, flags?: number) => number;
  bind6: (address: string, port: number | undefined, flags?: number) => number;
  connect: (request: object, address: string, port: number) => number;
  connect6: (request: object, address: string, port: number) => number;
  shutdown: (request: object) => number;
  getsockname: (into: object) => number;
  close: (callback?: () => void) => void;
  /** Absent from a handle of TLS, which passes the others on to its {@link _parent}. */
  reset?: (callback?: () => void) => number;
  readonly _parent?: unknown;
}

/** Called in the place of a method of a handle; `own` is the handle's. @returns 0, or a negative errno as libuv has it */
export interface HandleHooks {
  /** @param port undefined or 0 for any */
  bind(this: void, handle: TcpHandle, family: 4 | 6, address: string, port: number | undefined, own: () => number): number;
  connect(this: void, handle: TcpHandle, family: 4 | 6, address: string, port: number, own: () => number): number;
}

const methods = ['open', 'bind', 'bind6', 'connect', 'connect6', 'shutdown', 'getsockname', 'close'] as const satisfies readonly (keyof TcpHandle)[];

/** What the last handle of TCP inherits from: as a rule, all do, and none needs a closer look. */
let known: object | undefined;

function isTcpHandle(handle: unknown): handle is TcpHandle {
  if (typeof handle !== 'object' || handle === null) return false;
  const prototype = Object.getPrototypeOf(handle) as object | null;
  if (prototype !== null && prototype === known) return true;
  if (!methods.every((method) => typeof (handle as Partial<TcpHandle>)[method] === 'function')) return false;
  if (prototype !== null && Object.hasOwn(prototype, 'connect') && !('_parent' in handle)) known = prototype;
  // One of TLS has all these methods over a pipe, too.
  return !('_parent' in handle) || isTcpHandle(handle._parent);
}

interface Accessor {
  readonly get: (this: Socket) => unknown;
  readonly set: (this: Socket, handle: unknown) => void;
}

/** The accessor behind `_handle`: what Node's streams look under is a symbol of their own, which it sets. */
function handleAccessor(): Accessor | undefined {
  const found = Object.getOwnPropertyDescriptor(Socket.prototype, '_handle');
  return found?.get === undefined || found.set === undefined ? undefined : (found as Accessor);
}

const ownAccessor = handleAccessor();
const hooksOfSocket = Symbol('fourtuple.hooks');
type HookedSocket = Socket & { [hooksOfSocket]?: HandleHooks };

/** One for all sockets: by an accessor of its own each would become a dictionary, for which all of Node's code is slow. */
const hookedAccessor: PropertyDescriptor = {
  configurable: true,
  ...(ownAccessor === undefined ? {} : { get: ownAccessor.get }),
  set(this: HookedSocket, handle: unknown) {
    const { [hooksOfSocket]: hooks } = this;
    if (hooks !== undefined && isTcpHandle(handle)) hookHandle(handle, hooks);
    ownAccessor?.set.call(this, handle);
  },
};

/**
 * Puts hooks before the bind() and connect() of every handle that the socket will have: it has a new one for each attempt
 * of happy eyeballs, and for each connect() after a close. What net.Socket does besides stays Node's own.
 */
export function hookHandles(socket: Socket, hooks: HandleHooks): void {
  if (ownAccessor === undefined) return;
  const current = ownAccessor.get.call(socket);
  if (isTcpHandle(current)) hookHandle(current, hooks);
  (socket as HookedSocket)[hooksOfSocket] = hooks;
  Object.defineProperty(socket, '_handle', hookedAccessor);
}

/**
 * Puts hooks before those of every socket of this process that is connected from now on: those of TLS, too. The accessor
 * of all sockets cannot be replaced, but each client socket comes by connect(). One that has hooks already keeps them.
 * @returns false if this Node.js has no such accessor
 */
export function hookAllHandles(hooksOf: (socket: Socket) => HandleHooks): boolean {
  if (!canHook()) return false;
  const own = Object.getOwnPropertyDescriptor(Socket.prototype, 'connect')?.value as ((this: Socket, ...args: unknown[]) => Socket) | undefined;
  if (own === undefined) return false;
  Socket.prototype.connect = function connect(this: Socket, ...args: unknown[]): Socket {
    if (!Object.hasOwn(this, '_handle')) hookHandles(this, hooksOf(this));
    return own.apply(this, args);
  };
  return true;
}

function hookHandle(handle: TcpHandle, hooks: HandleHooks): void {
  // One by one: by a loop over the names this costs several times as much, for each connection.
  const { bind, bind6, connect, connect6 } = handle;
  handle.bind = (address, port, flags) => hooks.bind(handle, 4, address, port, () => bind.call(handle, address, port, flags));
  handle.bind6 = (address, port, flags) => hooks.bind(handle, 6, address, port, () => bind6.call(handle, address, port, flags));
  handle.connect = (request, address, port) => hooks.connect(handle, 4, address, port, () => connect.call(handle, request, address, port));
  handle.connect6 = (request, address, port) => hooks.connect(handle, 6, address, port, () => connect6.call(handle, request, address, port));
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
  const { shutdown, close, reset } = handle;
  let isOpen = true;
  const ended = (isReset: boolean): void => {
    if (isOpen) watcher.ended(isReset);
    isOpen = false;
  };
  handle.shutdown = (request) => {
    watcher.shutdown();
    return shutdown.call(handle, request);
  };
  handle.close = (done) => {
    ended(false);
    close.call(handle, done);
  };
  if (reset === undefined) return;
  handle.reset = (done) => {
    ended(true);
    return reset.call(handle, done);
  };
}

/** True if Node's sockets still have what {@link hookHandles} needs. */
export function canHook(): boolean {
  return ownAccessor !== undefined;
}
