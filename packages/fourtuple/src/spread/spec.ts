import { AddressListError, expandAddressList, parsePrefix, type Address, type Prefix } from '../model/index.ts';
import { SpreadWordsError } from './errors.ts';

/** Which connections come from which addresses: plain data. */
export interface SpreadSpec {
  /** In the order in which they take turns. */
  readonly addresses: readonly Address[];
  /** Destinations; all when there is none. */
  readonly destinations: readonly Prefix[];
  /** Destination ports; all when there is none. */
  readonly ports: readonly { readonly low: number; readonly high: number }[];
  /** Connections to the host itself too. */
  readonly includesLoopback: boolean;
}

export interface SpreadWords {
  /** `10.0.0.5-10.0.0.8,2001:db8::/120` */
  readonly from: readonly string[];
  /** `10.0.0.0/8,2001:db8::/32` */
  readonly to?: readonly string[] | undefined;
  /** `443,8000-8099` */
  readonly ports?: readonly string[] | undefined;
  readonly includesLoopback?: boolean | undefined;
}

/** Each is a handful of instructions at every connect(). */
const MOST_RULES = 64;
const MOST_ADDRESSES = 4096;

/** @throws SpreadWordsError for words that mean nothing */
export function parseSpread({ from, to = [], ports = [], includesLoopback = false }: SpreadWords): SpreadSpec {
  const spec: SpreadSpec = { addresses: addressesOf(from), destinations: words(to).map(prefixOf), ports: words(ports).map(portsOf), includesLoopback };
  if (spec.destinations.length > MOST_RULES || spec.ports.length > MOST_RULES) throw new SpreadWordsError(`There are more than ${MOST_RULES} destinations or ports.`, 'Name wider prefixes or ranges.');
  const missing = [true, false].find((isIpv4) => spec.destinations.some(({ address }) => address.isIpv4 === isIpv4) && !spec.addresses.some((address) => address.isIpv4 === isIpv4));
  if (missing !== undefined) throw new SpreadWordsError(`A destination of IPv${missing ? 4 : 6} is named, but no address of IPv${missing ? 4 : 6} to come from.`, 'Add one to --from.');
  return spec;
}

function addressesOf(from: readonly string[]): Address[] {
  try {
    const addresses = expandAddressList(words(from), () => undefined);
    if (addresses.length > MOST_ADDRESSES) throw new SpreadWordsError(`--from names ${addresses.length.toLocaleString('en')} addresses; ${MOST_ADDRESSES.toLocaleString('en')} are the most.`, 'Name those that this host has.');
    const multicast = addresses.find((address) => (address.isIpv4 ? address.w3 >>> 28 >= 0xe : address.w0 >>> 24 === 0xff));
    if (multicast !== undefined) throw new SpreadWordsError(`--from: no connection can come from ${multicast.toString()}.`, 'Name addresses of hosts.');
    return addresses;
  } catch (error) {
    if (!(error instanceof AddressListError)) throw error;
    throw new SpreadWordsError(`--from: ${error.message.replace(/, prefix or interface of this host$/, ' or prefix')}.`, 'It takes 10.0.0.5, 10.0.0.5-10.0.0.8, 10.0.0.0/29, 2001:db8::/120, and several of them with commas.');
  }
}

function words(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(',')).map((text) => text.trim()).filter((text) => text !== '');
}

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new SpreadWordsError(`--to: "${text}" is no address or prefix.`, 'It takes 10.0.0.9, 10.0.0.0/8 or 2001:db8::/32, and several of them with commas.');
  return prefix;
}

function portsOf(text: string): { low: number; high: number } {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const [low, high] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || low < 1 || high > 65_535 || high < low) throw new SpreadWordsError(`--port: "${text}" is no port or range of ports.`, 'It takes 443 or 8000-8099, and several of them with commas.');
  return { low, high };
}
