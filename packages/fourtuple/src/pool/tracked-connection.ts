import type { Socket } from 'node:net';
import type { Binder } from './binder.ts';
import type { Destination } from './destinations.ts';
import type { SourceFamily } from './source-family.ts';
import type { Source } from './source.ts';
import type { HandleWatcher, TcpHandle } from './tcp-handle.ts';

/** States as the kernel numbers them (include/net/tcp_states.h). */
const ESTABLISHED = 1;
const SYN_SENT = 2;
const CLOSE = 7;
const CLOSE_WAIT = 8;
const LAST_ACK = 9;

/** Told of the end of a connection. */
interface Owner {
  connectionEnded(connection: TrackedConnection, isReset: boolean): void;
}

/** A connect() of one handle, and the connection that comes of it, until it ends. */
export class TrackedConnection implements HandleWatcher {
  readonly socket: Socket;
  readonly handle: TcpHandle;
  /** Of the socket: an IPv4 destination is mapped in one of IPv6. */
  readonly family: 4 | 6;
  readonly destination: string;
  readonly port: number;
  readonly isLoopback: boolean;
  /** Sources that it may come from. */
  readonly sources: SourceFamily;
  readonly to: Destination;
  /** Of the destination, in its books. */
  readonly name: string;
  /** Where it came from; undefined until it is known. */
  source: Source | undefined;
  readonly #owner: Owner;
  readonly #binder: Binder;
  /** Whether this end was the first to close. */
  #isFirst: boolean | undefined;

  constructor(owner: Owner, binder: Binder, socket: Socket, handle: TcpHandle, family: 4 | 6, destination: string, port: number, isLoopback: boolean, sources: SourceFamily, to: Destination, name: string) {
    this.#owner = owner;
    this.#binder = binder;
    this.socket = socket;
    this.handle = handle;
    this.family = family;
    this.destination = destination;
    this.port = port;
    this.isLoopback = isLoopback;
    this.sources = sources;
    this.to = to;
    this.name = name;
  }

  /** A FIN is about to be sent. */
  shutdown(): void {
    if (this.#binder.seesStates) this.#isFirst = this.#binder.tcpState(this.handle) === ESTABLISHED;
  }

  ended(isReset: boolean): void {
    this.#owner.connectionEnded(this, isReset);
  }

  /**
   * Guesses which end closes first: that one has the TIME_WAIT, and loses the port for a minute. Asked before the
   * descriptor is closed. False where states cannot be seen. Wrong for what the kernel ends by a reset of its own: with
   * data that nobody read.
   * @param hasFailed whether the connection ends by an error, as a reset
   */
  leavesTimeWait(hasFailed: boolean): boolean {
    if (!this.#binder.seesStates) return false;
    switch (this.#binder.tcpState(this.handle)) {
      case undefined:
      case SYN_SENT:
      case CLOSE_WAIT:
      case LAST_ACK:
        return false;
      case CLOSE:
        // Both ends have closed; or a reset came.
        return !hasFailed && this.#isFirst === true;
      default:
        return true;
    }
  }
}
