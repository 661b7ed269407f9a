import type { Binder } from './binder.ts';
import type { TcpHandle } from './tcp-handle.ts';

/** States as the kernel numbers them (include/net/tcp_states.h). */
const ESTABLISHED = 1;
const SYN_SENT = 2;
const CLOSE = 7;
const CLOSE_WAIT = 8;
const LAST_ACK = 9;

/** Guesses which end of a connection closes first: that one has the TIME_WAIT, and loses the port for a minute. */
export class ConnectionEnd {
  readonly #binder: Binder;
  readonly #handle: TcpHandle;
  #isFirst: boolean | undefined;

  constructor(binder: Binder, handle: TcpHandle) {
    this.#binder = binder;
    this.#handle = handle;
  }

  /** A FIN is about to be sent. */
  shutdown(): void {
    if (this.#binder.seesStates) this.#isFirst = this.#binder.tcpState(this.#handle) === ESTABLISHED;
  }

  /**
   * Asked before the descriptor is closed. False where states cannot be seen. Wrong for what the kernel ends by a reset
   * of its own: with data that nobody read.
   * @param hasFailed whether the connection ends by an error, as a reset
   */
  leavesTimeWait(hasFailed: boolean): boolean {
    if (!this.#binder.seesStates) return false;
    switch (this.#binder.tcpState(this.#handle)) {
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
