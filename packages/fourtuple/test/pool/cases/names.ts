import { ADDRCONFIG } from 'node:dns';
import * as net from 'node:net';
import { FULL, peers } from '../peers.ts';
import { closed, happened, read, type AnyOptions, type Case } from '../ways.ts';

type Found = readonly { readonly address: unknown; readonly family: unknown }[];
type Done = (error: Error | null, address?: unknown, family?: unknown) => void;

const port = peers.echo;
const v4 = { address: '127.0.0.1', family: 4 };
const v6 = { address: '::1', family: 6 };
const refused = { address: '127.0.0.99', family: 4 };
const silent = { address: FULL, family: 4 };

/** A lookup() that finds these. */
function finds(found: Found, note?: (what: string, ...details: unknown[]) => void, isLate = false) {
  return (name: string, options: { readonly all?: boolean }, done: Done): void => {
    note?.('lookup of', name, options);
    const answer = (): void => (options.all === true ? done(null, found) : done(null, found[0]?.address, found[0]?.family));
    if (isLate) setImmediate(answer);
    else answer();
  };
}

function named(found: Found, more: AnyOptions = {}): AnyOptions {
  return { host: 'service.example', port, lookup: finds(found), ...more };
}

/** Names, families, happy eyeballs, and what is no TCP at all. */
export const names: readonly Case[] = [
  {
    name: 'localhost',
    run: async ({ open }) => {
      const socket = open({ host: 'localhost', port, family: 4 });
      await happened(socket, 'connect');
    },
  },
  {
    name: 'no host, and an empty one',
    run: async ({ open }) => {
      await happened(open({ port, family: 4 }), 'connect');
      await happened(open({ host: '', port, family: 4 }), 'connect');
    },
  },
  {
    name: 'an IPv6 literal',
    local: '::1',
    needsIpv6: true,
    run: async ({ open }) => {
      const socket = open({ host: '::1', port });
      socket.resume().write('six');
      await read(socket, 3);
      socket.end();
      await closed(socket);
    },
  },
  {
    name: 'an IPv4 address mapped into IPv6',
    local: '::ffff:127.0.0.5',
    needsIpv6: true,
    run: async ({ open, note }) => {
      const socket = open({ host: '::ffff:127.0.0.1', port });
      await happened(socket, 'connect');
      note('from', socket.localAddress, socket.localFamily);
    },
  },
  {
    name: 'families, as lookup() is asked for them',
    run: async ({ open, note }) => {
      for (const family of [undefined, 0, 4, 'IPv4']) await happened(open({ host: 'service.example', port, family, lookup: finds([v4], note) }), 'connect');
    },
  },
  {
    name: 'family 6, as lookup() is asked for it',
    local: '::1',
    needsIpv6: true,
    run: async ({ open, note }) => {
      for (const family of [6, 'IPv6']) await happened(open({ host: 'service.example', port, family, lookup: finds([v6], note) }), 'connect');
    },
  },
  {
    name: 'hints',
    run: async ({ open, note }) => {
      for (const hints of [undefined, 0, ADDRCONFIG]) await happened(open({ host: 'service.example', port, hints, lookup: finds([v4], note) }), 'connect');
    },
  },
  {
    name: 'a lookup that answers later',
    run: async ({ open, note }) => {
      const socket = open({ host: 'service.example', port, lookup: finds([v4], note, true) });
      await happened(socket, 'connect');
    },
  },
  {
    name: 'a lookup that answers at once',
    run: async ({ open }) => {
      const socket = open(named([v4]));
      await happened(socket, 'connect');
    },
  },
  {
    name: 'a lookup that fails',
    run: async ({ open }) => {
      for (const autoSelectFamily of [true, false]) {
        await closed(open({ host: 'service.example', port, autoSelectFamily, lookup: (_: string, __: object, done: Done) => setImmediate(() => done(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }))) }));
      }
    },
  },
  {
    name: 'a lookup that throws',
    run: async ({ refuse }) => {
      const lookup = (): never => {
        throw new Error('broken');
      };
      for (const autoSelectFamily of [true, false]) refuse({ host: 'service.example', port, autoSelectFamily, lookup });
    },
  },
  {
    name: 'a lookup whose answer is no address',
    run: async ({ open }) => {
      for (const autoSelectFamily of [true, false]) {
        await closed(open(named([{ address: 'nowhere', family: 4 }], { autoSelectFamily })));
        await closed(open(named([{ address: '127.0.0.1', family: 5 }], { autoSelectFamily })));
      }
    },
  },
  {
    name: 'a lookup whose family is not that of its answer',
    namesSource: true,
    local: null,
    needsIpv6: true,
    run: async ({ open }) => {
      const socket = open(named([{ address: '::1', family: 4 }], { autoSelectFamily: false }));
      await closed(socket);
    },
  },
  {
    name: 'destroyed while it is looked up',
    run: async ({ open }) => {
      const socket = open({ host: 'service.example', port, lookup: finds([v4], undefined, true) });
      socket.once('lookup', () => socket.destroy());
      await closed(socket);
    },
  },
  {
    name: 'destroyed before it is looked up',
    run: async ({ open }) => {
      const socket = open({ host: 'service.example', port, lookup: finds([v4], undefined, true) });
      socket.destroy();
      await closed(socket);
    },
  },
  {
    name: 'happy eyeballs, the first refused',
    local: null,
    run: async ({ open }) => {
      const socket = open(named([refused, v4], { autoSelectFamily: true }));
      await happened(socket, 'connect');
      socket.resume().write('second');
      await read(socket, 6);
      socket.end();
      await closed(socket);
    },
  },
  {
    name: 'happy eyeballs, the first silent',
    local: null,
    run: async ({ open }) => {
      const socket = open(named([silent, v4], { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 40 }));
      socket.resume().write('second');
      await read(socket, 6);
      socket.end();
      await closed(socket);
    },
  },
  {
    name: 'happy eyeballs, all silent',
    local: null,
    run: async ({ open }) => {
      const socket = open({ ...named([silent, silent], { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 10 }), timeout: 500 });
      await happened(socket, 'timeout');
    },
  },
  {
    name: 'happy eyeballs, all refused',
    local: null,
    run: async ({ open }) => {
      const socket = open(named([refused, { address: '127.0.0.97', family: 4 }], { autoSelectFamily: true }));
      await closed(socket);
    },
  },
  {
    name: 'happy eyeballs, no route and then refused',
    namesSource: true,
    local: null,
    run: async ({ open }) => {
      const socket = open(named([{ address: '192.0.2.1', family: 4 }, refused], { autoSelectFamily: true }));
      await closed(socket);
    },
  },
  {
    name: 'happy eyeballs, IPv6 and IPv4',
    local: null,
    needsIpv6: true,
    run: async ({ open, note }) => {
      for (const found of [[v6, v4], [v4, v6], [{ address: '::2', family: 6 }, v4], [refused, v6]]) {
        const socket = open(named(found, { autoSelectFamily: true }));
        await happened(socket, 'connect');
        note('to', socket.remoteAddress, socket.localAddress);
      }
    },
  },
  {
    name: 'happy eyeballs, with an address or port of its own',
    local: '127.0.0.5',
    run: async ({ open, note }) => {
      const one = open(named([refused, v4], { autoSelectFamily: true, localAddress: '127.0.0.5' }));
      await happened(one, 'connect');
      note('of one', one.readyState);
      const other = open(named([refused, v4], { autoSelectFamily: true, localPort: 30_004, localAddress: undefined }));
      await happened(other, 'connect');
      note('of other', other.localPort);
      other.resetAndDestroy();
      await closed(other);
    },
  },
  {
    name: 'autoSelectFamily false: the first address alone',
    run: async ({ open }) => {
      const socket = open(named([refused, v4], { autoSelectFamily: false }));
      await closed(socket);
    },
  },
  {
    name: 'a path',
    run: async ({ open, note, peers: { path } }) => {
      const socket = open({ path, port: 1, host: 'ignored.example' }, () => note('connected'));
      socket.resume().write('local');
      await read(socket, 5);
      note('address', socket.address(), socket.remoteAddress);
      socket.end();
      await closed(socket);
    },
  },
  {
    name: 'a path that is not there, and one that is none',
    run: async ({ open, refuse }) => {
      await closed(open({ path: '/nonexistent/socket' }));
      for (const path of [5, {}]) refuse({ path });
    },
  },
  {
    name: 'a blockList',
    local: null,
    run: async ({ open, note }) => {
      const blockList = new net.BlockList();
      blockList.addAddress('127.0.0.1');
      const socket = open({ host: '127.0.0.1', port, blockList });
      await happened(socket, 'connect');
      note('then', socket.readyState);
      const named2 = open(named([v4, refused], { autoSelectFamily: true, blockList }));
      await happened(named2, 'connect');
      note('then', named2.readyState);
    },
  },
];
