import { createHash, randomUUID, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Address } from '../../src/model/index.ts';
import { bindSocket, closeSocket, connectSocket, listenSocket, makeSocket } from '../support/sockets.ts';

/** Ports of the peers, on 127.0.0.1 and ::1. */
export const peers = {
  /** Sends back what it gets, and ends when its client does. */
  echo: 20_001,
  /** Reads all, then answers with its length and checksum, and ends. */
  sink: 20_002,
  /** Says `bye` and ends at once. */
  leaving: 20_003,
  /** Resets the connection at once. */
  resetting: 20_004,
  /** Resets the connection when something comes. */
  touchy: 20_005,
  /** Accepts, and says nothing, nor reads. */
  silent: 20_006,
  /** Sends {@link BULK} bytes, and ends. */
  bulk: 20_007,
  /** Says `bye` and ends at once, but reads on and keeps what comes. */
  halfClosing: 20_008,
  /** Nobody listens. */
  nobody: 20_009,
} as const;

/** Where nobody answers a SYN: on each port of a peer, and only there. */
export const FULL = '127.0.0.98';
export const BULK = 3_000_000;

/** Bytes that are no two pieces alike. */
export function bytes(length: number): Buffer {
  const made = Buffer.alloc(length);
  for (let index = 0; index < length; index++) made[index] = (index * 31 + (index >>> 8) * 7) & 0xff;
  return made;
}

export function checksum(data: Buffer): string {
  return `${data.length} ${createHash('sha256').update(data).digest('hex').slice(0, 16)}`;
}

const bulk = bytes(BULK);

function sink(socket: Socket): void {
  const hash: Hash = createHash('sha256');
  let length = 0;
  socket.on('data', (chunk) => {
    hash.update(chunk);
    length += chunk.length;
  });
  socket.on('end', () => socket.end(`${length} ${hash.digest('hex').slice(0, 16)}`));
}

const behaviours: Readonly<Record<Exclude<keyof typeof peers, 'nobody'>, (socket: Socket, peer: Peers) => void>> = {
  echo: (socket) => void socket.pipe(socket),
  sink,
  leaving: (socket) => void socket.resume().end('bye'),
  resetting: (socket) => void socket.resetAndDestroy(),
  touchy: (socket) => void socket.once('data', () => socket.resetAndDestroy()),
  silent: (socket) => void socket.pause(),
  bulk: (socket) => void socket.resume().end(bulk),
  halfClosing: (socket, peer) => {
    socket.end('bye');
    socket.on('data', (chunk) => peer.received.push(chunk));
  },
};

/** The servers that clients under test connect to, in the namespace of this thread. */
export class Peers {
  readonly received: Buffer[] = [];
  /** Ends of accepted connections that are open. */
  readonly accepted = new Set<Socket>();
  readonly path: string;
  readonly #folder = join(tmpdir(), `fourtuple-pool-${process.pid}-${randomUUID()}`);
  readonly #servers: Server[] = [];
  readonly #held: number[] = [];

  constructor() {
    this.path = join(this.#folder, 'echo');
  }

  async start(hasIpv6: boolean): Promise<void> {
    mkdirSync(this.#folder, { mode: 0o700 });
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
    for (const [name, behaviour] of Object.entries(behaviours)) {
      const port = peers[name as keyof typeof peers];
      for (const host of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) this.#serve(behaviour).listen(port, host);
    }
    this.#serve(behaviours.echo).listen(this.path);
    await Promise.all(this.#servers.map(async (server) => once(server, 'listening')));
    this.#fill(peers.echo);
  }

  #serve(behaviour: (socket: Socket, peer: Peers) => void): Server {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.accepted.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.accepted.delete(socket));
      behaviour(socket, this);
    });
    this.#servers.push(server);
    return server;
  }

  /** A listener whose backlog is full drops each further SYN. */
  #fill(port: number): void {
    const address = Address.parse(FULL)!;
    const listener = makeSocket();
    this.#held.push(listener);
    if (bindSocket(listener, address, port, false) !== 0 || listenSocket(listener, 0) !== 0) throw new Error('no listener to fill');
    const held = makeSocket();
    this.#held.push(held);
    if (connectSocket(held, address, port, false) !== 0) throw new Error('the first connection fills the backlog');
  }

  /** Waits for the ends of a case that is over. */
  async settle(): Promise<void> {
    this.received.length = 0;
    for (const socket of this.accepted) socket.destroy();
    while (this.accepted.size > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.accepted) socket.destroy();
    await Promise.all(this.#servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
    for (const fd of this.#held.splice(0)) closeSocket(fd);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
