import { constants } from 'node:os';
import { InconsistentDumpError, KernelError } from '../errors.ts';
import type { KernelSocket } from './kernel-socket.ts';
import { encodeMessage, readMessages, NLM_F_DUMP, NLM_F_REQUEST, type MessageHandler } from './message.ts';

/** The kernel fills at most 32 KiB a datagram; a larger buffer gains nothing (measured). */
const BUFFER_BYTES = 32768 + 4096;
const MAX_ATTEMPTS = 4;

export interface DumpHandler extends MessageHandler {
  /** Everything delivered so far is void: the dump starts again. */
  restart(): void;
}

let nextSequence = 1;
let spareBuffer: Uint8Array | undefined;

/**
 * Runs one dump request to its end, yielding after every datagram so that a caller may let the event loop breathe.
 * A dump that the kernel marks inconsistent (NLM_F_DUMP_INTR), or that lost messages (ENOBUFS), is repeated, at most
 * four times in all.
 * @throws KernelError, MalformedMessageError, InconsistentDumpError
 */
export function* dumpSteps(socket: KernelSocket, type: number, payload: Uint8Array, operation: string, handler: DumpHandler): Generator<void> {
  const buffer = spareBuffer ?? new Uint8Array(BUFFER_BYTES);
  spareBuffer = undefined;
  const view = new DataView(buffer.buffer);
  try {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const sequence = nextSequence++;
      socket.send(encodeMessage(type, NLM_F_REQUEST | NLM_F_DUMP, sequence, payload));
      const outcome = { done: false, interrupted: false };
      try {
        while (!outcome.done) {
          readMessages(view, socket.receive(buffer), sequence, operation, handler, outcome);
          yield;
        }
      } catch (error) {
        if (!(error instanceof KernelError && error.errno === constants.errno.ENOBUFS)) throw error;
        outcome.interrupted = true;
      }
      if (!outcome.interrupted) return;
      handler.restart();
    }
    throw new InconsistentDumpError(`${operation}: the kernel's table changed under the dump ${MAX_ATTEMPTS} times`);
  } finally {
    spareBuffer = buffer;
  }
}

/** {@link dumpSteps} in one go. */
export function dump(socket: KernelSocket, type: number, payload: Uint8Array, operation: string, handler: DumpHandler): void {
  const steps = dumpSteps(socket, type, payload, operation, handler);
  while (steps.next().done !== true);
}
