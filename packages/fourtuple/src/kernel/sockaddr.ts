import { Address } from '../model/address.ts';
import { AF_INET, AF_INET6 } from './libc.ts';

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes). @param family of the socket; a mapped address fits an AF_INET6 one. */
export function encodeSockaddr(address: Address, port: number, family: number, scopeId = 0): Uint8Array {
  const bytes = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, LITTLE_ENDIAN);
  view.setUint16(2, port);
  if (family === AF_INET) {
    view.setUint32(4, address.w3);
  } else {
    view.setUint32(8, address.w0);
    view.setUint32(12, address.w1);
    view.setUint32(16, address.w2);
    view.setUint32(20, address.w3);
    view.setUint32(24, scopeId, LITTLE_ENDIAN);
  }
  return bytes;
}

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** Reads what getsockname() and getpeername() fill in. */
export function decodeSockaddr(bytes: Uint8Array): Endpoint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint16(0, LITTLE_ENDIAN);
  const address = family === AF_INET6 ? Address.fromBytes(bytes.subarray(8, 24)) : Address.fromBytes(bytes.subarray(4, 8));
  return { address, port: view.getUint16(2) };
}
