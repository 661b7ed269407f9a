import type { Address } from '../../model/address.ts';
import { Errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import { AF_INET, AF_INET6, NETLINK_ROUTE } from '../libc.ts';
import { openKernelSocket } from './kernel-socket.ts';
import { encodeAttribute, encodeMessage, HOST_LITTLE_ENDIAN, NLM_F_ACK, NLM_F_REQUEST, readMessages } from './message.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const NLM_F_CREATE = 0x400;
const NLM_F_EXCL = 0x200;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

let sequence = 1;

/**
 * Gives an address of its own (/32 or /128, so that no route comes with it) to an interface of this namespace.
 * @returns false when the interface has it already
 * @throws KernelError
 */
export function addAddress(address: Address, index: number): boolean {
  return change(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, index, Errno.EEXIST, `add ${address.toString()} to interface ${index}`);
}

/** Takes it away again. @returns false when it is gone already @throws KernelError */
export function removeAddress(address: Address, index: number): boolean {
  return change(RTM_DELADDR, 0, address, index, Errno.EADDRNOTAVAIL, `remove ${address.toString()} from interface ${index}`);
}

/** @returns false when the kernel answers with the errno that means: it is so already */
function change(type: number, flags: number, address: Address, index: number, already: number, operation: string): boolean {
  const socket = openKernelSocket(NETLINK_ROUTE);
  try {
    const own = sequence++;
    socket.send(encodeMessage(type, NLM_F_REQUEST | NLM_F_ACK | flags, own, encodeAddress(address, index)));
    const bytes = new Uint8Array(8192);
    const outcome = { done: false, interrupted: false, heard: 0 };
    while (!outcome.done) readMessages(new DataView(bytes.buffer), socket.receive(bytes), own, operation, { message: () => undefined }, outcome);
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === already) return false;
    throw error;
  } finally {
    socket.close();
  }
}

/** struct ifaddrmsg, and the address twice: the interface's own, and its prefix's. */
function encodeAddress(address: Address, index: number): Uint8Array {
  const words = address.isIpv4 ? [address.w3] : [address.w0, address.w1, address.w2, address.w3];
  const value = new Uint8Array(words.length * 4);
  words.forEach((word, place) => new DataView(value.buffer).setUint32(place * 4, word));
  const head = new Uint8Array(8);
  head[0] = address.isIpv4 ? AF_INET : AF_INET6;
  head[1] = value.length * 8;
  new DataView(head.buffer).setUint32(4, index, HOST_LITTLE_ENDIAN);
  return new Uint8Array([...head, ...encodeAttribute(IFA_LOCAL, value), ...encodeAttribute(IFA_ADDRESS, value)]);
}
