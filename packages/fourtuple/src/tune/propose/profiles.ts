import type { Draft, NumberWish } from './draft.ts';
import { widestRange } from './needs.ts';
import type { Situation } from './situation.ts';

/** What a machine is for. */
export const profileNames = ['web-server', 'outbound-client', 'load-generator', 'nat-gateway', 'database', 'kubernetes-node'] as const;
export type ProfileName = (typeof profileNames)[number];

const queue: NumberWish = {
  key: 'net.core.somaxconn',
  value: 4096,
  direction: 'at-least',
  why: 'A server with many clients needs room for connections that wait for accept().',
  gain: 'Up to 4,096 of them for each listener whose own backlog allows it.',
  risk: 'Services must call listen() again: restart them.',
};

const timestamps: NumberWish = {
  key: 'net.ipv4.tcp_timestamps',
  value: 1,
  direction: 'at-least',
  why: 'TCP timestamps are off.',
  gain: 'TIME_WAIT can be reused, and round-trip times are measured well.',
  risk: '12 bytes more a segment, of new connections.',
};

const cookies: NumberWish = { key: 'net.ipv4.tcp_syncookies', value: 1, direction: 'at-least', why: 'SYN cookies are off.', gain: 'A flood of SYNs does not shut a listener.', risk: 'None while no queue is full.' };

const reuse: NumberWish = {
  key: 'net.ipv4.tcp_tw_reuse',
  value: 1,
  direction: 'exactly',
  why: 'Outgoing connections leave their ports in TIME_WAIT where this side closes first.',
  gain: 'A port is there again a second after its connection instead of 61 s.',
  risk: 'Both ends need TCP timestamps. It helps outgoing connections alone.',
};

const WIDE = 'A program that opens many connections has as many for each destination as the range has ports.';

/** What each profile wishes besides what is needed here; better values stay. */
const profiles: Readonly<Record<ProfileName, (situation: Situation, draft: Draft) => void>> = {
  'web-server': (_, draft) => {
    for (const wish of [queue, cookies, timestamps]) draft.number(wish);
    draft.note('Clients take no ports of a server: all their connections have the port of the listener. The range matters to what the server itself connects to.');
  },
  'outbound-client': (situation, draft) => {
    draft.widen(widestRange(situation), WIDE);
    for (const wish of [reuse, timestamps]) draft.number(wish);
    draft.note('A pool that reuses connections helps more than any setting: "fourtuple plan pool" tells its size.');
  },
  'load-generator': (situation, draft) => {
    draft.widen(widestRange(situation), WIDE);
    for (const wish of [reuse, timestamps]) draft.number(wish);
    draft.number({ key: 'net.ipv4.tcp_max_tw_buckets', value: 262_144, direction: 'at-least', why: 'A load generator leaves many TIME_WAIT; above the limit they are skipped, and the test no longer behaves as clients do.', gain: 'Up to 262,144 TIME_WAIT.', risk: 'About 0.3 kB of kernel memory for each.' });
    draft.number(queue);
    draft.note('More source addresses bring a range of ports each: programs that bind them must set IP_BIND_ADDRESS_NO_PORT.');
  },
  'nat-gateway': (_, draft) => {
    draft.number({ key: 'net.netfilter.nf_conntrack_max', value: 1_048_576, direction: 'at-least', why: 'Each connection through the gateway is an entry of connection tracking, and when the table is full new ones are dropped.', gain: 'Up to 1,048,576 connections.', risk: 'Up to 320 MiB of kernel memory when it is full.' });
    draft.number({ key: 'net.netfilter.nf_conntrack_tcp_timeout_time_wait', value: 30, direction: 'at-most', why: 'A closed connection keeps its port of the gateway for this time, for its destination.', gain: 'At most 2,150 connections a second to each destination and address of the gateway (64,512 ports, 30 s each).', risk: 'A client that uses a four-tuple again within its TIME_WAIT may be given another port.' });
    draft.number({ key: 'net.netfilter.nf_conntrack_tcp_timeout_established', value: 86_400, direction: 'at-most', why: 'Connections whose ends are gone keep their entry and their port for this time.', gain: 'They are forgotten after a day.', risk: 'Connections that are silent for a day are cut: their keep-alives must come more often.' });
    draft.note('ip_local_port_range does not matter to connections that are forwarded: source NAT has ports of its own, 1024 to 65535, for each destination. "fourtuple plan nat" counts them.');
  },
  database: (_, draft) => {
    for (const wish of [queue, timestamps]) draft.number(wish);
    draft.note('Clients take no ports of a database: all their connections have the port of the listener.');
  },
  'kubernetes-node': (situation, draft) => {
    const nodePorts = situation.services.find(({ source }) => source === 'node-port') ?? { low: 30_000, high: 32_767, name: 'NodePorts of Kubernetes', source: 'node-port' as const };
    draft.reserve(nodePorts);
    draft.number({ key: 'net.netfilter.nf_conntrack_max', value: 262_144, direction: 'at-least', why: 'Each connection of each pod is an entry of connection tracking.', gain: 'Up to 262,144 connections.', risk: 'Up to 80 MiB of kernel memory when it is full.' });
    draft.note('Pods have network namespaces of their own, which begin with the defaults: these settings reach the node and host-network pods. For pods use securityContext.sysctls.');
    draft.note('kube-proxy may set nf_conntrack_max itself (conntrack.maxPerCore).');
  },
};

export function applyProfile(name: ProfileName, situation: Situation, draft: Draft): void {
  profiles[name](situation, draft);
}
