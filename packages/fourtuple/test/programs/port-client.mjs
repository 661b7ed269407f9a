// port-client.mjs ADDRESS PORT SOURCE_PORT: one connection whose port connect() chose, from a range of that port alone.
// Prints "connected" or "errno N". Then each line on stdin is a deed, and its answer a line on stdout:
//   send -> "sent" or "errno N"; read -> "errno N" or the number of bytes; shutdown, close -> "done"
// It ends with its stdin.
import { createInterface } from 'node:readline';
import koffi from 'koffi';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_IP = 0;
const IP_LOCAL_PORT_RANGE = 51;
const SHUT_WR = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const setsockopt = libc.func('int setsockopt(int, int, int, const void *, uint32_t)');
const connect = libc.func('int connect(int, const void *, uint32_t)');
const send = libc.func('long send(int, const void *, size_t, int)');
const recv = libc.func('long recv(int, void *, size_t, int)');
const shutdown = libc.func('int shutdown(int, int)');
const close = libc.func('int close(int)');

const [host, port, source] = process.argv.slice(2);

function sockaddr() {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, Number(port));
  bytes.set(host.split('.').map(Number), 4);
  return bytes;
}

const fd = socket(AF_INET, SOCK_STREAM, 0);
const bounds = new Uint8Array(Uint32Array.of((Number(source) | (Number(source) << 16)) >>> 0).buffer);

const deeds = {
  send: () => (send(fd, new Uint8Array(1), 1, MSG_NOSIGNAL) < 0 ? `errno ${koffi.errno()}` : 'sent'),
  read() {
    const length = recv(fd, new Uint8Array(100), 100, MSG_DONTWAIT);
    return length < 0 ? `errno ${koffi.errno()}` : String(length);
  },
  shutdown: () => (shutdown(fd, SHUT_WR), 'done'),
  close: () => (close(fd), 'done'),
};

const tell = (text) => process.stdout.write(`${text}\n`);
if (setsockopt(fd, SOL_IP, IP_LOCAL_PORT_RANGE, bounds, bounds.length) < 0 || connect(fd, sockaddr(), 16) < 0) tell(`errno ${koffi.errno()}`);
else tell('connected');
for await (const line of createInterface({ input: process.stdin })) tell(deeds[line]());
