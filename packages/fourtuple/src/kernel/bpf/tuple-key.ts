import { Address } from '../../model/address.ts';
import { AF_INET, tupleKey } from './programs/socket-fields.ts';

/** What programs count by. */
export interface CountedTuple {
  /** Inode of the network namespace. */
  readonly namespace: number;
  /** Unspecified, where the kernel had not chosen one. */
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
}

export function decodeTuple(key: Uint8Array): CountedTuple {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const isIpv4 = view.getUint16(tupleKey.family, true) === AF_INET;
  return { namespace: view.getUint32(tupleKey.namespace, true), source: decodeAddress(view, tupleKey.source, isIpv4), destination: decodeAddress(view, tupleKey.destination, isIpv4), destinationPort: view.getUint16(tupleKey.destinationPort, false) };
}

/** A 64-bit count, as numbers are here: exact up to 2^53. */
export function decodeCount(bytes: Uint8Array, offset = 0): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset, true));
}

/** Of 16 bytes as on the wire, of which IPv4 fills the first 4. */
export function decodeAddress(view: DataView, at: number, isIpv4: boolean): Address {
  return isIpv4 ? Address.fromIpv4(view.getUint32(at)) : new Address(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12));
}

/** Name of a thread: up to the first zero. */
export function decodeName(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
