import type { Socket } from 'node:net';
import { connectionState } from './connection-state.ts';

type Listener = (...args: unknown[]) => void;

/** An error of a connection that nobody has is no reason to end the process. */
const ignore = (): void => undefined;

/** Why a connection cannot be lent (again); undefined when it can. */
export type Unfit = 'closed by the server' | 'closed by its user' | 'unread data' | 'an encoding was set' | 'a stream is piped into it' | 'expired' | 'an error' | undefined;

/** One connection of a pool. */
export class PooledConnection {
  readonly socket: Socket;
  /** When it is not lent again, milliseconds of performance.now(). */
  readonly expiresAt: number;
  /** When it came back last, or was made. */
  idleSince: number;
  /** When it was last found to serve. */
  checkedAt: number;
  #own = new Map<string | symbol, readonly Listener[]>();
  #isPipedInto = false;
  /** Whether it reads as one that nobody had yet. */
  #isAsNew = true;
  #onIdleEnd: (() => void) | undefined;

  constructor(socket: Socket, now: number, expiresAt: number) {
    this.socket = socket.on('error', ignore);
    this.expiresAt = expiresAt;
    this.idleSince = now;
    this.checkedAt = now;
  }

  /** Whether it may be lent now: also what the kernel knows and this process has not read yet. */
  unfit(now: number): Unfit {
    const { socket } = this;
    if (socket.errored !== null) return 'an error';
    if (socket.readableEnded) return 'closed by the server';
    if (socket.destroyed || !socket.readable || !socket.writable) return 'closed by its user';
    if (socket.readableLength > 0) return 'unread data';
    if (socket.readableEncoding !== null) return 'an encoding was set';
    if (this.#isPipedInto) return 'a stream is piped into it';
    if (connectionState(socket) === 'ended') return 'closed by the server';
    return now >= this.expiresAt ? 'expired' : undefined;
  }

  /** Watches it while nobody has it: what arrives then, be it the end, makes it unfit. A socket that nobody reads would not tell. */
  watch(onEnd: () => void): void {
    this.#onIdleEnd = onEnd;
    this.#isAsNew = true;
    this.socket.on('readable', onEnd).on('end', onEnd).on('close', onEnd);
  }

  unwatch(): void {
    if (this.#onIdleEnd === undefined) return;
    this.socket.off('readable', this.#onIdleEnd).off('end', this.#onIdleEnd).off('close', this.#onIdleEnd);
    this.#onIdleEnd = undefined;
  }

  /** Remembers which listeners there are before a user adds some. */
  lend(): void {
    // Neither flowing nor paused: the next listener for data decides. One that was watched is so already.
    if (!this.#isAsNew) this.socket.on('readable', ignore).off('readable', ignore);
    this.#isAsNew = false;
    this.#own = new Map(this.socket.eventNames().map((event) => [event, this.socket.rawListeners(event) as Listener[]]));
  }

  /** Takes off what the user added, and undoes its settings. */
  takeBack(): void {
    const { socket } = this;
    // What pipe() adds to the stream that it writes to, and takes off at the end.
    this.#isPipedInto = socket.listenerCount('unpipe') > (this.#own.get('unpipe')?.length ?? 0);
    socket.unpipe();
    for (const event of socket.eventNames()) {
      const own = this.#own.get(event) ?? [];
      for (const listener of socket.rawListeners(event) as Listener[]) if (!own.includes(listener)) socket.off(event, listener);
    }
    // A user that took off all listeners took this one, too.
    if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore);
    while (socket.writableCorked > 0) socket.uncork();
    if (socket.timeout !== undefined && socket.timeout > 0) socket.setTimeout(0);
    socket.setNoDelay(true).ref();
  }
}
