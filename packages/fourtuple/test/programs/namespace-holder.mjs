// Makes network namespaces with a known population and holds each in one way alone: by a process, a thread, a mount
// or a descriptor. Commands come as lines of JSON on stdin, one answer a line goes to stdout:
//   {"make":"process|thread|mount|descriptor","population":{…},"mountPoint":"…"} -> {"inode":…,"path":"…"}
//   {"release":INODE} -> {}
//   {"replace":INODE,"fifo":"…"} -> {} (what was its descriptor now names a fifo that nobody writes to)
// It ends with its stdin, and everything that it holds with it.
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, promises, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SIOCSIFFLAGS = 0x8914;
const UP_AND_RUNNING = 0x41;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const SERVER_PORT = 80;
const LOOPBACK = [127, 0, 0, 1];

const libc = koffi.load(null);
const setns = libc.func('int setns(int, int)');
const unshare = libc.func('int unshare(int)');
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const void *, uint32_t)');
const connect = libc.func('int connect(int, const void *, uint32_t)');
const listen = libc.func('int listen(int, int)');
const accept4 = libc.func('int accept4(int, void *, void *, int)');
const ioctl = libc.func('int ioctl(int, unsigned long, void *)');
const close = libc.func('int close(int)');
const mount = libc.func('int mount(const char *, const char *, const char *, unsigned long, const void *)');
const umount2 = libc.func('int umount2(const char *, int)');
const dup2 = libc.func('int dup2(int, int)');

// Makes the threads of libuv's pool, here: else the first worker would take them into its namespace.
await promises.stat('/');
const home = openSync('/proc/thread-self/ns/net', 'r');
/** What holds each namespace, and the sockets in it, by inode number. */
const held = new Map();

function checked(what, result) {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return result;
}

function sockaddr(port) {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint16(0, AF_INET, true);
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(LOOPBACK, 4);
  return bytes;
}

function raiseLoopback() {
  const fd = checked('socket', socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode('lo'));
  new DataView(request.buffer).setInt16(16, UP_AND_RUNNING, true);
  checked('SIOCSIFFLAGS', ioctl(fd, SIOCSIFFLAGS, request));
  close(fd);
}

/** One listener; `connections` both of whose ends stay open; `timeWait`; `bound` idle sockets; `udp` sockets. */
function populate({ connections, timeWait, bound, udp, range }) {
  if (range !== undefined) writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', range.join(' '));
  const fds = [];
  const open = (type) => {
    const fd = checked('socket', socket(AF_INET, type | SOCK_CLOEXEC, 0));
    fds.push(fd);
    return fd;
  };
  const server = sockaddr(SERVER_PORT);
  const listener = open(SOCK_STREAM);
  checked('bind', bind(listener, server, server.length));
  checked('listen', listen(listener, 100));
  const pair = () => {
    const client = open(SOCK_STREAM);
    checked('connect', connect(client, server, server.length));
    fds.push(checked('accept4', accept4(listener, null, null, SOCK_CLOEXEC)));
  };
  for (let count = 0; count < connections; count++) pair();
  for (let count = 0; count < timeWait; count++) {
    pair();
    // The client first: it gets the TIME_WAIT.
    const [client, accepted] = fds.splice(-2);
    close(client);
    close(accepted);
  }
  const anyPort = sockaddr(0);
  for (let count = 0; count < bound; count++) checked('bind', bind(open(SOCK_STREAM), anyPort, anyPort.length));
  for (let count = 0; count < udp; count++) checked('bind', bind(open(SOCK_DGRAM), anyPort, anyPort.length));
  return fds;
}

/** Each is called inside the namespace. @returns the path that opens it, and how to let go of it. */
const holders = {
  process() {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'sleep', 'infinity'], { stdio: 'ignore' });
    const gone = new Promise((resolve) => {
      child.on('exit', resolve);
    });
    return {
      path: `/proc/${child.pid}/ns/net`,
      release() {
        child.kill('SIGKILL');
        return gone;
      },
    };
  },
  async thread() {
    // The thread is made before the constructor returns, so in here.
    const worker = new Worker("require('node:worker_threads').parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self')); setInterval(() => {}, 1e6);", { eval: true });
    const ready = new Promise((resolve, reject) => {
      worker.on('message', resolve);
      worker.on('error', reject);
    });
    return { path: ready.then((task) => `/proc/${task}/ns/net`), release: () => worker.terminate() };
  },
  mount(point) {
    writeFileSync(point, '');
    checked(`mount ${point}`, mount('/proc/thread-self/ns/net', point, null, MS_BIND, null));
    return { path: `/proc/${process.pid}/root${point}`, release: () => checked('umount', umount2(point, MNT_DETACH)) };
  },
  descriptor() {
    const fd = openSync('/proc/thread-self/ns/net', 'r');
    return { path: `/proc/${process.pid}/fd/${fd}`, fd, release: () => closeSync(fd) };
  },
};

async function make({ make: kind, population, mountPoint }) {
  let inode;
  let fds;
  let pending;
  checked('unshare', unshare(CLONE_NEWNET));
  // Nothing asynchronous until we are home again.
  try {
    raiseLoopback();
    inode = statSync('/proc/thread-self/ns/net').ino;
    fds = populate(population);
    pending = holders[kind](mountPoint);
  } finally {
    checked('setns', setns(home, CLONE_NEWNET));
  }
  const holder = await pending;
  const path = await holder.path;
  if (statSync(path).ino !== inode) throw new Error(`${path} is not the namespace ${inode}`);
  held.set(inode, { ...holder, fds });
  return { inode, path };
}

async function release(inode) {
  const { release: letGo, fds } = held.get(inode);
  held.delete(inode);
  for (const fd of fds) close(fd);
  await letGo();
  return {};
}

/** As if the descriptor had been closed and its number given to a fifo that nobody writes to. */
function replace({ replace: inode, fifo }) {
  const { fd, fds } = held.get(inode);
  const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  checked('dup2', dup2(reading, fd));
  closeSync(reading);
  for (const open of fds.splice(0)) close(open);
  return {};
}

async function answer(command) {
  if (command.make !== undefined) return make(command);
  return command.replace === undefined ? release(command.release) : replace(command);
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)).catch((error) => ({ error: error.message })))}\n`);
}
// Mounts outlive us where others share them.
for (const inode of held.keys()) await release(inode);
process.exit(0);
