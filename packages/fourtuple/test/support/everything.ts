import { readFileSync } from 'node:fs';
import type { TupleUsage } from '../../src/usage/index.ts';
import { readAll, SockDiagSource } from '../../src/kernel/index.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, endpointText, Protocol, protocolName, stateBit, stateName, TcpState } from '../../src/model/index.ts';

/** Every socket of this thread's namespace, bound ones and UDP too: one line each, with its cookie. */
export function socketsNow(): string[] {
  const lines: string[] = [];
  const source = new SockDiagSource(true);
  try {
    for (const [protocol, states] of [[Protocol.tcp, ALL_HASHED_STATES | BOUND_INACTIVE_BIT], [Protocol.udp, stateBit(TcpState.established) | stateBit(TcpState.close)]] as const) {
      const part: string[] = [];
      readAll(
        source.read(
          { protocol, states },
          {
            accept: (socket) => part.push(`${protocolName(protocol)} ${stateName(socket.state)} ${endpointText(socket.localAddress(), socket.localPort)} -> ${endpointText(socket.remoteAddress(), socket.remotePort)} device ${socket.interfaceIndex} inode ${socket.inode} cookie ${socket.cookieHigh}:${socket.cookieLow}`),
            reset: () => (part.length = 0),
          },
        ),
      );
      lines.push(...part);
    }
  } finally {
    source.close();
  }
  return lines.sort();
}

/**
 * Ports on which a tuple's four-tuple exists more than once, by sockets with and without a device: whether a TIME_WAIT
 * among them is taken over, or a connection is in the way, is then a matter of which one the kernel meets first.
 * @param sockets as {@link socketsNow} gives them.
 */
export function countTwins({ source, destination, destinationPort, device }: Pick<TupleUsage, 'source' | 'destination' | 'destinationPort' | 'device'>, sockets: readonly string[]): number {
  const ends = new Map<string, number>();
  for (const line of sockets) {
    const [, tuple, on] = /^tcp \S+ (\S+ -> \S+) device (\d+)/.exec(line) ?? [];
    if (tuple !== undefined && (Number(on) === 0 || Number(on) === device)) ends.set(tuple, (ends.get(tuple) ?? 0) + 1);
  }
  const isOfTuple = (tuple: string): boolean => tuple.startsWith(endpointText(source, 0).replace(/[0*]$/, '')) && tuple.endsWith(` -> ${endpointText(destination, destinationPort)}`);
  return [...ends].filter(([tuple, count]) => count > 1 && isOfTuple(tuple)).length;
}

/** Counters that move when anything is sent, received, connected or taken over. */
const counters: Readonly<Record<string, readonly string[]>> = {
  // Not EstabResets: a packet-free connect() that is closed counts there.
  Tcp: ['ActiveOpens', 'PassiveOpens', 'AttemptFails', 'InSegs', 'OutSegs', 'OutRsts', 'RetransSegs'],
  Ip: ['InReceives', 'OutRequests'],
  Udp: ['InDatagrams', 'OutDatagrams', 'NoPorts'],
  Icmp: ['OutMsgs'],
  TcpExt: ['TW', 'TWRecycled', 'TWKilled', 'TCPAbortOnClose'],
};

/** Packet counters of this thread's namespace, and of its interfaces. */
export function packetsNow(): Record<string, string> {
  const values: Record<string, string> = {};
  for (const file of ['snmp', 'netstat']) {
    const lines = readFileSync(`/proc/thread-self/net/${file}`, 'latin1').trimEnd().split('\n');
    for (let index = 0; index + 1 < lines.length; index += 2) {
      const [name, ...keys] = lines[index]!.split(/:? /);
      const [, ...numbers] = lines[index + 1]!.split(/:? /);
      for (const key of counters[name!] ?? []) if (keys.includes(key)) values[`${name}.${key}`] = numbers[keys.indexOf(key)]!;
    }
  }
  for (const line of readFileSync('/proc/thread-self/net/snmp6', 'latin1').trimEnd().split('\n')) {
    const [key, value] = line.split(/\s+/);
    if (/^(Ip6(InReceives|OutRequests)|Icmp6OutMsgs|Udp6OutDatagrams)$/.test(key!)) values[key!] = value!;
  }
  for (const line of readFileSync('/proc/thread-self/net/dev', 'latin1').split('\n')) {
    const match = /^\s*(\S+):\s*(.*)$/.exec(line);
    if (match !== null) values[`dev ${match[1]}`] = match[2]!.trim().replace(/\s+/g, ' ');
  }
  return values;
}

/** Waits until nothing moves: acknowledgements may be delayed. */
export async function untilQuiet(): Promise<void> {
  for (let last = '', calm = 0; calm < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    const now = JSON.stringify([socketsNow(), packetsNow()]);
    calm = now === last ? calm + 1 : 0;
    last = now;
  }
}
