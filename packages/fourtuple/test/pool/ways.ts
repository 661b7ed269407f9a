import { connect as netConnect, type NetConnectOpts, type Socket, type SocketConstructorOpts } from 'node:net';
import { createConnector, type ConnectOptions } from '../../src/pool/index.ts';
import type { Peers } from './peers.ts';
import { isClosed, Recording } from './recording.ts';

/** Options of net.connect(), those that its types leave out, and wrong ones. */
export type AnyOptions = Readonly<Record<string, unknown>>;

/** What a case has at hand. */
export interface Scene {
  readonly peers: Peers;
  readonly recording: Recording;
  /** Connects, and records what the socket emits. */
  open(this: void, options: AnyOptions, listener?: () => void): Socket;
  /** Connects with options that are refused at once, and records how. */
  refuse(this: void, options: AnyOptions): void;
  note(this: void, what: string, ...details: unknown[]): void;
}

export interface Case {
  readonly name: string;
  /** The localAddress of the runs that have one; null for a case that has none to compare. */
  readonly local?: string | null;
  /** Events of both ends that the kernel may bring in either order: compared as a set. */
  readonly isUnordered?: boolean;
  readonly needsIpv6?: boolean;
  /** The one thing in which a connector with sources differs: an error of a connect that came to nothing names the address it was bound to. */
  readonly namesSource?: boolean;
  run(scene: Scene): Promise<void>;
}

/** A function that connects, by what it is. */
export interface Way {
  readonly name: string;
  readonly connect: (options: NetConnectOpts, listener?: () => void) => Socket;
  /** Whether the case's localAddress is given. */
  readonly hasLocal: boolean;
}

export const stock: Way = { name: 'net.connect()', connect: (options, listener) => netConnect(options, listener), hasLocal: false };
export const stockLocal: Way = { ...stock, name: 'net.connect() with localAddress', hasLocal: true };

export function ways(hasIpv6: boolean): readonly (readonly [Way, Way])[] {
  const connect = (connector: { connect: (options: ConnectOptions, listener?: () => void) => Socket }): Way['connect'] => (options, listener) => connector.connect(options, listener);
  // Those that the kernel would choose for the peers.
  const sources = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  return [
    [{ name: 'a connector', connect: connect(createConnector()), hasLocal: false }, stock],
    [{ name: 'a connector with sources', connect: connect(createConnector({ sources })), hasLocal: false }, stock],
    [{ name: 'a connector with localAddress', connect: connect(createConnector()), hasLocal: true }, stockLocal],
    [{ name: 'a connector with sources and localAddress', connect: connect(createConnector({ sources })), hasLocal: true }, stockLocal],
  ];
}

/** What came of a case in one way. */
export async function outcome(one: Case, way: Way, peers: Peers): Promise<readonly unknown[]> {
  const recording = new Recording();
  const local = one.local === undefined ? '127.0.0.5' : one.local;
  const connect = (options: AnyOptions, listener?: () => void): Socket => way.connect((way.hasLocal && !('localAddress' in options) ? { ...options, localAddress: local } : options) as unknown as NetConnectOpts & SocketConstructorOpts, listener);
  const scene: Scene = {
    peers,
    recording,
    open: (options, listener) => recording.watch(connect(options, listener)),
    refuse: (options) => {
      try {
        const socket = recording.watch(connect(options));
        recording.note('not refused');
        socket.destroy();
      } catch (error) {
        recording.note('refused', error);
      }
    },
    note: (what, ...details) => recording.note(what, ...details),
  };
  await one.run(scene);
  recording.note('over');
  for (const socket of recording.sockets) {
    socket.destroy();
    await closed(socket);
  }
  await peers.settle();
  const { entries } = recording;
  if (one.namesSource === true) return JSON.parse(JSON.stringify(entries).replaceAll(/ - Local \([^)]*\)/g, '')) as unknown[];
  return one.isUnordered === true ? entries.map((entry) => JSON.stringify(entry)).sort() : entries;
}

export async function closed(socket: Socket): Promise<void> {
  if (!isClosed(socket)) await new Promise((resolve) => socket.once('close', resolve));
}

/** Waits for an event, or for the close that comes instead of it. */
export async function happened(socket: Socket, event: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off(event, done);
      socket.off('close', done);
      resolve();
    };
    socket.on(event, done);
    socket.on('close', done);
  });
}

/** Waits until the socket has read so many bytes. */
export async function read(socket: Socket, length: number): Promise<void> {
  while (socket.bytesRead < length && !socket.destroyed) await happened(socket, 'data');
}

export async function tick(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
