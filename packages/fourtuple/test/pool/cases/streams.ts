import { createHash } from 'node:crypto';
import { finished, pipeline } from 'node:stream/promises';
import { Duplex, Readable, Writable } from 'node:stream';
import { BULK, bytes, checksum, peers } from '../peers.ts';
import { until } from '../../support/wait.ts';
import { closed, happened, read, tick, type Case } from '../ways.ts';

const host = '127.0.0.1';
const echo = { host, port: peers.echo };

/** Data, in all the ways of a stream, and options of the socket. */
export const streams: readonly Case[] = [
  {
    name: 'writes before it is connected',
    run: async ({ open, note }) => {
      const socket = open(echo);
      for (const word of ['one ', 'two ', 'three']) note('write', socket.write(word, (error) => note('written', word, error)), socket.bytesWritten, socket.writableLength);
      socket.resume();
      await read(socket, 13);
      socket.end();
      await closed(socket);
    },
  },
  {
    name: 'a large upload',
    isUnordered: true,
    run: async ({ open, note }) => {
      const data = bytes(BULK);
      const socket = open({ host, port: peers.sink });
      socket.end(data);
      const parts: Buffer[] = [];
      socket.on('data', (chunk) => parts.push(chunk));
      await closed(socket);
      note('sum', Buffer.concat(parts).toString() === checksum(data), socket.bytesWritten, socket.bytesRead);
    },
  },
  {
    name: 'a large download',
    run: async ({ open, note, recording }) => {
      const socket = open({ host, port: peers.bulk });
      const hash = createHash('sha256');
      for await (const chunk of socket) hash.update(chunk as Buffer);
      note('sum', hash.digest('hex'), socket.bytesRead);
      await closed(socket);
      recording.without('data', 'readable');
    },
  },
  {
    name: 'much both ways',
    isUnordered: true,
    run: async ({ open, note, recording }) => {
      const data = bytes(BULK);
      const socket = open(echo);
      const parts: Buffer[] = [];
      socket.on('data', (chunk) => parts.push(chunk));
      for (let at = 0; at < BULK; at += 300_000) if (!socket.write(data.subarray(at, at + 300_000))) await happened(socket, 'drain');
      socket.end();
      await closed(socket);
      note('sum', checksum(Buffer.concat(parts)), socket.bytesWritten, socket.bytesRead);
      recording.without('data', 'drain');
    },
  },
  {
    name: 'cork and uncork',
    run: async ({ open, note }) => {
      const socket = open(echo);
      await happened(socket, 'connect');
      socket.resume().cork();
      socket.write('a');
      socket.write('b', () => note('written b'));
      socket.write(Buffer.from('c'), () => note('written c'));
      note('corked', socket.writableCorked, socket.bytesWritten);
      socket.uncork();
      await read(socket, 3);
    },
  },
  {
    name: 'pause and resume',
    run: async ({ open, note }) => {
      const socket = open(echo);
      socket.on('data', (chunk) => note('got', chunk));
      socket.pause();
      await new Promise((resolve) => socket.write('waiting', resolve));
      await tick();
      note('paused', socket.isPaused(), socket.readableFlowing);
      socket.resume();
      await read(socket, 7);
      note('flowing', socket.isPaused(), socket.readableFlowing);
    },
  },
  {
    name: 'readable and read()',
    run: async ({ open, note }) => {
      const socket = open(echo);
      const parts: Buffer[] = [];
      socket.on('readable', () => {
        for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) parts.push(chunk);
      });
      socket.end('to be read');
      await closed(socket);
      note('got', Buffer.concat(parts));
    },
  },
  {
    name: 'asynchronous iteration',
    run: async ({ open, note }) => {
      const socket = open(echo);
      socket.end('iterated');
      const parts: Buffer[] = [];
      for await (const chunk of socket) parts.push(chunk as Buffer);
      note('got', Buffer.concat(parts), socket.destroyed);
    },
  },
  {
    name: 'asynchronous iteration that is left',
    run: async ({ open, note }) => {
      const socket = open(echo);
      socket.write('left');
      for await (const chunk of socket) {
        note('got', chunk);
        break;
      }
      note('destroyed', socket.destroyed);
      await closed(socket);
    },
  },
  {
    name: 'pipe, in and out',
    run: async ({ open, note }) => {
      const socket = open(echo);
      const parts: Buffer[] = [];
      Readable.from([Buffer.from('through '), Buffer.from('pipes')]).pipe(socket);
      socket.pipe(
        new Writable({
          write: (chunk: Buffer, _, done) => {
            parts.push(chunk);
            done();
          },
        }),
      );
      await closed(socket);
      note('got', Buffer.concat(parts));
    },
  },
  {
    name: 'pipeline() and finished()',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.sink });
      const done = finished(socket);
      await pipeline(Readable.from([Buffer.from('one'), Buffer.from('two')]), socket, async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) note('got', chunk);
      });
      await done;
      await closed(socket);
    },
  },
  {
    name: 'web streams',
    run: async ({ open, note }) => {
      const socket = open(echo);
      const { readable, writable } = Duplex.toWeb(socket);
      const writer = writable.getWriter();
      await writer.write(new TextEncoder().encode('web'));
      const { value } = await (readable as ReadableStream<Uint8Array>).getReader().read();
      note('got', value);
      await writer.close();
      await closed(socket);
    },
  },
  {
    name: 'a buffer of onread',
    run: async ({ open, note }) => {
      let got = '';
      const buffer = Buffer.alloc(16);
      const socket = open({
        ...echo,
        onread: {
          buffer,
          callback: (length: number, into: Buffer) => {
            got += into.toString('latin1', 0, length);
            if (got.length === 20) socket.end();
            return true;
          },
        },
      });
      socket.write('01234567890123456789');
      await closed(socket);
      note('got', got);
    },
  },
  {
    name: 'a function of onread that pauses',
    run: async ({ open, note }) => {
      let got = '';
      const socket = open({
        ...echo,
        onread: {
          buffer: () => Buffer.alloc(32),
          callback: (length: number, into: Buffer) => {
            got += into.toString('latin1', 0, length);
            return false;
          },
        },
      });
      socket.end('paused once');
      while (got.length < 11) await tick();
      socket.resume();
      await closed(socket);
      note('got', got);
    },
  },
  {
    name: 'setEncoding',
    run: async ({ open, note }) => {
      const socket = open(echo);
      note('set', socket.setEncoding('utf8') === socket, socket.readableEncoding);
      let got = '';
      socket.on('data', (text: unknown) => (got += String(text)));
      socket.write('ä', 'latin1');
      socket.write('c3a4', 'hex');
      socket.end('€', 'utf8');
      await closed(socket);
      note('got', got);
    },
  },
  {
    name: 'highWaterMark',
    run: async ({ open, note }) => {
      const socket = open({ ...echo, highWaterMark: 8 });
      await happened(socket, 'connect');
      note('write', socket.write('1234'), socket.writableNeedDrain);
      note('write', socket.write('123456789'), socket.writableNeedDrain);
      socket.resume();
      await read(socket, 13);
    },
  },
  {
    name: 'more than the peer takes, then destroyed',
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.silent });
      await happened(socket, 'connect');
      note('write', socket.write(bytes(20_000_000), (error) => note('written', error)), socket.writableNeedDrain);
      await tick();
      note('left', socket.writableLength > 0, socket.bytesWritten);
      socket.destroy();
      await closed(socket);
    },
  },
  {
    name: 'more than the peer takes, until it reads',
    isUnordered: true,
    run: async ({ open, note, peers: { accepted } }) => {
      const socket = open({ host, port: peers.silent });
      await happened(socket, 'connect');
      const written = new Promise<void>((resolve) => socket.write(bytes(20_000_000), () => resolve()));
      const second = new Promise<void>((resolve) => socket.write('the rest', () => resolve()));
      while (accepted.size === 0) await tick();
      let length = 0;
      for (const peer of accepted) peer.on('data', (chunk) => (length += chunk.length)).resume();
      await written;
      await second;
      await until('all to arrive', () => length === 20_000_008);
      note('written', socket.bytesWritten, length);
    },
  },
  {
    name: 'ended with more than the peer takes',
    isUnordered: true,
    run: async ({ open, note }) => {
      const socket = open({ host, port: peers.sink });
      socket.resume();
      for (let part = 0; part < 20; part++) socket.write(bytes(500_000));
      socket.end();
      await closed(socket);
      note('written', socket.bytesWritten);
    },
  },
  {
    name: 'noDelay, keepAlive and keepAliveInitialDelay',
    run: async ({ open }) => {
      for (const options of [{ noDelay: true }, { noDelay: false }, { keepAlive: true }, { keepAlive: true, keepAliveInitialDelay: 5000 }, { keepAlive: false, keepAliveInitialDelay: 7000 }, { noDelay: true, keepAlive: true, keepAliveInitialDelay: 61_000 }]) {
        await happened(open({ ...echo, ...options }), 'connect');
      }
    },
  },
  {
    name: 'setNoDelay before and after it is connected',
    run: async ({ open, note, recording }) => {
      const socket = open(echo);
      note('set', socket.setNoDelay() === socket);
      await happened(socket, 'connect');
      socket.setNoDelay(false);
      recording.state('without', socket);
      socket.setNoDelay(true);
      recording.state('with', socket);
    },
  },
  {
    name: 'setKeepAlive before and after it is connected',
    run: async ({ open, note, recording }) => {
      const socket = open(echo);
      note('set', socket.setKeepAlive(true, 9000) === socket);
      await happened(socket, 'connect');
      recording.state('with', socket);
      socket.setKeepAlive(true, 11_000);
      recording.state('longer', socket);
      socket.setKeepAlive(false);
      recording.state('without', socket);
    },
  },
  {
    name: 'readable and writable as options',
    run: async ({ open }) => {
      for (const options of [{ readable: false }, { writable: false }, { readable: true, writable: true }, { manualStart: true }, { pauseOnCreate: true }]) await happened(open({ ...echo, ...options }), 'connect');
    },
  },
];
