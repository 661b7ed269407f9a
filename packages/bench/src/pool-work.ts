import { Agent, get, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { connect as netConnect, type Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import type * as Http from '../../fourtuple/src/pool/http/index.ts';
import type * as Pool from '../../fourtuple/src/pool/index.ts';
import type * as ForUndici from '../../fourtuple/src/pool/http/undici.ts';
import { poolModule } from './paths.ts';
import type { PoolWorkName } from './pool-works.ts';

const address = { host: '127.0.0.1', port: 8080 };
const url = 'http://127.0.0.1:8080/';
const sources = '127.0.0.1';
/** Operations under way at a time, and connections of the pools. */
const abreast = 10;

type Operation = () => Promise<unknown>;

/** The part of undici that is used here. */
interface Undici extends ForUndici.UndiciModule {
  readonly request: (url: string, options: object) => Promise<{ body: { text(): Promise<string> } }>;
}

async function load<T>(name: 'index' | 'http' | 'undici'): Promise<T> {
  return (await import(pathToFileURL(poolModule(name)).href)) as T;
}

/** Ten at a time. */
export async function repeat(operation: Operation, times: number): Promise<void> {
  let left = times;
  const one = async (): Promise<void> => {
    while (left-- > 0) await operation();
  };
  await Promise.all(Array.from({ length: abreast }, one));
}

/** What the client does, over and over. */
export async function operationOf(name: PoolWorkName): Promise<Operation> {
  switch (name) {
    case 'requests-plain': {
      const undici = loadUndici();
      return request(undici, new undici.Agent({ connections: abreast }));
    }
    case 'requests-ours':
    case 'requests-once': {
      const undici = loadUndici();
      const { createDispatcher } = await load<typeof ForUndici>('undici');
      return request(undici, createDispatcher(undici, { max: abreast, ...(name === 'requests-once' ? { retry: false } : {}) }).dispatcher);
    }
    case 'http-plain':
      return getBy(new Agent({ keepAlive: true, maxSockets: abreast, scheduling: 'lifo' }));
    case 'http-ours': {
      const { HttpAgent } = await load<typeof Http>('http');
      return getBy(new HttpAgent({ maxSockets: abreast }));
    }
    case 'connects-plain':
    case 'full-plain':
      return connection(() => netConnect(address));
    case 'connects-local':
    case 'full-local':
      return connection(() => netConnect({ ...address, localAddress: sources }));
    case 'connects-bare':
    case 'full-bare': {
      const { createConnector } = await load<typeof Pool>('index');
      const { connect } = createConnector();
      return connection(() => connect(address));
    }
    case 'connects-sources':
    case 'full-sources': {
      const { createConnector } = await load<typeof Pool>('index');
      const { connect } = createConnector({ sources });
      return connection(() => connect(address));
    }
    case 'leases': {
      const { createTcpPool } = await load<typeof Pool>('index');
      const pool = createTcpPool({ ...address, max: abreast });
      return async () => (await pool.acquire()).release();
    }
    case 'renewals': {
      const { createTcpPool } = await load<typeof Pool>('index');
      const pool = createTcpPool({ ...address, max: abreast });
      return async () => {
        const lease = await pool.acquire();
        lease.socket.resetAndDestroy();
        lease.destroy();
      };
    }
  }
}

function loadUndici(): Undici {
  return createRequire(import.meta.url)('undici') as Undici;
}

function request({ request: send }: Undici, dispatcher: object): Operation {
  return async () => {
    const { body } = await send(url, { dispatcher });
    return body.text();
  };
}

function getBy(agent: Agent): Operation {
  return async () =>
    new Promise<void>((resolve, reject) => {
      const answered = (response: IncomingMessage): void => void response.resume().on('end', resolve);
      get({ ...address, agent }, answered).on('error', reject);
    });
}

/** Ends each connection by a reset, so that none leaves a TIME_WAIT, and the next operation has the same ports as the first. */
function connection(connect: () => Socket): Operation {
  return async () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect();
      socket.on('error', reject).on('connect', () => socket.resetAndDestroy()).on('close', () => resolve());
    });
}
