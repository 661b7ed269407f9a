import { constants } from 'node:os';
import { KernelError, MalformedMessageError } from '../../src/kernel/errors.ts';
import type { KernelSocket } from '../../src/kernel/netlink/kernel-socket.ts';
import { encodeAttribute, encodeMessage, HEADER_BYTES, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_MULTI, NLMSG_DONE, NLMSG_ERROR } from '../../src/kernel/netlink/message.ts';
import type { SocketCursor } from '../../src/model/index.ts';

// The kernel's side of a netlink conversation, message by message. Integers are in host order: little endian where
// these tests run.

export interface FakeRequest {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** What one recv() gives: a datagram, or the errno with which it fails. */
export type FakeReceipt = Uint8Array | { readonly errno: number };

/**
 * A netlink socket whose kernel is a function: it gets each request and yields what recv() returns for it, lazily, so
 * that an answer may be endless. A recv() with nothing to return fails with EAGAIN, as after the real socket's timeout.
 */
export class FakeKernel implements KernelSocket {
  readonly requests: FakeRequest[] = [];
  received = 0;
  isClosed = false;
  readonly #answer: (request: FakeRequest, count: number) => Iterable<FakeReceipt>;
  readonly #pending: Iterator<FakeReceipt>[] = [];

  constructor(answer: (request: FakeRequest, count: number) => Iterable<FakeReceipt>) {
    this.#answer = answer;
  }

  send(message: Uint8Array): void {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const request = { type: view.getUint16(4, true), flags: view.getUint16(6, true), sequence: view.getUint32(8, true), payload: message.slice(HEADER_BYTES, view.getUint32(0, true)) };
    this.requests.push(request);
    this.#pending.push(this.#answer(request, this.requests.length)[Symbol.iterator]());
  }

  receive(buffer: Uint8Array): number {
    this.received++;
    while (this.#pending.length > 0) {
      const step = this.#pending[0]!.next();
      if (step.done === true) {
        this.#pending.shift();
        continue;
      }
      if (!(step.value instanceof Uint8Array)) throw new KernelError('recv(AF_NETLINK)', step.value.errno);
      // As openKernelSocket() does with MSG_TRUNC.
      if (step.value.length > buffer.length) throw new MalformedMessageError(`a netlink datagram of ${step.value.length} bytes was cut to ${buffer.length}`);
      buffer.set(step.value);
      return step.value.length;
    }
    throw new KernelError('recv(AF_NETLINK)', constants.errno.EAGAIN);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Several messages in one datagram. */
export function datagram(...messages: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(messages.reduce((sum, message) => sum + message.length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.length;
  }
  return bytes;
}

/** One message of a dump. */
export function part(sequence: number, type: number, payload: Uint8Array, flags = 0): Uint8Array {
  return encodeMessage(type, NLM_F_MULTI | flags, sequence, payload);
}

/** The end of a dump, with its status: 0 or a negative errno. */
export function done(sequence: number, status = 0, flags = 0): Uint8Array {
  return encodeMessage(NLMSG_DONE, NLM_F_MULTI | flags, sequence, new Uint8Array(Int32Array.of(status).buffer));
}

export interface FakeError {
  readonly errno: number;
  /** Text of the extended acknowledgement. */
  readonly text?: string;
  /** The request comes back whole; otherwise its header alone (NLM_F_CAPPED). */
  readonly echo?: Uint8Array;
}

/** An error answer: errno, the request (or its header), and the extended acknowledgement if there is one. */
export function refusal(sequence: number, { errno, text, echo }: FakeError): Uint8Array {
  const echoed = echo ?? encodeMessage(20, 1, sequence, new Uint8Array(0));
  const attributes = text === undefined ? new Uint8Array(0) : datagram(encodeAttribute(2, new Uint8Array(4)), encodeAttribute(1, new TextEncoder().encode(`${text}\0`)));
  const payload = datagram(new Uint8Array(Int32Array.of(-errno).buffer), echoed, attributes);
  return encodeMessage(NLMSG_ERROR, (echo === undefined ? NLM_F_CAPPED : 0) | (text === undefined ? 0 : NLM_F_ACK_TLVS), sequence, payload);
}

/** struct inet_diag_msg and attributes in the order in which the kernel writes them; UNKNOWN values are left out. */
export function encodeSocket(socket: SocketCursor, extra: readonly Uint8Array[] = []): Uint8Array {
  const bytes = new Uint8Array(72);
  const view = new DataView(bytes.buffer);
  bytes[0] = socket.family;
  bytes[1] = socket.state === 13 ? 7 : socket.state;
  bytes[2] = socket.timer;
  bytes[3] = socket.retransmits;
  view.setUint16(4, socket.localPort);
  view.setUint16(6, socket.remotePort);
  const local = [socket.local0, socket.local1, socket.local2, socket.local3];
  const remote = [socket.remote0, socket.remote1, socket.remote2, socket.remote3];
  (socket.family === 2 ? local.slice(3) : local).forEach((word, index) => view.setUint32(8 + index * 4, word));
  (socket.family === 2 ? remote.slice(3) : remote).forEach((word, index) => view.setUint32(24 + index * 4, word));
  const { interfaceIndex, cookieLow, cookieHigh, expiresMs, receiveQueue, sendQueue, uid, inode } = socket;
  [interfaceIndex, cookieLow, cookieHigh, expiresMs, receiveQueue, sendQueue, uid, inode].forEach((value, index) => view.setUint32(40 + index * 4, value, true));
  const attributes: Uint8Array[] = [...extra];
  if (socket.v6Only !== -1) attributes.push(encodeAttribute(11, Uint8Array.of(socket.v6Only)));
  if (socket.mark !== -1) attributes.push(encodeAttribute(15, new Uint8Array(Uint32Array.of(socket.mark).buffer)));
  if (socket.cgroupId !== 0) attributes.push(encodeAttribute(21, new Uint8Array(BigUint64Array.of(BigInt(socket.cgroupId)).buffer)));
  if (socket.noPort !== -1) attributes.push(encodeAttribute(22, Uint8Array.of(0xff, socket.noPort)));
  return datagram(bytes, ...attributes);
}

/** A whole dump of sockets in as many datagrams as the kernel would use. */
export function* dumpOf(sequence: number, sockets: readonly SocketCursor[], perDatagram = 50): Generator<Uint8Array> {
  for (let from = 0; from < sockets.length; from += perDatagram) yield datagram(...sockets.slice(from, from + perDatagram).map((socket) => part(sequence, 20, encodeSocket(socket))));
  yield done(sequence);
}
