import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { PerformanceObserver } from 'node:perf_hooks';
import { FULL, peers } from '../peers.ts';
import { closed, happened, read, tick, type AnyOptions, type Case } from '../ways.ts';

const host = '127.0.0.1';
const echo = { host, port: peers.echo };

/** From the making of a socket to its close, by either end. */
export const lifetime: readonly Case[] = [
  {
    name: 'the listener of connect',
    run: async ({ open, note }) => {
      const socket = open(echo, function listener(this: unknown, ...args: unknown[]) {
        note('listener', this === socket, args);
      });
      await happened(socket, 'connect');
    },
  },
  {
    name: 'connected, ended by the client',
    run: async ({ open }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.resume().end();
      await closed(socket);
    },
  },
  {
    name: 'destroyed in the same tick',
    run: async ({ open, note }) => {
      const socket = open(echo, () => note('connected'));
      note('destroyed', socket.destroy() === socket);
      await closed(socket);
    },
  },
  {
    name: 'destroyed in the same tick, with an error',
    run: async ({ open }) => {
      const socket = open(echo);
      socket.destroy(new Error('enough'));
      await closed(socket);
    },
  },
  {
    name: 'destroyed when it is connected',
    run: async ({ open }) => {
      const socket = open(echo);
      socket.once('connect', () => socket.destroy());
      await closed(socket);
    },
  },
  {
    name: 'destroyed with an error when it is connected',
    run: async ({ open }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.write('x', (error) => void socket.destroy(error ?? new Error('enough')));
      await closed(socket);
    },
  },
  {
    name: 'ended before it is connected',
    run: async ({ open, note }) => {
      const socket = open(echo);
      socket.resume().end(() => note('ended'));
      await closed(socket);
    },
  },
  {
    name: 'ended with data before it is connected',
    run: async ({ open, note }) => {
      const socket = open(echo);
      socket.on('data', (chunk) => note('got', chunk));
      socket.end('last words', () => note('ended'));
      await closed(socket);
    },
  },
  {
    name: 'destroySoon before it is connected',
    run: async ({ open }) => {
      const socket = open(echo);
      socket.write('soon');
      socket.destroySoon();
      await closed(socket);
    },
  },
  {
    name: 'written after its end',
    run: async ({ open, note }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.resume().end('x');
      note('write', socket.write('y', (error) => note('written', error)));
      await closed(socket);
    },
  },
  {
    name: 'written after its destruction',
    run: async ({ open, note }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.destroy();
      note('write', socket.write('y', (error) => note('written', error)));
      await closed(socket);
      note('write', socket.write('z', (error) => note('written', error)));
      await tick();
    },
  },
  {
    name: 'half-closed by the client',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.sink });
      await happened(socket, 'connect');
      socket.write('some');
      socket.end(' data');
      note('half', socket.readyState, socket.writableEnded);
      socket.resume();
      await closed(socket);
    },
  },
  {
    name: 'half-closed by the server, allowHalfOpen',
    run: async ({ open, note, peers: { received, accepted } }) => {
      const socket = open({ host, port: peers.halfClosing, allowHalfOpen: true });
      socket.resume();
      await happened(socket, 'end');
      note('half', socket.readyState, socket.destroyed, socket.writable);
      await new Promise((resolve) => socket.write('still here', resolve));
      socket.end();
      await closed(socket);
      while (accepted.size > 0) await tick();
      note('received', Buffer.concat(received));
    },
  },
  {
    name: 'ended by the server',
    run: async ({ open }) => {
      const socket = open({ host, port: peers.leaving });
      socket.resume();
      await closed(socket);
    },
  },
  {
    name: 'ended by the server, unread',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.leaving });
      await happened(socket, 'readable');
      note('read', socket.read(), socket.readyState);
      socket.resume();
      await closed(socket);
    },
  },
  {
    name: 'reset by the server at once',
    isUnordered: true,
    run: async ({ open }) => {
      const socket = open({ host, port: peers.resetting });
      socket.resume();
      await closed(socket);
    },
  },
  {
    name: 'reset by the server when something comes',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.touchy });
      await happened(socket, 'connect');
      socket.resume().write('x', (error) => note('written', error));
      await closed(socket);
    },
  },
  {
    name: 'reset by the client',
    run: async ({ open, note, peers: { accepted } }) => {
      const socket = open({ host, port: peers.silent });
      await happened(socket, 'connect');
      note('reset', socket.resetAndDestroy() === socket, socket.destroyed);
      await closed(socket);
      note('open at the server', [...accepted].length <= 1);
    },
  },
  {
    name: 'reset in the same tick',
    run: async ({ open }) => {
      const socket = open(echo);
      socket.resetAndDestroy();
      await closed(socket);
    },
  },
  {
    name: 'reset after its close',
    run: async ({ open }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.destroy();
      await closed(socket);
      socket.resetAndDestroy();
      await tick();
    },
  },
  {
    name: 'connected again after its close',
    run: async ({ open, note, recording }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.resume().end();
      await closed(socket);
      socket.connect({ ...echo }, () => note('connected again'));
      await happened(socket, 'connect');
      recording.state('again', socket);
      socket.resume();
      socket.write('again');
      await read(socket, 5);
      socket.end();
      await closed(socket);
    },
  },
  {
    name: 'connected again after a refusal, to elsewhere',
    run: async ({ open, recording }) => {
      const socket = open({ host, port: peers.nobody });
      await closed(socket);
      socket.connect(peers.leaving, host);
      await happened(socket, 'connect');
      recording.state('again', socket);
      socket.resume();
      await closed(socket);
    },
  },
  {
    name: 'connected again from an address and port of its own',
    run: async ({ open, note }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.resetAndDestroy();
      await closed(socket);
      socket.connect({ ...echo, localAddress: '127.0.0.77', localPort: 30_003 });
      await happened(socket, 'connect');
      note('from', socket.localAddress, socket.localPort);
      socket.resetAndDestroy();
      await closed(socket);
    },
  },
  {
    name: 'ref and unref',
    run: async ({ open, note }) => {
      const hasRef = (): unknown => (socket as unknown as { _handle: { hasRef?: () => boolean } | null })._handle?.hasRef?.();
      const socket = open(echo);
      note('ref', hasRef(), socket.unref() === socket, hasRef());
      await happened(socket, 'connect');
      note('ref', hasRef(), socket.ref() === socket, hasRef(), socket.unref() === socket, hasRef());
    },
  },
  {
    name: 'idle timeout',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.silent });
      await happened(socket, 'connect');
      note('set', socket.setTimeout(25, () => note('called')) === socket, socket.timeout);
      await happened(socket, 'timeout');
      note('still', socket.readyState);
      socket.setTimeout(0);
      note('timeout', socket.timeout);
    },
  },
  {
    name: 'setTimeout before it is connected',
    run: async ({ open, note }) => {
      const socket = open({ host: FULL, port: peers.echo });
      socket.setTimeout(25, () => {
        note('called', socket.connecting);
        socket.destroy();
      });
      await closed(socket);
    },
  },
  {
    name: 'option timeout, and a setTimeout that replaces it',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.silent, timeout: 600_000 });
      note('timeout', socket.timeout);
      await happened(socket, 'connect');
      socket.setTimeout(25);
      await happened(socket, 'timeout');
    },
  },
  {
    name: 'address() and the rest, before and after',
    run: async ({ open, note, recording }) => {
      const socket = open(echo);
      note('before', socket.address(), socket.localAddress, socket.remoteAddress);
      await happened(socket, 'connect');
      note('address', socket.address(), socket.localPort === (socket.address() as { port: number }).port);
      socket.destroy();
      await closed(socket);
      recording.state('after', socket);
    },
  },
  {
    name: 'AsyncLocalStorage',
    run: async ({ open, note }) => {
      const storage = new AsyncLocalStorage<string>();
      const socket = storage.run('inside', () => {
        const made = open({ host: 'localhost', port: peers.echo, family: 4 }, () => note('listener', storage.getStore()));
        for (const event of ['lookup', 'connectionAttempt', 'ready', 'data', 'end', 'close']) made.once(event, () => note(`in ${event}`, storage.getStore()));
        made.write('x', () => note('in write', storage.getStore()));
        return made;
      });
      await read(socket, 1);
      socket.end();
      await closed(socket);
    },
  },
  {
    name: 'async_hooks',
    run: async ({ open, note }) => {
      const types: string[] = [];
      const hook = createHook({ init: (_, type) => void types.push(type) }).enable();
      const socket = open(echo);
      await happened(socket, 'connect');
      hook.disable();
      note('made', types.filter((type) => type.startsWith('TCP') || type.startsWith('GETADDR')).sort());
    },
  },
  {
    name: 'diagnostics_channel net.client.socket',
    run: async ({ open, note }) => {
      const told: unknown[] = [];
      const listen = (message: unknown): void => void told.push(message);
      subscribe('net.client.socket', listen);
      const socket = open(echo);
      unsubscribe('net.client.socket', listen);
      note('told', told.length, told.every((message) => (message as { socket: unknown }).socket === socket));
      await happened(socket, 'connect');
    },
  },
  {
    name: 'performance entries',
    run: async ({ open, note }) => {
      const seen = new Promise<unknown>((resolve) => {
        const observer = new PerformanceObserver((list) => {
          const [entry] = list.getEntries();
          observer.disconnect();
          resolve({ name: entry?.name, type: entry?.entryType, detail: (entry as unknown as { detail: unknown }).detail });
        });
        observer.observe({ entryTypes: ['net'] });
      });
      const socket = open(echo);
      await happened(socket, 'connect');
      note('entry', await seen);
    },
  },
  {
    name: 'options that another object lends',
    local: null,
    run: async ({ open }) => {
      const socket = open(Object.create({ ...echo, noDelay: true }) as AnyOptions);
      await happened(socket, 'connect');
    },
  },
];
