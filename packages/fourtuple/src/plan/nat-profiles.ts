/** How a NAT gives out ports, as far as its operator publishes it. All counts are of one protocol. */
export interface NatProfile {
  readonly name: string;
  readonly title: string;
  /** Ports that one address has for one (destination, port); for `per-host` those of one host. */
  readonly ports: number;
  /** Whom the ports are for: every user of an address, or each host behind it. */
  readonly scope: 'per-destination' | 'per-host';
  readonly mostAddresses: number;
  /** Connections of the whole gateway, whatever their destinations; undefined when no limit is published. */
  readonly mostConnections?: number;
  /** How long a mapping stays after a close by FIN and by reset, seconds. */
  readonly holdSeconds: { readonly fin: number; readonly reset: number };
  readonly idleSeconds: number;
  /** The search is bounded (nf_nat): it fails before the ports are used up. */
  readonly hasBoundedSearch?: boolean;
  readonly source: string;
  /** When the source was read: operators change these. */
  readonly checkedOn: string;
  readonly notes: string;
}

const checkedOn = '2026-08-23';

/** Profiles by name. */
export const natProfiles: ReadonlyMap<string, NatProfile> = new Map(
  (
    [
      {
        name: 'aws-nat-gateway',
        title: 'AWS NAT gateway',
        ports: 55_000,
        scope: 'per-destination',
        mostAddresses: 8,
        holdSeconds: { fin: 61.1, reset: 61.1 },
        idleSeconds: 350,
        source: 'AWS VPC user guide, NAT gateway basics and troubleshooting',
        notes: 'The hold is not published: about 900 connections a second over 55,000 ports, which is, means 61.1 s. Watch ErrorPortAllocation.',
      },
      {
        name: 'azure-nat-gateway',
        title: 'Azure NAT Gateway',
        ports: 50_000,
        scope: 'per-destination',
        mostAddresses: 16,
        mostConnections: 2_000_000,
        holdSeconds: { fin: 65, reset: 16 },
        idleSeconds: 240,
        source: 'MicrosoftDocs azure-docs, nat-gateway-snat, nat-gateway-resource, nat-sku',
        notes: '64,512 ports an address, of which 50,000 at once to one destination; 2 million connections in all.',
      },
      {
        name: 'azure-lb-default-snat',
        title: 'Azure load balancer, default SNAT',
        ports: 1024,
        scope: 'per-host',
        mostAddresses: 1,
        holdSeconds: { fin: 65, reset: 16 },
        idleSeconds: 240,
        source: 'MicrosoftDocs azure-docs, load-balancer-outbound-connections',
        notes: 'By the number of machines behind an address: 1,024 up to 50, then 512, 256, 128, 64, 32; never above 1,024 a machine.',
      },
      {
        name: 'gcp-nat-static',
        title: 'Google Cloud NAT, static allocation',
        ports: 64,
        scope: 'per-host',
        mostAddresses: 300,
        holdSeconds: { fin: 120, reset: 120 },
        idleSeconds: 1200,
        source: 'Google Cloud NAT, ports and timeouts (read in copies of its pages)',
        notes: '64 ports a machine unless more are asked for; 1,008 machines an address then.',
      },
      {
        name: 'gcp-nat-dynamic',
        title: 'Google Cloud NAT, dynamic allocation',
        ports: 65_536,
        scope: 'per-host',
        mostAddresses: 300,
        holdSeconds: { fin: 120, reset: 120 },
        idleSeconds: 1200,
        source: 'Google Cloud NAT, dynamic port allocation',
        notes: 'From 32 ports a machine, doubled when they run low; connections may fail while it doubles.',
      },
      {
        name: 'linux-masquerade',
        title: 'Linux MASQUERADE or SNAT (nf_nat)',
        ports: 64_512,
        scope: 'per-destination',
        mostAddresses: 1,
        holdSeconds: { fin: 120, reset: 10 },
        idleSeconds: 432_000,
        hasBoundedSearch: true,
        source: 'net/netfilter/nf_nat_core.c, nf_conntrack_proto_tcp.c; measured on Linux 6.18',
        notes: 'TIME_WAIT lasts 120 s whoever closes first. An SNAT range of several addresses gives one (client, server) pair one address alone.',
      },
      {
        name: 'cilium',
        title: 'Cilium, eBPF masquerading',
        ports: 32_768,
        scope: 'per-destination',
        mostAddresses: 1,
        holdSeconds: { fin: 120, reset: 10 },
        idleSeconds: 8000,
        hasBoundedSearch: true,
        source: 'cilium bpf/lib/nat.h, pull request 37389 (32 tries)',
        notes: 'Its search has 32 tries: an order of magnitude, not a figure to rely on.',
      },
      {
        name: 'huawei-nat',
        title: 'Huawei Cloud NAT gateway',
        ports: 55_000,
        scope: 'per-destination',
        mostAddresses: 1,
        mostConnections: 1_000_000,
        holdSeconds: { fin: 61.1, reset: 61.1 },
        idleSeconds: 900,
        source: 'Huawei Cloud and Open Telekom Cloud, SNAT connections and gateway specifications',
        notes: 'Gateways of 10,000, 50,000, 200,000 and 1,000,000 connections. The hold is not published: taken as one minute.',
      },
    ] satisfies Omit<NatProfile, 'checkedOn'>[]
  ).map((profile) => [profile.name, { ...profile, checkedOn }]),
);

/** Ports that the default SNAT of an Azure load balancer gives each of so many machines. */
export function azureDefaultSnatPorts(machines: number, addresses: number): number {
  const each = machines <= 50 ? 1024 : machines <= 100 ? 512 : machines <= 200 ? 256 : machines <= 400 ? 128 : machines <= 800 ? 64 : 32;
  return Math.min(1024, each * addresses);
}

/** Machines that fit behind one address of a static allocation of Google Cloud NAT. */
export function gcpMachinesPerAddress(portsEach: number): number {
  return Math.floor(64_512 / portsEach);
}

export class NatProfileError extends Error {
  override readonly name = 'NatProfileError';
}

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
  const scope = fields['scope'];
  if (scope !== 'per-destination' && scope !== 'per-host') throw new NatProfileError('"scope" of a NAT profile is per-destination or per-host');
  const hold = fields['holdSeconds'];
  if (typeof hold !== 'object' || hold === null) throw new NatProfileError('"holdSeconds" of a NAT profile is an object with "fin" and "reset"');
  const name = text('name');
  const holds = hold as Record<string, unknown>;
  return {
    name,
    title: text('title', name),
    ports: number(fields, 'ports', 1, 65_536),
    scope,
    mostAddresses: fields['mostAddresses'] === undefined ? 1 : number(fields, 'mostAddresses', 1, 1_000_000),
    ...(fields['mostConnections'] === undefined ? {} : { mostConnections: number(fields, 'mostConnections', 1, 1e12) }),
    holdSeconds: { fin: number(holds, 'fin', 0, 1e6), reset: number(holds, 'reset', 0, 1e6) },
    idleSeconds: number(fields, 'idleSeconds', 1, 1e9),
    hasBoundedSearch: fields['hasBoundedSearch'] === true,
    source: text('source', 'user'),
    checkedOn: text('checkedOn', 'unknown'),
    notes: text('notes', 'user-defined'),
  };
}
