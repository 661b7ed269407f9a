import { networkInterfaces } from 'node:os';
import { Address, parsePrefix, type Prefix } from '../model/index.ts';
import { SourceError } from './errors.ts';

/** More addresses than this are a mistake: a prefix that was meant as an address. */
const MOST = 65_536;

/** One or several of: an address, a range (`10.0.0.5-10.0.0.8`, `10.0.0.5-8`), a prefix (`10.0.0.0/28`), the name of a network interface. */
export type SourceSpec = string | readonly string[];

/**
 * The addresses that a specification names, each once, in its order. Of an IPv4 prefix shorter than /31 the first and
 * the last address, which are no host's, are left out.
 * @throws SourceError for what names none, and for more than 65,536
 */
export function expandSources(spec: SourceSpec): Address[] {
  const given: unknown = typeof spec === 'string' ? spec.split(',') : spec;
  if (!Array.isArray(given) || !given.every((part) => typeof part === 'string')) throw new SourceError('source addresses are a text, or a list of texts');
  const parts = given.map((part) => part.trim()).filter((part) => part !== '');
  if (parts.length === 0) throw new SourceError('no source address is given');
  const found = new Map<string, Address>();
  for (const part of parts) {
    for (const address of expandOne(part)) {
      found.set(address.toString(), address);
      if (found.size > MOST) throw tooMany(part);
    }
  }
  return [...found.values()];
}

function* expandOne(part: string): Generator<Address> {
  const address = Address.parse(part);
  if (address !== undefined) return yield usable(address, part);
  const prefix = part.includes('/') ? parsePrefix(part) : undefined;
  if (prefix !== undefined) return yield* hostsOf(prefix, part);
  const range = /^([^-\s]+)-([^-\s]+)$/.exec(part);
  const low = range === null ? undefined : Address.parse(range[1]!);
  if (low !== undefined) return yield* between(low, endOf(low, range![2]!), part);
  const interfaces = networkInterfaces();
  const ofInterface = Object.hasOwn(interfaces, part) ? interfaces[part] : undefined;
  if (ofInterface === undefined) throw new SourceError(`"${part}" is no address, range, prefix or interface of this host`);
  // Link-local addresses reach no further than their link.
  const own = ofInterface.flatMap(({ address: text, scopeid }) => ((scopeid ?? 0) === 0 ? (Address.parse(text) ?? []) : []));
  if (own.length === 0) throw new SourceError(`the interface "${part}" has no address that reaches beyond its link`);
  yield* own;
}

/** `10.0.0.5-8` ends in 10.0.0.8. */
function endOf(low: Address, text: string): Address | undefined {
  if (/^(?:0|[1-9]\d{0,2})$/.test(text) && low.isIpv4) return Number(text) > 0xff ? undefined : Address.fromIpv4(((low.w3 & ~0xff) | Number(text)) >>> 0);
  return Address.parse(text);
}

function* between(low: Address, high: Address | undefined, part: string): Generator<Address> {
  if (high === undefined || high.isIpv4 !== low.isIpv4 || numberOf(high) < numberOf(low)) throw new SourceError(`"${part}" is no range of addresses, lowest first`);
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

function tooMany(part: string): SourceError {
  return new SourceError(`"${part}" has more than ${MOST.toLocaleString('en')} addresses: name those that this host has`);
}

function usable(address: Address, part: string): Address {
  if (address.isUnspecified) throw new SourceError(`"${part}" is every address, and none to come from`);
  return address;
}

function numberOf({ w0, w1, w2, w3 }: Address): bigint {
  return (BigInt(w0) << 96n) | (BigInt(w1) << 64n) | (BigInt(w2) << 32n) | BigInt(w3);
}

function fromNumber(number: bigint): Address {
  const word = (shift: bigint): number => Number((number >> shift) & 0xffffffffn);
  return new Address(word(96n), word(64n), word(32n), word(0n));
}
