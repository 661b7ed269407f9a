import { Address } from './address.ts';
import { parsePrefix, type Prefix } from './prefix.ts';

/** More addresses than this are a mistake: a prefix that was meant as an address. */
const MOST = 65_536;

/** A list of addresses that names none, or too many. */
export class AddressListError extends Error {
  override readonly name = 'AddressListError';
}

/**
 * The addresses that the parts of a list name, each once, in its order: an address, a range (`10.0.0.5-10.0.0.8`,
 * `10.0.0.5-8`), a prefix (`10.0.0.0/28`), or the name of an interface. Of an IPv4 prefix shorter than /31 the first and
 * the last address, which are no host's, are left out.
 * @param ofInterface its addresses that reach beyond its link; undefined when there is no such interface
 * @throws AddressListError for what names none, and for more than 65,536
 */
export function expandAddressList(parts: readonly string[], ofInterface: (name: string) => readonly Address[] | undefined): Address[] {
  const given = parts.map((part) => part.trim()).filter((part) => part !== '');
  if (given.length === 0) throw new AddressListError('no source address is given');
  const found = new Map<string, Address>();
  for (const part of given) {
    for (const address of expandOne(part, ofInterface)) {
      found.set(address.toString(), address);
      if (found.size > MOST) throw tooMany(part);
    }
  }
  return [...found.values()];
}

function* expandOne(part: string, ofInterface: (name: string) => readonly Address[] | undefined): Generator<Address> {
  const address = Address.parse(part);
  if (address !== undefined) return yield usable(address, part);
  const prefix = part.includes('/') ? parsePrefix(part) : undefined;
  if (prefix !== undefined) return yield* hostsOf(prefix, part);
  const range = /^([^-\s]+)-([^-\s]+)$/.exec(part);
  const low = range === null ? undefined : Address.parse(range[1]!);
  if (low !== undefined) return yield* between(low, endOf(low, range![2]!), part);
  const own = ofInterface(part);
  if (own === undefined) throw new AddressListError(`"${part}" is no address, range, prefix or interface of this host`);
  if (own.length === 0) throw new AddressListError(`the interface "${part}" has no address that reaches beyond its link`);
  yield* own;
}

/** `10.0.0.5-8` ends in 10.0.0.8. */
function endOf(low: Address, text: string): Address | undefined {
  if (/^(?:0|[1-9]\d{0,2})$/.test(text) && low.isIpv4) return Number(text) > 0xff ? undefined : Address.fromIpv4(((low.w3 & ~0xff) | Number(text)) >>> 0);
  return Address.parse(text);
}

function* between(low: Address, high: Address | undefined, part: string): Generator<Address> {
  if (high === undefined || high.isIpv4 !== low.isIpv4 || numberOf(high) < numberOf(low)) throw new AddressListError(`"${part}" is no range of addresses, lowest first`);
  if (numberOf(high) - numberOf(low) >= MOST) throw tooMany(part);
  for (let number = numberOf(low); number <= numberOf(high); number++) yield usable(fromNumber(number), part);
}

function* hostsOf({ address, bits }: Prefix, part: string): Generator<Address> {
  const width = address.isIpv4 ? 32 : 128;
  const size = 1n << BigInt(width - bits);
  const first = (numberOf(address) / size) * size;
  const isSubnet = address.isIpv4 && bits < 31;
  if (size - (isSubnet ? 2n : 0n) > MOST) throw tooMany(part);
  for (let offset = isSubnet ? 1n : 0n; offset < (isSubnet ? size - 1n : size); offset++) yield usable(fromNumber(first + offset), part);
}

function tooMany(part: string): AddressListError {
  return new AddressListError(`"${part}" has more than ${MOST.toLocaleString('en')} addresses: name those that this host has`);
}

function usable(address: Address, part: string): Address {
  if (address.isUnspecified) throw new AddressListError(`"${part}" is every address, and none to come from`);
  return address;
}

function numberOf({ w0, w1, w2, w3 }: Address): bigint {
  return (BigInt(w0) << 96n) | (BigInt(w1) << 64n) | (BigInt(w2) << 32n) | BigInt(w3);
}

function fromNumber(number: bigint): Address {
  const word = (shift: bigint): number => Number((number >> shift) & 0xffffffffn);
  return new Address(word(96n), word(64n), word(32n), word(0n));
}
