import { Errno } from '../errno.ts';
import { InconsistentDumpError, KernelError, MalformedMessageError } from '../errors.ts';
import { runSteps, WITHOUT_PAUSE } from '../../model/steps.ts';
import type { KernelSocket } from './kernel-socket.ts';
import { encodeMessage, readMessages, NLM_F_DUMP, NLM_F_REQUEST, type BufferOutcome, type MessageHandler } from './message.ts';

/** The kernel fills at most 32 KiB a datagram; a larger buffer gains nothing (measured). */
const BUFFER_BYTES = 32768 + 4096;
const MAX_ATTEMPTS = 4;
/** Datagrams without anything of ours, one after the other, before the kernel is taken for something else. */
const MAX_USELESS_DATAGRAMS = 10_000;
/** 300 sockets a datagram: enough to hear the end of any dump. */
const MAX_DRAINED_DATAGRAMS = 100_000;

const { ENOBUFS, EBUSY } = Errno;

export interface DumpHandler extends MessageHandler {
  /** Everything delivered so far is void: the dump starts again. */
  restart(): void;
  /**
   * Takes messages from the begin of a datagram by a faster way, as far as it understands them; the rest goes to
   * `message`.
   */
  takeRun?(buffer: ReceiveBuffer, length: number, sequence: number): RunTaken;
}

/** How many messages were taken, and up to which byte. */
export interface RunTaken {
  readonly messages: number;
  readonly bytes: number;
}

export const NOTHING_TAKEN: RunTaken = { messages: 0, bytes: 0 };

/** The receive buffer as bytes and as words: netlink messages begin on a word. */
export interface ReceiveBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array;
}

function makeBuffer(): ReceiveBuffer {
  const memory = new ArrayBuffer(BUFFER_BYTES);
  return { bytes: new Uint8Array(memory), view: new DataView(memory), words: new Int32Array(memory) };
}

let nextSequence = 1;
let spareBuffer: ReceiveBuffer | undefined;

/**
 * Runs one dump request to its end, yielding after every datagram so that a caller may let the event loop breathe, until
 * one says that it does not ({@link WITHOUT_PAUSE}).
 * A dump that the kernel marks inconsistent (NLM_F_DUMP_INTR), or that lost messages (ENOBUFS), is repeated, at most
 * four times in all; a dump that somebody left in the middle is heard out first, since until its end the kernel
 * answers EBUSY.
 * @throws KernelError, MalformedMessageError, InconsistentDumpError
 */
export function* dumpSteps(socket: KernelSocket, type: number, payload: Uint8Array, operation: string, handler: DumpHandler): Generator<void> {
  const buffer = spareBuffer ?? makeBuffer();
  spareBuffer = undefined;
  let isPausing = true;
  try {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const sequence = nextSequence++;
      socket.send(encodeMessage(type, NLM_F_REQUEST | NLM_F_DUMP, sequence, payload));
      const outcome: BufferOutcome = { done: false, interrupted: false, heard: 0 };
      try {
        let useless = 0;
        while (!outcome.done) {
          const heard = outcome.heard;
          const length = socket.receive(buffer.bytes);
          const { messages, bytes } = handler.takeRun?.(buffer, length, sequence) ?? NOTHING_TAKEN;
          outcome.heard += messages;
          readMessages(buffer.view, length, sequence, operation, handler, outcome, bytes);
          useless = outcome.heard === heard ? useless + 1 : 0;
          if (useless > MAX_USELESS_DATAGRAMS) throw new MalformedMessageError(`${operation}: ${useless} datagrams without an answer in them`);
          if (isPausing) isPausing = (yield) !== WITHOUT_PAUSE;
        }
      } catch (error) {
        if (!(error instanceof KernelError) || (error.errno !== ENOBUFS && error.errno !== EBUSY)) throw error;
        outcome.interrupted = true;
        drain(socket, buffer);
      }
      if (!outcome.interrupted) return;
      handler.restart();
    }
    throw new InconsistentDumpError(`${operation}: the kernel's table changed under the dump ${MAX_ATTEMPTS} times`);
  } finally {
    spareBuffer = buffer;
  }
}

/** Hears a dump out, whosever it is, until its end or until nothing comes. */
function drain(socket: KernelSocket, buffer: ReceiveBuffer): void {
  const ANY = undefined;
  for (let count = 0; count < MAX_DRAINED_DATAGRAMS; count++) {
    const outcome: BufferOutcome = { done: false, interrupted: false, heard: 0 };
    try {
      readMessages(buffer.view, socket.receive(buffer.bytes), ANY, 'the rest of an earlier dump', { message: () => undefined }, outcome);
    } catch (error) {
      if (error instanceof KernelError && error.errno === ENOBUFS) continue;
      // An error message ends a dump too; anything else will show itself again at the next request.
      return;
    }
    if (outcome.done) return;
  }
}

/** {@link dumpSteps} in one go. */
export function dump(socket: KernelSocket, type: number, payload: Uint8Array, operation: string, handler: DumpHandler): void {
  const steps = dumpSteps(socket, type, payload, operation, handler);
  runSteps(steps);
}
