/** How a NAT gives out ports, as far as its operator publishes it. All counts are of one protocol, all times in seconds. */
export interface NatProfile {
  readonly name: string;
  readonly title: string;
  /** Ports that one address has for one (destination, port); for `per-host` those of one host. */
  readonly ports: number;
  /** Whom the ports are for: every user of an address, or each host behind it. */
  readonly scope: 'per-destination' | 'per-host';
  /** A port serves one destination only (endpoint-independent mapping): `ports` are over all destinations together. */
  readonly isForAllDestinations?: boolean;
  /** Ports that one address has in all, for all hosts or all destinations: what `ports` are taken from. */
  readonly portsPerAddress?: number;
  /** Ports that a host begins with, where it gets more when these run low; `ports` is what it ends with. */
  readonly firstPorts?: number;
  readonly mostAddresses: number;
  /** Addresses without asking the operator for more, where that is fewer. */
  readonly quotaAddresses?: number;
  /** Connections of the whole gateway, whatever their destinations; undefined when no limit is published. */
  readonly mostConnections?: number;
  /** New connections a second of the whole gateway. */
  readonly mostNewPerSecond?: number;
  readonly mostPacketsPerSecond?: number;
  readonly mostGigabitsPerSecond?: number;
  /** How long a mapping stays after a close by FIN and by reset. */
  readonly holdSeconds: { readonly fin: number; readonly reset: number };
  /** How long a mapping stays whose SYN is not answered. */
  readonly halfOpenSeconds?: number;
  readonly idleSeconds: number;
  /** What `idleSeconds` may be set to. */
  readonly idleRange?: { readonly least: number; readonly most: number };
  readonly udpIdleSeconds?: number;
  /** How long a UDP port is kept from being used again. */
  readonly udpHoldSeconds?: number;
  /** The search is bounded (nf_nat): it fails before the ports are used up. */
  readonly hasBoundedSearch?: boolean;
  /** Ports that a bounded search tries in one window: Cilium's 32. Left out, nf_nat's 128 + 64 + 32 + 16 + 8. */
  readonly searchTries?: number;
  /** What tells that ports run out, by the operator's own names. */
  readonly metrics?: readonly string[];
  readonly source: string;
  /** When the source was read: operators change these. */
  readonly checkedOn: string;
  readonly notes: string;
}

export class NatProfileError extends Error {
  override readonly name = 'NatProfileError';
}

/** Numbers that may be left out, and the largest each may be. */
const optional = {
  portsPerAddress: 65_536,
  firstPorts: 65_536,
  quotaAddresses: 1_000_000,
  mostConnections: 1e12,
  mostNewPerSecond: 1e12,
  mostPacketsPerSecond: 1e15,
  mostGigabitsPerSecond: 1e9,
  halfOpenSeconds: 1e6,
  udpIdleSeconds: 1e9,
  udpHoldSeconds: 1e6,
  searchTries: 65_536,
} as const satisfies Partial<Record<keyof NatProfile, number>>;

/** Checks a profile that a user wrote. @throws NatProfileError that names the field. */
export function parseNatProfile(value: unknown): NatProfile {
  if (typeof value !== 'object' || value === null) throw new NatProfileError('a NAT profile is an object');
  const fields = value as Record<string, unknown>;
  const text = (name: string, fallback?: string): string => {
    const found = fields[name] ?? fallback;
    if (typeof found !== 'string' || found === '') throw new NatProfileError(`"${name}" of a NAT profile is a text`);
    return found;
  };
  const number = (from: Record<string, unknown>, name: string, low: number, high: number): number => {
    const found = from[name];
    if (typeof found !== 'number' || !(found >= low && found <= high)) throw new NatProfileError(`"${name}" of a NAT profile is a number from ${low} to ${high}`);
    return found;
  };
  const object = (name: string, members: string): Record<string, unknown> => {
    const found = fields[name];
    if (typeof found !== 'object' || found === null) throw new NatProfileError(`"${name}" of a NAT profile is an object with ${members}`);
    return found as Record<string, unknown>;
  };
  const scope = fields['scope'];
  if (scope !== 'per-destination' && scope !== 'per-host') throw new NatProfileError('"scope" of a NAT profile is per-destination or per-host');
  const holds = object('holdSeconds', '"fin" and "reset"');
  const idleRange = fields['idleRange'] === undefined ? undefined : object('idleRange', '"least" and "most"');
  const name = text('name');
  return {
    name,
    title: text('title', name),
    ports: number(fields, 'ports', 1, 65_536),
    scope,
    isForAllDestinations: fields['isForAllDestinations'] === true,
    mostAddresses: fields['mostAddresses'] === undefined ? 1 : number(fields, 'mostAddresses', 1, 1_000_000),
    ...Object.fromEntries(Object.entries(optional).flatMap(([field, most]) => (fields[field] === undefined ? [] : [[field, number(fields, field, field.endsWith('Seconds') ? 0 : 1, most)]]))),
    holdSeconds: { fin: number(holds, 'fin', 0, 1e6), reset: number(holds, 'reset', 0, 1e6) },
    idleSeconds: number(fields, 'idleSeconds', 1, 1e9),
    ...(idleRange === undefined ? {} : { idleRange: { least: number(idleRange, 'least', 1, 1e9), most: number(idleRange, 'most', 1, 1e9) } }),
    hasBoundedSearch: fields['hasBoundedSearch'] === true,
    source: text('source', 'user'),
    checkedOn: text('checkedOn', 'unknown'),
    notes: text('notes', 'user-defined'),
  };
}
