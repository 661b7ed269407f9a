import { spawnSync } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import { FailedConnectCounter } from '../../src/kernel/bpf/failed-connects.ts';
import { currentNamespaceInode } from '../../src/kernel/index.ts';
import { enterFreshNamespace, setSysctl } from './namespace.ts';
import { until } from './wait.ts';

/** Ports that one source address has for a destination. */
export const PORTS = 100;
export const FIRST_PORT = 40_000;
export const sources = ['10.9.1.1', '10.9.1.2', '10.9.1.3', '10.9.1.4'] as const;
export const sources6 = ['2001:db8::1:1', '2001:db8::1:2'] as const;
export const destinations = ['10.9.0.1', '10.9.0.2'] as const;
export const destination6 = '2001:db8::9';
/** Where a proxy listens: each has the ports of one client address. */
export const fronts = ['10.9.2.1', '10.9.2.2', '10.9.2.3', '10.9.2.4', '10.9.2.5'] as const;
export const PORT = 8080;

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

/** A fresh namespace of this thread with addresses on its loopback interface, and few ports. */
export function enterSpreadNamespace(): void {
  enterFreshNamespace();
  const lines = [...destinations, ...sources, ...fronts].map((address) => `address add ${address}/32 dev lo`);
  const lines6 = [destination6, ...sources6].map((address) => `address add ${address}/128 dev lo nodad`);
  const { status, stderr } = spawnSync('ip', ['-batch', '-'], { input: [...lines, ...lines6, ''].join('\n'), encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip -batch: ${stderr}`);
  setSysctl('ipv4/ip_local_port_range', `${FIRST_PORT} ${FIRST_PORT + PORTS - 1}`);
  setSysctl('ipv4/tcp_tw_reuse', 0);
}

/** Servers that hold what they accept, and know from where it came; and how many connects found no port meanwhile. */
export class HoldingServers {
  readonly #servers: Server[] = [];
  readonly #held = new Set<Socket>();
  readonly #failed = new FailedConnectCounter();
  /** `destination source` of each connection that was ever accepted. */
  readonly accepted: string[] = [];

  static async listen(addresses: readonly string[]): Promise<HoldingServers> {
    const made = new HoldingServers();
    for (const address of addresses) {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        made.#held.add(socket);
        made.accepted.push(`${address} ${socket.remoteAddress?.replace('::ffff:', '')}`);
        socket.on('error', () => undefined).on('close', () => made.#held.delete(socket));
        socket.resume();
      });
      await new Promise<void>((resolve) => {
        server.listen({ port: PORT, host: address, backlog: 4096 }, resolve);
      });
      made.#servers.push(server);
    }
    return made;
  }

  /** connect() calls of this namespace that found no port since this began. */
  get failures(): number {
    const own = currentNamespaceInode();
    return this.#failed.read().reduce((sum, { namespace, count }) => (namespace === own ? sum + count : sum), 0);
  }

  /** Waits until so many connects were made or failed; lets the held ones go with an answer of HTTP. @returns how many each destination had from each source */
  async settled(attempts: number): Promise<Map<string, number>> {
    await until(`${attempts} attempts (now ${this.accepted.length} and ${this.failures})`, () => this.accepted.length + this.failures >= attempts, 40_000);
    const counts = new Map<string, number>();
    for (const one of this.accepted) counts.set(one, (counts.get(one) ?? 0) + 1);
    for (const socket of this.#held) socket.end(RESPONSE);
    return counts;
  }

  close(): void {
    this.#failed.close();
    for (const socket of this.#held) socket.destroy();
    for (const server of this.#servers) server.close();
  }
}
