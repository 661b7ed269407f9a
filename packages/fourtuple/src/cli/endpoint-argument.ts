import { lookup } from 'node:dns/promises';
import { Address } from '../model/index.ts';
import { UsageError } from './errors.ts';

/** An address and port as people write them, the host perhaps a name. */
export interface EndpointArgument {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:3306`, `[::]:80`, `:8080`, `*:80`, `3306`, `db.example:5432`. @throws UsageError */
export function parseEndpoint(text: string, what: string): EndpointArgument {
  const match = /^(?:\[(?<bracketed>[^\]]+)\]:|(?<plain>[^:[\]]*):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (match === null || port > 65535) throw new UsageError(`${what} is an address and a port, such as 127.0.0.1:3306, [::1]:3306 or :3306, not "${text}"`);
  return { host: match.groups?.['bracketed'] ?? match.groups?.['plain'] ?? '', port };
}

/** The address of a host that is written as one, or as the wildcard of bind(); undefined for a name. */
export function literalAddress(host: string): Address | undefined {
  if (host === '' || host === '*') return Address.anyIpv4;
  return Address.parse(host);
}

/** Asks the resolver for a name. @throws UsageError when it knows none. */
export async function resolveHost(host: string): Promise<Address> {
  const literal = literalAddress(host);
  if (literal !== undefined) return literal;
  try {
    const found = await lookup(host, { verbatim: true });
    return Address.parse(found.address)!;
  } catch (error) {
    throw new UsageError(`"${host}" is no address, and the resolver knows no such name (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}
