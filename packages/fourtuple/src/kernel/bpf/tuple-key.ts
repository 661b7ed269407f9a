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
  const address = (at: number): Address => (isIpv4 ? Address.fromIpv4(view.getUint32(at, false)) : new Address(view.getUint32(at, false), view.getUint32(at + 4, false), view.getUint32(at + 8, false), view.getUint32(at + 12, false)));
  return { namespace: view.getUint32(tupleKey.namespace, true), source: address(tupleKey.source), destination: address(tupleKey.destination), destinationPort: view.getUint16(tupleKey.destinationPort, false) };
}

/** A 64-bit count, as numbers are here: exact up to 2^53. */
export function decodeCount(bytes: Uint8Array, offset = 0): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset, true));
}
