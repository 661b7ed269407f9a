import { KernelError, MalformedMessageError } from '../errors.ts';

/** Byte order of the host, in which netlink headers are written. */
export const HOST_LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export const NLM_F_REQUEST = 1;
export const NLM_F_MULTI = 2;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;
export const HEADER_BYTES = 16;

const NLMSGERR_ATTR_MSG = 1;

/** struct nlmsghdr and payload, padded to four bytes. */
export function encodeMessage(type: number, flags: number, sequence: number, payload: Uint8Array): Uint8Array {
  const length = HEADER_BYTES + payload.length;
  const bytes = new Uint8Array((length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, HOST_LITTLE_ENDIAN);
  view.setUint16(4, type, HOST_LITTLE_ENDIAN);
  view.setUint16(6, flags, HOST_LITTLE_ENDIAN);
  view.setUint32(8, sequence, HOST_LITTLE_ENDIAN);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** struct nlattr and its value, padded to four bytes. */
export function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + value.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + value.length, HOST_LITTLE_ENDIAN);
  view.setUint16(2, type, HOST_LITTLE_ENDIAN);
  bytes.set(value, 4);
  return bytes;
}

export interface MessageHandler {
  /** A message that is none of the control messages. `offset` is that of its payload. */
  message(type: number, view: DataView, offset: number, length: number): void;
}

export interface BufferOutcome {
  /** The end of a dump (or an acknowledgement) was seen. */
  done: boolean;
  /** The kernel says that its table changed under the dump. */
  interrupted: boolean;
  /** Messages seen that answer the request. */
  heard: number;
}

/**
 * Walks every netlink message in `view[from, length)`.
 * @param sequence of the request; undefined takes the answers to any.
 * @throws MalformedMessageError when a length does not fit; KernelError for an error answer, with the extended ack's text.
 */
export function readMessages(view: DataView, length: number, sequence: number | undefined, operation: string, handler: MessageHandler, outcome: BufferOutcome, from = 0): void {
  let at = from;
  while (at + HEADER_BYTES <= length) {
    const messageLength = view.getUint32(at, HOST_LITTLE_ENDIAN);
    if (messageLength < HEADER_BYTES || at + messageLength > length) {
      throw new MalformedMessageError(`${operation}: a netlink message of ${messageLength} bytes at ${at} does not fit the ${length} received`);
    }
    const type = view.getUint16(at + 4, HOST_LITTLE_ENDIAN);
    const flags = view.getUint16(at + 6, HOST_LITTLE_ENDIAN);
    // Answers to an earlier, abandoned request may still be queued.
    if (sequence === undefined || view.getUint32(at + 8, HOST_LITTLE_ENDIAN) === sequence) {
      if ((flags & NLM_F_DUMP_INTR) !== 0) outcome.interrupted = true;
      if (type !== NLMSG_NOOP) outcome.heard++;
      if (type > NLMSG_OVERRUN) {
        handler.message(type, view, at + HEADER_BYTES, messageLength - HEADER_BYTES);
      } else if (type === NLMSG_DONE) {
        outcome.done = true;
        throwIfError(view, at, messageLength, flags, operation);
        return;
      } else if (type === NLMSG_ERROR) {
        outcome.done = true;
        throwIfError(view, at, messageLength, flags, operation);
        return;
      } else if (type === NLMSG_OVERRUN) {
        outcome.interrupted = true;
      }
    }
    at += (messageLength + 3) & ~3;
  }
  if (at < length) throw new MalformedMessageError(`${operation}: ${length - at} bytes after the last netlink message`);
}

/** NLMSG_ERROR and NLMSG_DONE carry a negative errno (or 0), then perhaps the request, then extended-ack attributes. */
function throwIfError(view: DataView, at: number, length: number, flags: number, operation: string): void {
  const isError = view.getUint16(at + 4, HOST_LITTLE_ENDIAN) === NLMSG_ERROR;
  if (length < HEADER_BYTES + 4) {
    if (isError) throw new MalformedMessageError(`${operation}: an error message of ${length} bytes carries no errno`);
    return;
  }
  const errno = -view.getInt32(at + HEADER_BYTES, HOST_LITTLE_ENDIAN);
  if (errno <= 0) return;
  let tlvs = at + HEADER_BYTES + 4;
  if (isError) {
    const end = at + length;
    if (tlvs + HEADER_BYTES <= end) {
      const echoed = view.getUint32(tlvs, HOST_LITTLE_ENDIAN);
      tlvs += (flags & NLM_F_CAPPED) !== 0 ? HEADER_BYTES : (echoed + 3) & ~3;
    }
  }
  throw new KernelError(operation, errno, (flags & NLM_F_ACK_TLVS) === 0 ? undefined : extendedAckText(view, tlvs, at + length));
}

function extendedAckText(view: DataView, from: number, end: number): string | undefined {
  let at = from;
  while (at + 4 <= end) {
    const length = view.getUint16(at, HOST_LITTLE_ENDIAN);
    if (length < 4 || at + length > end) return undefined;
    if (view.getUint16(at + 2, HOST_LITTLE_ENDIAN) === NLMSGERR_ATTR_MSG) {
      let text = '';
      for (let index = at + 4; index < at + length; index++) {
        const byte = view.getUint8(index);
        if (byte !== 0) text += String.fromCharCode(byte);
      }
      return text;
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}
