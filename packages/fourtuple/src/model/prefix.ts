import { Address } from './address.ts';

/** A block of addresses in CIDR form. `bits` counts in the address's own family: 0 to 32 or 0 to 128. */
export interface Prefix {
  readonly address: Address;
  readonly bits: number;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32`, a bare address (all bits), or IPv4 with octets left off (`10/8`, as ss allows). */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const address = Address.parse(host) ?? (slash < 0 ? undefined : shortIpv4(host));
  if (address === undefined) return undefined;
  const widest = address.isIpv4 && !host.includes(':') ? 32 : 128;
  if (slash < 0) return { address, bits: widest };
  const bitsText = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > widest) return undefined;
  return { address, bits: address.isIpv4 && widest === 128 ? Math.max(0, Number(bitsText) - 96) : Number(bitsText) };
}

/** True when the address lies in the block. Families never match each other; mapped counts as IPv4. */
export function prefixContains(prefix: Prefix, address: Address): boolean {
  return prefixContainsWords(prefix, address.w0, address.w1, address.w2, address.w3);
}

/** As {@link prefixContains}, on bare words, for hot loops. */
export function prefixContainsWords(prefix: Prefix, w0: number, w1: number, w2: number, w3: number): boolean {
  const isIpv4 = w0 === 0 && w1 === 0 && w2 === 0xffff;
  if (isIpv4 !== prefix.address.isIpv4) return false;
  const bits = isIpv4 ? prefix.bits + 96 : prefix.bits;
  const { address } = prefix;
  return (
    sameBits(address.w0, w0, bits) && sameBits(address.w1, w1, bits - 32) && sameBits(address.w2, w2, bits - 64) && sameBits(address.w3, w3, bits - 96)
  );
}

/** Whether two 32-bit words agree in their first `bits` bits; none need to for 0 or less, all for 32 or more. */
export function sameBits(left: number, right: number, bits: number): boolean {
  if (bits <= 0) return true;
  return bits >= 32 ? left === right : (left ^ right) >>> (32 - bits) === 0;
}

function shortIpv4(text: string): Address | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){0,2}$/.test(text)) return undefined;
  const octets = text.split('.');
  return Address.parse([...octets, ...Array.from({ length: 4 - octets.length }, () => '0')].join('.'));
}
