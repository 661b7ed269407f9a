import { getEventListeners } from 'node:events';
import { FULL, peers } from '../peers.ts';
import { closed, happened, tick, type AnyOptions, type Case, type Scene } from '../ways.ts';

const host = '127.0.0.1';
const echo = { host, port: peers.echo };

async function openAndClose({ open }: Scene, options: AnyOptions): Promise<void> {
  await closed(open(options));
}

/** Connects that come to nothing, and options that are refused. */
export const failures: readonly Case[] = [
  { name: 'refused', run: async (scene) => openAndClose(scene, { host, port: peers.nobody }) },
  { name: 'refused, IPv6', local: '::1', needsIpv6: true, run: async (scene) => openAndClose(scene, { host: '::1', port: peers.nobody }) },
  { name: 'no route', local: null, namesSource: true, run: async (scene) => openAndClose(scene, { host: '192.0.2.1', port: peers.echo }) },
  { name: 'no route, IPv6', local: null, namesSource: true, needsIpv6: true, run: async (scene) => openAndClose(scene, { host: '2001:db8::1', port: peers.echo }) },
  {
    name: 'connect timeout to a full backlog',
    run: async ({ open, note }) => {
      const socket = open({ host: FULL, port: peers.echo, timeout: 30 });
      await happened(socket, 'timeout');
      note('connecting', socket.connecting, socket.timeout);
      socket.destroy(new Error('too long'));
      await closed(socket);
    },
  },
  {
    name: 'destroyed while it connects',
    run: async ({ open }) => {
      const socket = open({ host: FULL, port: peers.echo });
      await tick();
      socket.destroy();
      await closed(socket);
    },
  },
  {
    name: 'a write whose connect fails',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.nobody });
      socket.write('one', (error) => note('written', error));
      socket.end('two', () => note('ended'));
      await closed(socket);
    },
  },
  { name: 'ports that are none', run: async ({ refuse }) => [-1, 65_536, 1.5, Number.NaN, 'abc', '', {}, true, null, Number.POSITIVE_INFINITY].forEach((port) => refuse({ host, port })) },
  { name: 'neither port nor path', run: async ({ refuse }) => [{ host }, { host, port: undefined }, { host, path: undefined }, { host, path: null }].forEach((options) => refuse(options)) },
  {
    name: 'a port as text',
    run: async ({ open }) => {
      const socket = open({ host, port: String(peers.echo) });
      await happened(socket, 'connect');
    },
  },
  { name: 'port 0', run: async (scene) => openAndClose(scene, { host, port: 0 }) },
  { name: 'localAddress that is no address', run: async ({ refuse }) => ['nowhere', '127.1', '127.0.0.256', '[::1]', 5, {}].forEach((localAddress) => refuse({ ...echo, localAddress })) },
  {
    name: 'localAddress that is as none',
    local: null,
    run: async ({ open }) => {
      for (const localAddress of [undefined, null, '', false, 0]) await happened(open({ ...echo, localAddress }), 'connect');
    },
  },
  { name: 'localAddress of IPv6, to IPv4', local: null, run: async (scene) => openAndClose(scene, { ...echo, localAddress: '::1' }) },
  { name: 'localAddress of IPv4, to IPv6', local: null, needsIpv6: true, run: async (scene) => openAndClose(scene, { host: '::1', port: peers.echo, localAddress: '127.0.0.5' }) },
  { name: 'localAddress that is not of this host', local: null, run: async (scene) => openAndClose(scene, { ...echo, localAddress: '192.0.2.7' }) },
  { name: 'localAddress that is not of this host, IPv6', local: null, needsIpv6: true, run: async (scene) => openAndClose(scene, { host: '::1', port: peers.echo, localAddress: '2001:db8::7' }) },
  {
    name: 'localAddress 0.0.0.0',
    local: null,
    run: async ({ open, note }) => {
      const socket = open({ ...echo, localAddress: '0.0.0.0' });
      await happened(socket, 'connect');
      note('from', socket.localAddress);
    },
  },
  {
    name: 'localAddress ::',
    local: null,
    needsIpv6: true,
    run: async ({ open }) => {
      const socket = open({ host: '::1', port: peers.echo, localAddress: '::' });
      await happened(socket, 'connect');
    },
  },
  {
    name: 'localPort given',
    run: async ({ open, note }) => {
      const socket = open({ ...echo, localPort: 30_001 });
      await happened(socket, 'connect');
      note('from', socket.localPort);
      socket.resetAndDestroy();
      await closed(socket);
    },
  },
  { name: 'localPort that a listener has', local: '127.0.0.1', run: async (scene) => openAndClose(scene, { ...echo, localPort: peers.silent }) },
  {
    name: 'localPort that a connection to the same destination has',
    run: async ({ open }) => {
      const first = open({ ...echo, localPort: 30_002 });
      await happened(first, 'connect');
      const second = open({ ...echo, localPort: 30_002 });
      await closed(second);
      first.resetAndDestroy();
      await closed(first);
    },
  },
  { name: 'localPort that is no number', run: async ({ refuse }) => ['30001', {}, true].forEach((localPort) => refuse({ ...echo, localPort })) },
  { name: 'timeout that is none', run: async ({ refuse }) => ['5', {}, -1, true, Number.NaN].forEach((timeout) => refuse({ ...echo, timeout })) },
  { name: 'lookup that is no function', run: async ({ refuse }) => ['x', {}, 5].forEach((lookup) => refuse({ host: 'service.example', port: peers.echo, lookup })) },
  { name: 'autoSelectFamily that is none', run: async ({ refuse }) => ['yes', 1].forEach((autoSelectFamily) => refuse({ ...echo, autoSelectFamily })) },
  { name: 'autoSelectFamilyAttemptTimeout that is none', run: async ({ refuse }) => [0, -5, 1.5, 'x'].forEach((autoSelectFamilyAttemptTimeout) => refuse({ ...echo, autoSelectFamilyAttemptTimeout })) },
  { name: 'keepAliveInitialDelay that is none', run: async ({ refuse }) => ['x', {}].forEach((keepAliveInitialDelay) => refuse({ ...echo, keepAlive: true, keepAliveInitialDelay })) },
  { name: 'highWaterMark and objectMode that are none', run: async ({ refuse }) => [{ highWaterMark: -1 }, { highWaterMark: 'x' }, { objectMode: true }, { readableObjectMode: true }].forEach((options) => refuse({ ...echo, ...options })) },
  { name: 'signal that is none', run: async ({ refuse }) => ['x', {}, null].forEach((signal) => refuse({ ...echo, signal })) },
  { name: 'a host of other types', run: async ({ refuse }) => [5, {}, true, 'a\0b'].forEach((wrong) => refuse({ host: wrong, port: peers.echo, lookup: (_: string, __: object, done: (error: Error) => void) => done(new Error('none')) })) },
  { name: 'signal that is aborted already', run: async (scene) => openAndClose(scene, { ...echo, signal: AbortSignal.abort() }) },
  { name: 'signal that is aborted already, with a reason', run: async (scene) => openAndClose(scene, { ...echo, signal: AbortSignal.abort(new Error('never mind')) }) },
  {
    name: 'signal aborted in the same tick',
    run: async ({ open }) => {
      const stop = new AbortController();
      const socket = open({ ...echo, signal: stop.signal });
      stop.abort();
      await closed(socket);
    },
  },
  {
    name: 'signal aborted while it connects',
    run: async ({ open }) => {
      const stop = new AbortController();
      const socket = open({ host: FULL, port: peers.echo, signal: stop.signal });
      await tick();
      stop.abort();
      await closed(socket);
    },
  },
  {
    name: 'signal aborted when it is connected',
    run: async ({ open, note }) => {
      const stop = new AbortController();
      const socket = open({ ...echo, signal: stop.signal });
      await happened(socket, 'connect');
      note('listeners of the signal', getEventListeners(stop.signal, 'abort').length);
      stop.abort();
      await closed(socket);
    },
  },
  {
    name: 'listeners of a signal are gone after it',
    run: async ({ open, note }) => {
      const stop = new AbortController();
      const socket = open({ ...echo, signal: stop.signal });
      await happened(socket, 'connect');
      socket.resume().end();
      await closed(socket);
      note('listeners of the signal', getEventListeners(stop.signal, 'abort').length);
      stop.abort();
    },
  },
];
