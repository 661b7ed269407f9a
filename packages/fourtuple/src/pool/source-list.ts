import { networkInterfaces } from 'node:os';
import { Address } from '../model/address.ts';
import { AddressListError, expandAddressList } from '../model/address-list.ts';
import { SourceError } from './errors.ts';

/** One or several of: an address, a range (`10.0.0.5-10.0.0.8`, `10.0.0.5-8`), a prefix (`10.0.0.0/28`), the name of a network interface. */
export type SourceSpec = string | readonly string[];

/**
 * The addresses that a specification names, each once, in its order.
 * @throws SourceError for what names none, and for more than 65,536
 */
export function expandSources(spec: SourceSpec): Address[] {
  const given: unknown = typeof spec === 'string' ? spec.split(',') : spec;
  if (!Array.isArray(given) || !given.every((part) => typeof part === 'string')) throw new SourceError('source addresses are a text, or a list of texts');
  try {
    return expandAddressList(given, addressesOfInterface);
  } catch (error) {
    throw error instanceof AddressListError ? new SourceError(error.message) : error;
  }
}

function addressesOfInterface(name: string): Address[] | undefined {
  const interfaces = networkInterfaces();
  const own = Object.hasOwn(interfaces, name) ? interfaces[name] : undefined;
  // Link-local addresses reach no further than their link.
  return own?.flatMap(({ address, scopeid }) => ((scopeid ?? 0) === 0 ? (Address.parse(address) ?? []) : []));
}
