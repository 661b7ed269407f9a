/** What a client of the pool job does, over and over. */
interface PoolWork {
  readonly title: string;
  /** So many in one sample. */
  readonly operations: number;
}

/** Ports of the default range, which is what one source has to one destination, and those that are taken in the second stage. */
export const tuplePorts = 28_232;
export const takenPorts = tuplePorts * 0.75;

/** Clients with nothing in common but the server: each is a process of its own. */
export const poolWorks = {
  'requests-plain': { title: 'undici.Agent: GET, 10 connections', operations: 6000 },
  'requests-ours': { title: 'createDispatcher(undici): GET, 10 connections', operations: 6000 },
  'requests-once': { title: 'createDispatcher(undici), retry: false: GET, 10 connections', operations: 6000 },
  'http-plain': { title: 'http.Agent, keepAlive: GET, 10 connections', operations: 3000 },
  'http-ours': { title: 'HttpAgent: GET, 10 connections', operations: 3000 },
  'connects-plain': { title: 'net.connect()', operations: 3000 },
  'connects-bare': { title: 'createConnector()', operations: 3000 },
  'connects-sources': { title: 'createConnector({ sources })', operations: 3000 },
  'connects-local': { title: 'net.connect({ localAddress })', operations: 3000 },
  leases: { title: 'createTcpPool(): acquire and release', operations: 50_000 },
  renewals: { title: 'createTcpPool(): acquire and destroy', operations: 2000 },
  'full-plain': { title: 'net.connect()', operations: 150 },
  'full-local': { title: 'net.connect({ localAddress })', operations: 100 },
  'full-bare': { title: 'createConnector()', operations: 3000 },
  'full-sources': { title: 'createConnector({ sources })', operations: 3000 },
} as const satisfies Readonly<Record<string, PoolWork>>;

export type PoolWorkName = keyof typeof poolWorks;

const names = Object.keys(poolWorks) as readonly PoolWorkName[];
export const fullWorkNames = names.filter((name) => name.startsWith('full-'));
export const freeWorkNames = names.filter((name) => !name.startsWith('full-'));

export function isPoolWork(id: string): id is PoolWorkName {
  return Object.hasOwn(poolWorks, id);
}

/** Of a sample's milliseconds, what one operation takes. */
export function operationMicroseconds(name: PoolWorkName, sampleMs: number): number {
  return (sampleMs * 1000) / poolWorks[name].operations;
}
