import type { Socket } from 'node:net';
import { connectionState } from './connection-state.ts';

type Listener = (...args: unknown[]) => void;

/** Events for which a user may add listeners, which do not stay when the connection comes back. */
const userEvents = ['data', 'readable', 'end', 'close', 'error', 'timeout', 'drain', 'finish', 'pause', 'resume'] as const;

/** Why a connection cannot be lent (again); undefined when it can. */
export type Unfit = 'closed by the server' | 'unread data' | 'an encoding was set' | 'expired' | 'an error' | undefined;

/** One connection of a pool. */
export class PooledConnection {
  readonly socket: Socket;
  /** When it is not lent again, milliseconds of performance.now(). */
  readonly expiresAt: number;
  /** When it came back last, or was made. */
  idleSince: number;
  /** When it was last found to serve. */
  checkedAt: number;
  #own = new Map<string, readonly Listener[]>();
  #onIdleEnd: (() => void) | undefined;

  constructor(socket: Socket, now: number, expiresAt: number) {
    this.socket = socket;
    this.expiresAt = expiresAt;
    this.idleSince = now;
    this.checkedAt = now;
  }

  /** Whether it may be lent now: also what the kernel knows and this process has not read yet. */
  unfit(now: number): Unfit {
    const { socket } = this;
    if (socket.destroyed || socket.errored !== null) return socket.errored === null ? 'closed by the server' : 'an error';
    if (socket.readableEnded || !socket.readable || !socket.writable) return 'closed by the server';
    if (socket.readableLength > 0) return 'unread data';
    if (socket.readableEncoding !== null) return 'an encoding was set';
    if (now >= this.expiresAt) return 'expired';
    return connectionState(socket) === 'ended' ? 'closed by the server' : undefined;
  }

  /** Watches it while nobody has it: what arrives then, be it the end, makes it unfit. A socket that nobody reads would not tell. */
  watch(onEnd: () => void): void {
    this.#onIdleEnd = onEnd;
    this.socket.on('readable', onEnd).on('end', onEnd).on('close', onEnd);
  }

  unwatch(): void {
    if (this.#onIdleEnd === undefined) return;
    this.socket.off('readable', this.#onIdleEnd).off('end', this.#onIdleEnd).off('close', this.#onIdleEnd);
    this.#onIdleEnd = undefined;
  }

  /** Remembers which listeners there are before a user adds some. */
  lend(): void {
    this.#own = new Map(userEvents.map((event) => [event, this.socket.rawListeners(event) as Listener[]]));
  }

  /** Takes off what the user added, and undoes its settings. */
  takeBack(): void {
    for (const event of userEvents) {
      const own = this.#own.get(event) ?? [];
      for (const listener of this.socket.rawListeners(event) as Listener[]) if (!own.includes(listener)) this.socket.off(event, listener);
    }
    if (this.socket.timeout !== undefined && this.socket.timeout > 0) this.socket.setTimeout(0);
    this.socket.ref();
  }
}
