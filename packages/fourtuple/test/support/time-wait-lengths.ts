import { Address } from '../../src/model/index.ts';
import { socketsNow } from './everything.ts';
import { acceptSocket, bindSocket, closeSocket, connectSocket, listenSocket, localPort, makeSocket } from './sockets.ts';

const SERVER_PORT = 81;
/** So many, so far apart: over 4.2 s, a whole grain of the timer wheel at any HZ. */
const CONNECTIONS = 64;
const APART_MS = 65;
/** None ends before: no need to look. */
const EARLIEST_MS = 59_000;
const LOOK_EVERY_MS = 40;

/**
 * Closes connections first, in this thread's namespace, and looks until the last TIME_WAIT is gone.
 * @returns how long each was there, seconds, too long by half the time between two looks on average, which is taken off.
 */
export async function timeWaitLengths(): Promise<number[]> {
  const destination = Address.parse('127.0.2.1')!;
  const listener = makeSocket({ reuseAddress: true });
  if (bindSocket(listener, destination, SERVER_PORT, false) !== 0 || listenSocket(listener) !== 0) throw new Error('the server cannot listen');
  const closedAt = new Map<number, number>();
  for (let count = 0; count < CONNECTIONS; count++) {
    const client = makeSocket();
    const errno = connectSocket(client, destination, SERVER_PORT, false);
    if (errno !== 0) throw new Error(`connect: errno ${errno}`);
    const server = acceptSocket(listener);
    const port = localPort(client);
    closeSocket(client);
    closeSocket(server);
    closedAt.set(port, performance.now());
    await pause(APART_MS);
  }
  closeSocket(listener);
  const [first] = closedAt.values();
  await pause(EARLIEST_MS - (performance.now() - first!));
  const lengths: number[] = [];
  for (let looked = performance.now(); closedAt.size > 0; ) {
    const now = performance.now();
    const left = portsInTimeWait();
    for (const [port, at] of closedAt) {
      if (left.has(port)) continue;
      lengths.push(((now + looked) / 2 - at) / 1000);
      closedAt.delete(port);
    }
    looked = now;
    await pause(LOOK_EVERY_MS);
  }
  return lengths;
}

function portsInTimeWait(): Set<number> {
  const ports = new Set<number>();
  for (const line of socketsNow()) {
    const port = /^tcp time-wait \S+:(\d+) -> 127\.0\.2\.1:81 /.exec(line)?.[1];
    if (port !== undefined) ports.add(Number(port));
  }
  return ports;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
}
