import { Protocol } from '../../model/protocol.ts';
import { encodeAttribute, HOST_LITTLE_ENDIAN } from '../netlink/message.ts';

/** Legacy request: one walk of the table for both families, a quarter cheaper than two (TCP only). */
export const TCPDIAG_GETSOCK = 18;
export const SOCK_DIAG_BY_FAMILY = 20;

const INET_DIAG_REQ_BYTECODE = 1;
const SOCKET_ID_BYTES = 48;

export interface DiagRequest {
  readonly protocol: Protocol;
  /** Mask of state bits. */
  readonly states: number;
  /** Filter for the kernel to run on each socket, see filter/bytecode. */
  readonly bytecode?: Uint8Array | undefined;
}

/** struct inet_diag_req: family, src_len, dst_len, ext, id, states, dbs. */
export function encodeLegacyRequest(request: DiagRequest): Uint8Array {
  const bytes = new Uint8Array(12 + SOCKET_ID_BYTES);
  new DataView(bytes.buffer).setUint32(4 + SOCKET_ID_BYTES, request.states, HOST_LITTLE_ENDIAN);
  return withBytecode(bytes, request.bytecode);
}

/** struct inet_diag_req_v2: family, protocol, ext, pad, states, id. */
export function encodeRequest(request: DiagRequest, family: number): Uint8Array {
  const bytes = new Uint8Array(8 + SOCKET_ID_BYTES);
  bytes[0] = family;
  bytes[1] = request.protocol;
  new DataView(bytes.buffer).setUint32(4, request.states, HOST_LITTLE_ENDIAN);
  return withBytecode(bytes, request.bytecode);
}

/** True where the one-walk request serves. */
export function fitsLegacy(request: DiagRequest): boolean {
  return request.protocol === Protocol.tcp;
}

function withBytecode(head: Uint8Array, bytecode: Uint8Array | undefined): Uint8Array {
  if (bytecode === undefined || bytecode.length === 0) return head;
  const attribute = encodeAttribute(INET_DIAG_REQ_BYTECODE, bytecode);
  const bytes = new Uint8Array(head.length + attribute.length);
  bytes.set(head);
  bytes.set(attribute, head.length);
  return bytes;
}
