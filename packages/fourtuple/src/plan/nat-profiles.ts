import type { NatProfile } from './nat-profile.ts';

export { NatProfileError, parseNatProfile, type NatProfile } from './nat-profile.ts';

const checkedOn = '2026-08-23';
const checkedLater = '2026-11-25';

/** Ports from 1024 to 65535: what a NAT can have of an address (RFC 6056, 3.2). */
const ALL_PORTS = 64_512;

/** Least times of a carrier's NAT: an established TCP connection 2 h 4 min, any other state 4 min (RFC 5382, REQ-5). */
export const carrierMinimums = { idleSeconds: 7440, transitorySeconds: 240 } as const;

/** Hold where none is published: one minute as it is measured, which fits AWS's 900 connections a second over 55,000 ports. */
const ONE_MINUTE = 61.1;

type Undated = Omit<NatProfile, 'checkedOn'> & { readonly checkedOn?: string };

const profiles: readonly Undated[] = [
  {
    name: 'aws-nat-gateway',
    title: 'AWS NAT gateway',
    ports: 55_000,
    scope: 'per-destination',
    mostAddresses: 8,
    quotaAddresses: 2,
    mostPacketsPerSecond: 10e6,
    mostGigabitsPerSecond: 100,
    holdSeconds: { fin: ONE_MINUTE, reset: ONE_MINUTE },
    idleSeconds: 350,
    metrics: ['ErrorPortAllocation', 'IdleTimeoutCount'],
    source: 'AWS VPC user guide, NAT gateway basics and troubleshooting',
    notes: 'The hold is not published: about 900 connections a second over 55,000 ports, which is, means 61.1 s. Two addresses unless more are asked for. Watch ErrorPortAllocation.',
  },
  {
    name: 'azure-nat-gateway',
    title: 'Azure NAT Gateway',
    ports: 50_000,
    scope: 'per-destination',
    portsPerAddress: ALL_PORTS,
    mostAddresses: 16,
    mostConnections: 2_000_000,
    mostPacketsPerSecond: 5e6,
    mostGigabitsPerSecond: 50,
    holdSeconds: { fin: 65, reset: 16 },
    halfOpenSeconds: 30,
    idleSeconds: 240,
    idleRange: { least: 240, most: 7200 },
    udpIdleSeconds: 240,
    udpHoldSeconds: 65,
    source: 'MicrosoftDocs azure-docs, nat-gateway-snat, nat-gateway-resource, nat-sku',
    notes: '64,512 ports an address, of which 50,000 at once to one destination; 2 million connections in all. The V2 gateway has twice the bandwidth and the packets. A port is used again at once for another destination.',
  },
  {
    name: 'azure-lb-default-snat',
    title: 'Azure load balancer, default SNAT',
    ports: 1024,
    scope: 'per-host',
    mostAddresses: 1,
    // Those of the NAT Gateway: none are published.
    holdSeconds: { fin: 65, reset: 16 },
    idleSeconds: 240,
    idleRange: { least: 240, most: 7200 },
    source: 'MicrosoftDocs azure-docs, load-balancer-outbound-connections',
    notes: 'By the number of machines behind an address: 1,024 up to 50, then 512, 256, 128, 64, 32; never above 1,024 a machine. Addresses are used one after the other. The hold is not published: taken as the NAT Gateway\'s.',
  },
  {
    name: 'azure-lb-manual',
    title: 'Azure load balancer, outbound rule',
    ports: 64_000,
    scope: 'per-host',
    portsPerAddress: 64_000,
    mostAddresses: 600,
    holdSeconds: { fin: 65, reset: 16 },
    idleSeconds: 240,
    idleRange: { least: 240, most: 7200 },
    source: 'MicrosoftDocs azure-docs, load-balancer-outbound-connections',
    notes: 'The 64,000 ports of an address are divided by the machines behind it: give "ports" as azureManualSnatPorts() has them. Each rule takes 8. That a load balancer has 600 addresses at most is from memory; the hold is taken as the NAT Gateway\'s.',
  },
  {
    name: 'azure-app-service',
    title: 'Azure App Service',
    ports: 128,
    scope: 'per-host',
    mostAddresses: 1,
    holdSeconds: { fin: 240, reset: 240 },
    idleSeconds: 240,
    source: 'GitHub documents that quote the App Service documentation (secondary)',
    notes: '128 ports an instance and destination are certain, more are luck; they come back 4 minutes after the close.',
  },
  {
    name: 'azure-firewall',
    title: 'Azure Firewall',
    ports: 2496,
    scope: 'per-destination',
    mostAddresses: 250,
    holdSeconds: { fin: 65, reset: 16 },
    idleSeconds: 240,
    metrics: ['SNATPortUtilization'],
    source: 'PSRule for Azure, Azure.VNET.FirewallSubnetNAT (secondary)',
    notes: 'So many an address and instance of the firewall; there are two instances at least, and more under load. The hold is not published: taken as the NAT Gateway\'s.',
  },
  {
    name: 'gcp-nat-static',
    title: 'Google Cloud NAT, static allocation',
    ports: 64,
    scope: 'per-host',
    portsPerAddress: ALL_PORTS,
    mostAddresses: 300,
    quotaAddresses: 50,
    holdSeconds: { fin: 120, reset: 120 },
    halfOpenSeconds: 30,
    idleSeconds: 1200,
    udpIdleSeconds: 30,
    metrics: ['compute.googleapis.com/nat/port_usage', 'compute.googleapis.com/nat/dropped_sent_packets_count'],
    source: 'Google Cloud NAT, ports and timeouts (read in copies of its pages)',
    notes: '64 ports a machine unless more are asked for; 1,008 machines an address then. 50 addresses where they are given by hand, 300 where Google gives them.',
  },
  {
    name: 'gcp-nat-dynamic',
    title: 'Google Cloud NAT, dynamic allocation',
    ports: 65_536,
    scope: 'per-host',
    portsPerAddress: ALL_PORTS,
    firstPorts: 32,
    mostAddresses: 300,
    quotaAddresses: 50,
    holdSeconds: { fin: 120, reset: 120 },
    halfOpenSeconds: 30,
    idleSeconds: 1200,
    udpIdleSeconds: 30,
    metrics: ['compute.googleapis.com/nat/port_usage', 'compute.googleapis.com/nat/dropped_sent_packets_count'],
    source: 'Google Cloud NAT, dynamic port allocation',
    notes: 'From 32 ports a machine, doubled when they run low; connections may fail while it doubles. Not together with endpoint-independent mapping.',
  },
  {
    name: 'linux-masquerade',
    title: 'Linux MASQUERADE or SNAT (nf_nat)',
    ports: ALL_PORTS,
    scope: 'per-destination',
    mostAddresses: 1,
    holdSeconds: { fin: 120, reset: 10 },
    halfOpenSeconds: 120,
    idleSeconds: 432_000,
    hasBoundedSearch: true,
    metrics: ['insert_failed', 'drop'],
    source: 'net/netfilter/nf_nat_core.c, nf_conntrack_proto_tcp.c; measured on Linux 6.18',
    notes: 'TIME_WAIT lasts 120 s whoever closes first. An SNAT range of several addresses gives one (client, server) pair one address alone.',
  },
  {
    name: 'cilium',
    title: 'Cilium, eBPF masquerading',
    ports: 32_768,
    scope: 'per-destination',
    mostAddresses: 1,
    holdSeconds: { fin: 10, reset: 10 },
    halfOpenSeconds: 60,
    idleSeconds: 8000,
    udpIdleSeconds: 60,
    hasBoundedSearch: true,
    searchTries: 32,
    source: 'cilium bpf/lib/nat.h, pull request 37389 (32 tries); agent options bpf-ct-timeout-regular-tcp, -tcp-fin, -tcp-syn, -any',
    checkedOn: checkedLater,
    notes: 'Its search has 32 tries: an order of magnitude, not a figure to rely on; see ciliumLossOf(). Older agents keep an idle connection for 21,600 s. Ports 32768 to 65535: those above the NodePort range.',
  },
  {
    name: 'calico',
    title: 'Calico',
    ports: ALL_PORTS,
    scope: 'per-destination',
    mostAddresses: 1,
    holdSeconds: { fin: 120, reset: 10 },
    halfOpenSeconds: 120,
    idleSeconds: 432_000,
    hasBoundedSearch: true,
    metrics: ['insert_failed', 'drop'],
    source: 'Calico FelixConfiguration, natPortRange; nf_nat as for linux-masquerade',
    notes: 'The node\'s own nf_nat. natPortRange narrows its ports, unset it leaves the kernel all: a range of 2^k ports fails last.',
  },
  {
    name: 'huawei-nat',
    title: 'Huawei Cloud NAT gateway',
    ports: 55_000,
    scope: 'per-destination',
    mostAddresses: 1,
    mostConnections: 1_000_000,
    holdSeconds: { fin: ONE_MINUTE, reset: ONE_MINUTE },
    idleSeconds: 900,
    udpIdleSeconds: 300,
    source: 'Huawei Cloud and Open Telekom Cloud, SNAT connections and gateway specifications',
    notes: 'Gateways of 10,000, 50,000, 200,000 and 1,000,000 connections. The hold is not published: taken as one minute.',
  },
  {
    name: 'alibaba-nat',
    title: 'Alibaba Cloud NAT gateway',
    ports: 55_000,
    scope: 'per-destination',
    mostAddresses: 20,
    mostConnections: 2_000_000,
    mostNewPerSecond: 100_000,
    mostPacketsPerSecond: 2.5e6,
    mostGigabitsPerSecond: 15,
    holdSeconds: { fin: ONE_MINUTE, reset: ONE_MINUTE },
    idleSeconds: 900,
    source: 'Alibaba Cloud NAT gateway, performance and quotas',
    checkedOn: checkedLater,
    notes: 'It grows with the load, from 500,000 connections and 20,000 new ones a second. Ports to one destination, hold and idle time are not in what was read: taken as other operators have them.',
  },
  {
    name: 'cgn-vyos-example',
    title: 'Carrier NAT, as in the example of VyOS',
    ports: 1000,
    scope: 'per-host',
    isForAllDestinations: true,
    portsPerAddress: ALL_PORTS,
    mostAddresses: 1,
    holdSeconds: { fin: carrierMinimums.transitorySeconds, reset: carrierMinimums.transitorySeconds },
    halfOpenSeconds: carrierMinimums.transitorySeconds,
    idleSeconds: carrierMinimums.idleSeconds,
    source: 'VyOS documentation, CGNAT; times of RFC 5382, REQ-5; a limit for each subscriber by RFC 6888, REQ-4',
    notes: '64 subscribers an address of 1,000 ports each. Ask the carrier for its own number: none is published.',
  },
  {
    name: 'cgn-nokia-example',
    title: 'Carrier NAT, as in the example of Nokia',
    ports: 4015,
    scope: 'per-host',
    isForAllDestinations: true,
    portsPerAddress: ALL_PORTS,
    firstPorts: 1000,
    mostAddresses: 1,
    holdSeconds: { fin: carrierMinimums.transitorySeconds, reset: carrierMinimums.transitorySeconds },
    halfOpenSeconds: carrierMinimums.transitorySeconds,
    idleSeconds: carrierMinimums.idleSeconds,
    source: 'Nokia 7750 SR, Managing port block space; times of RFC 5382, REQ-5',
    notes: '32 subscribers an address: a block of 1,000 ports, then nine of 335 at most. Ask the carrier for its own numbers.',
  },
];

/** Profiles by name. */
export const natProfiles: ReadonlyMap<string, NatProfile> = new Map(profiles.map((profile) => [profile.name, { checkedOn, ...profile }]));

/** A box on the way that gives out no ports, but forgets what is idle. */
export interface IdleTimeout {
  readonly title: string;
  /** Seconds. */
  readonly idleSeconds: number;
  readonly idleRange?: { readonly least: number; readonly most: number };
  readonly source: string;
  readonly checkedOn: string;
}

/** Those by name. */
export const idleTimeouts: ReadonlyMap<string, IdleTimeout> = new Map([
  ['aws-nlb', { title: 'AWS Network Load Balancer', idleSeconds: 350, idleRange: { least: 60, most: 6000 }, source: 'AWS Elastic Load Balancing, update the TCP idle timeout (TLS listeners: fixed)', checkedOn }],
  ['azure-app-service-front', { title: 'Azure App Service, a response that does not come', idleSeconds: 230, source: 'GitHub documents that quote the App Service documentation (secondary)', checkedOn }],
]);

/** Ports that the default SNAT of an Azure load balancer gives each of so many machines: the least of table times addresses, and 1,024. */
export function azureDefaultSnatPorts(machines: number, addresses: number): number {
  const each = machines <= 50 ? 1024 : machines <= 100 ? 512 : machines <= 200 ? 256 : machines <= 400 ? 128 : machines <= 800 ? 64 : 32;
  return Math.min(1024, each * addresses);
}

/** Ports that an outbound rule of an Azure load balancer can give each of so many machines. @param rules balancing and inbound NAT rules, of 8 ports each. */
export function azureManualSnatPorts(machines: number, addresses: number, rules = 0): number {
  return Math.max(0, Math.floor((64_000 * addresses - 8 * rules) / machines));
}

/** Machines that fit behind one address of a static allocation of Google Cloud NAT. */
export function gcpMachinesPerAddress(portsEach: number): number {
  return hostsPerAddress(ALL_PORTS, portsEach);
}

/** Hosts, or subscribers, that one address has ports for. */
export function hostsPerAddress(portsPerAddress: number, portsEach: number): number {
  return Math.floor(portsPerAddress / portsEach);
}
