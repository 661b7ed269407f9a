import { Socket, type SocketConstructorOpts } from 'node:net';

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

/** Called in the place of a method of a handle. @returns 0, or a negative errno as libuv has it */
export interface HandleHooks {
  /** @param port undefined or 0 for any */
  bind(handle: TcpHandle, family: 4 | 6, address: string, port: number | undefined, flags: number | undefined): number;
  /** @param request Node's own, to be handed on */
  connect(handle: TcpHandle, family: 4 | 6, request: object, address: string, port: number): number;
}

/** What becomes of a handle's connection; `ended` comes at most once, before the descriptor is closed. */
export interface HandleWatcher {
  /** A FIN is asked for. */
  shutdown(): void;
  /** @param isReset whether a RST is sent */
  ended(isReset: boolean): void;
}

const methods = ['open', 'bind', 'bind6', 'connect', 'connect6', 'shutdown', 'getsockname', 'close'] as const satisfies readonly (keyof TcpHandle)[];

const hooksKey = Symbol('fourtuple.hooks');
const watcherKey = Symbol('fourtuple.watcher');
const nodeKey = Symbol('fourtuple.node');

interface HookedHandle extends TcpHandle {
  [hooksKey]: HandleHooks;
  [watcherKey]: HandleWatcher | undefined;
  /** Node's own methods. */
  readonly [nodeKey]: TcpHandle;
}

/** The prototype that takes the place of each of Node's; undefined for one that is of no TCP handle. */
const hookedPrototypes = new Map<object, object | undefined>();

/** What a hooked handle inherits from: methods that call hooks, before Node's own. A handle with methods of its own would be slow in all of Node. */
function hookedPrototype(handle: object): object | undefined {
  const own = Object.getPrototypeOf(handle) as object | null;
  if (own === null) return undefined;
  if (!hookedPrototypes.has(own)) hookedPrototypes.set(own, methods.every((method) => typeof (handle as Partial<TcpHandle>)[method] === 'function') ? makeHooked(own as TcpHandle) : undefined);
  const hooked = hookedPrototypes.get(own);
  // One of TLS has all these methods over a pipe, too.
  return hooked === undefined || !('_parent' in handle) || (typeof handle._parent === 'object' && handle._parent !== null && isTcp(handle._parent)) ? hooked : undefined;
}

function isTcp(handle: object): boolean {
  return nodeKey in handle || hookedPrototype(handle) !== undefined;
}

function makeHooked(node: TcpHandle): object {
  const hooked: Partial<HookedHandle> & ThisType<HookedHandle> = {
    [nodeKey]: node,
    [watcherKey]: undefined,
    bind(address, port, flags) {
      return this[hooksKey].bind(this, 4, address, port, flags);
    },
    bind6(address, port, flags) {
      return this[hooksKey].bind(this, 6, address, port, flags);
    },
    connect(request, address, port) {
      return this[hooksKey].connect(this, 4, request, address, port);
    },
    connect6(request, address, port) {
      return this[hooksKey].connect(this, 6, request, address, port);
    },
    shutdown(request) {
      this[watcherKey]?.shutdown();
      return node.shutdown.call(this, request);
    },
    close(done) {
      end(this, false);
      node.close.call(this, done);
    },
    ...(node.reset === undefined
      ? {}
      : {
          reset(this: HookedHandle, done?: () => void): number {
            end(this, true);
            return node.reset!.call(this, done);
          },
        }),
  };
  return Object.setPrototypeOf(hooked, node) as object;
}

function end(handle: HookedHandle, isReset: boolean): void {
  const { [watcherKey]: watcher } = handle;
  handle[watcherKey] = undefined;
  watcher?.ended(isReset);
}

function hookHandle(handle: unknown, hooks: HandleHooks): void {
  if (typeof handle !== 'object' || handle === null || nodeKey in handle) return;
  const prototype = hookedPrototype(handle);
  if (prototype === undefined) return;
  Object.setPrototypeOf(handle, prototype);
  (handle as HookedHandle)[hooksKey] = hooks;
}

/** What the handle's bind() of Node does. */
export function bindByNode(handle: TcpHandle, family: 4 | 6, address: string, port: number | undefined, flags?: number): number {
  const { [nodeKey]: node } = handle as HookedHandle;
  return family === 4 ? node.bind.call(handle, address, port, flags) : node.bind6.call(handle, address, port, flags);
}

/** What the handle's connect() of Node does. */
export function connectByNode(handle: TcpHandle, family: 4 | 6, request: object, address: string, port: number): number {
  const { [nodeKey]: node } = handle as HookedHandle;
  return family === 4 ? node.connect.call(handle, request, address, port) : node.connect6.call(handle, request, address, port);
}

/** Watches a handle: its end is told earlier than 'close' is emitted, and that of an attempt of happy eyeballs that was given up, too. */
export function watchHandle(handle: TcpHandle, watcher: HandleWatcher): void {
  (handle as HookedHandle)[watcherKey] = watcher;
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
type HookedSocket = Socket & { [hooksKey]?: HandleHooks };

/** One for all sockets: by an accessor of its own each would become a dictionary, for which all of Node's code is slow. */
const hookedAccessor: PropertyDescriptor = {
  configurable: true,
  ...(ownAccessor === undefined ? {} : { get: ownAccessor.get }),
  set(this: HookedSocket, handle: unknown) {
    const { [hooksKey]: hooks } = this;
    if (hooks !== undefined) hookHandle(handle, hooks);
    ownAccessor?.set.call(this, handle);
  },
};

/** A socket whose handles have hooks from the first one on. Of the same name as Node's, so that it prints as one. */
const SocketWithHooks = class Socket_ extends Socket {};
Object.defineProperty(SocketWithHooks, 'name', { value: 'Socket' });
if (ownAccessor !== undefined) Object.defineProperty(SocketWithHooks.prototype, '_handle', hookedAccessor);

/**
 * A socket with hooks before the bind() and connect() of every handle that it will have: it has a new one for each attempt
 * of happy eyeballs, and for each connect() after a close. What net.Socket does besides stays Node's own.
 */
export function makeSocket(options: SocketConstructorOpts, hooksOf: (socket: Socket) => HandleHooks): Socket {
  const socket: HookedSocket = new SocketWithHooks(options);
  const hooks = hooksOf(socket);
  socket[hooksKey] = hooks;
  if (ownAccessor !== undefined) hookHandle(ownAccessor.get.call(socket), hooks);
  return socket;
}

/** The same for a socket that another made. */
export function hookHandles(socket: Socket, hooks: HandleHooks): void {
  if (ownAccessor === undefined) return;
  hookHandle(ownAccessor.get.call(socket), hooks);
  (socket as HookedSocket)[hooksKey] = hooks;
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
    if (!(hooksKey in this)) hookHandles(this, hooksOf(this));
    return own.apply(this, args);
  };
  return true;
}

/** True if Node's sockets still have what {@link hookHandles} needs. */
export function canHook(): boolean {
  return ownAccessor !== undefined;
}
