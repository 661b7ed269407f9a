import { mention, setting, words, type Claim, any } from './claim.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const FIN = 'net.ipv4.tcp_fin_timeout';

function ends(value: string): readonly [number, number] | undefined {
  const match = /^(\d+) (\d+)$/.exec(value);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

/** What is said of settings. The first of a subject that fits a line is the one. */
export const settingClaims: readonly Claim[] = [
  {
    id: 'range-only-reads',
    subject: RANGE,
    verdict: 'half true',
    truth: 'It is the right key, and takes two numbers. But with blanks around the equals sign sysctl only reads it, and fails on the rest: sysctl -w \'net.ipv4.ip_local_port_range=1024 65535\' sets it, in one network namespace, for each destination at once.',
    source: 'procps sysctl; measured',
    find: ({ text, settings }) => (settings.some((one) => one.key === RANGE && one.onlyReads) ? [text.indexOf('sysctl'), text.length] : undefined),
  },
  {
    id: 'range-is-default',
    subject: RANGE,
    verdict: 'half true',
    truth: 'It is the default since Linux 4.2: it changes nothing, but where somebody widened the range before.',
    source: 'ipv4_local_port_range(); measured',
    find: setting(RANGE, (value) => value === '32768 60999'),
  },
  {
    id: 'range-all-is-bad',
    subject: RANGE,
    verdict: 'half true',
    truth: 'It gives the most ports, 64,512 for each (source, destination, destination port). A service whose port is not reserved can lose it to an outgoing connection, but only while the service is down: ip_local_reserved_ports keeps both.',
    source: 'kernel: inet_csk_get_port(), __inet_hash_connect(); measured',
    find: setting(RANGE, (value) => (ends(value)?.[0] ?? 65536) <= 1024),
  },
  {
    id: 'range-above-services',
    subject: RANGE,
    verdict: 'half true',
    truth: 'Ports below the range are safe from outgoing connections. Nothing needs to be moved for that: ip_local_reserved_ports (appended, a write replaces the list) keeps single ports, wherever the range begins; ports above its low end stay open.',
    source: 'inet_is_local_reserved_port(); measured',
    find: setting(RANGE, () => true),
  },
  {
    id: 'range-file',
    subject: RANGE,
    verdict: 'true',
    truth: 'It shows the range of the network namespace in which it is read, not that of a container.',
    source: 'net/ipv4/sysctl_net_ipv4.c',
    find: words(/\/proc\/sys\/net\/ipv4\/ip_local_port_range/),
  },
  {
    id: 'range-decides',
    subject: RANGE,
    verdict: 'true',
    truth: 'It decides from which ports connect() and bind(address, 0) choose, less those in ip_local_reserved_ports and those held explicitly; each network namespace has its own.',
    source: 'inet_sk_get_local_port_range(); measured',
    find: mention(RANGE),
  },
  {
    id: 'reserved-helps',
    subject: 'net.ipv4.ip_local_reserved_ports',
    verdict: 'true',
    truth: 'The kernel never chooses these ports by itself; bind() to one of them works as before. A write replaces the whole list.',
    source: 'inet_is_local_reserved_port(); measured',
    find: any(setting('net.ipv4.ip_local_reserved_ports', () => true), mention('net.ipv4.ip_local_reserved_ports')),
  },
  {
    id: 'tw-reuse',
    subject: 'net.ipv4.tcp_tw_reuse',
    verdict: 'half true',
    truth: 'Of outgoing connections alone, when both sides have TCP timestamps, and after one second of TIME_WAIT. The default 2 does it for loopback already. A server that cannot bind gains nothing.',
    source: 'tcp_twsk_unique(); measured',
    find: any(setting('net.ipv4.tcp_tw_reuse', () => true), mention('net.ipv4.tcp_tw_reuse')),
  },
  {
    id: 'tw-recycle',
    subject: 'net.ipv4.tcp_tw_recycle',
    verdict: 'false',
    truth: 'It is not deprecated but gone, since Linux 4.12: the line fails. Before that it dropped clients behind NAT.',
    source: 'commit 4396e46187ca',
    find: any(setting('net.ipv4.tcp_tw_recycle', () => true), mention('net.ipv4.tcp_tw_recycle')),
  },
  {
    id: 'fin-timeout',
    subject: FIN,
    verdict: 'false',
    truth: 'TIME_WAIT lasts 60 seconds, compiled in, whatever this says. It ends FIN_WAIT2 of connections that no process has any more; and from 61 to 89 it does so sooner than with 60.',
    source: 'TCP_TIMEWAIT_LEN, tcp_rcv_state_process(); measured',
    find: any(setting(FIN, () => true), mention(FIN, (context) => /time[\s_-]?wait/i.test(context) && !/fin[\s_-]?wait/i.test(context))),
  },
  {
    id: 'fin-timeout-cleans-up',
    subject: FIN,
    verdict: 'half true',
    truth: 'It cleans up FIN_WAIT2 of connections that no process has any more, and nothing else: TIME_WAIT stays 60 seconds.',
    source: 'tcp_rcv_state_process(); measured',
    find: mention(FIN),
  },
  {
    id: 'somaxconn-connections',
    subject: 'net.core.somaxconn',
    verdict: 'false',
    truth: 'It bounds the backlog that listen() is given: connections that are made and wait for accept(), of each listener. With 8, a server that accepts had 2,000 connections. It is read at listen().',
    source: '__sys_listen(); measured',
    find: any(
      setting('net.core.somaxconn', (_, context) => !/queue|backlog|accept|pending/i.test(context)),
      mention('net.core.somaxconn', (context) => /\bconnections?\b/i.test(context) && !/queue|backlog|accept|pending/i.test(context)),
    ),
  },
  {
    id: 'somaxconn-backlog',
    subject: 'net.core.somaxconn',
    verdict: 'true',
    truth: 'It bounds the queue of connections that wait for accept(), together with the backlog that listen() is given. It has nothing to do with ports.',
    source: '__sys_listen(); measured',
    find: any(setting('net.core.somaxconn', () => true), mention('net.core.somaxconn')),
  },
  {
    id: 'max-tw-buckets',
    subject: 'net.ipv4.tcp_max_tw_buckets',
    verdict: 'half true',
    truth: 'It bounds TIME_WAIT sockets; above it they are skipped, with TCPTimeWaitOverflow. A higher value gives no port back, and 180000 may be a lower one: the default is half the table of connections, from 32,768 with 8 GiB to 262,144 with 64.',
    source: 'inet_twsk_alloc(); measured',
    find: any(setting('net.ipv4.tcp_max_tw_buckets', () => true), mention('net.ipv4.tcp_max_tw_buckets')),
  },
  {
    id: 'timestamps-off',
    subject: 'net.ipv4.tcp_timestamps',
    verdict: 'false',
    truth: 'Without timestamps no TIME_WAIT can be reused; off, they save nothing that a port would need.',
    source: 'tcp_twsk_unique(); measured',
    find: setting('net.ipv4.tcp_timestamps', (value) => value === '0'),
  },
  {
    id: 'max-syn-backlog',
    subject: 'net.ipv4.tcp_max_syn_backlog',
    verdict: 'half true',
    truth: 'It bounds half-open connections where SYN cookies are off; it has nothing to do with ports.',
    source: 'tcp_conn_request()',
    find: any(setting('net.ipv4.tcp_max_syn_backlog', () => true), mention('net.ipv4.tcp_max_syn_backlog')),
  },
  {
    id: 'conntrack-max',
    subject: 'net.netfilter.nf_conntrack_max',
    verdict: 'half true',
    truth: 'A full table drops new connections, which then time out. It gives no port for source NAT: that runs out by destination, with insert_failed.',
    source: '__nf_conntrack_alloc(); measured',
    find: any(setting('net.netfilter.nf_conntrack_max', () => true), mention('net.netfilter.nf_conntrack_max')),
  },
];
