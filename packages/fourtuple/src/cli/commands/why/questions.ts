import { loggedEndpointText, type LoggedEndpoint, type LoggedFailure } from '../../../diagnose/log-line/index.ts';
import { userId } from '../../../kernel/index.ts';
import { Address, parsePortRange, type PortRange } from '../../../model/index.ts';
import type { BindQuestion, ConnectQuestion } from '../../../usage/index.ts';
import { parseEndpoint, resolveHost } from '../../endpoint-argument.ts';
import { UsageError } from '../../errors.ts';
import type { WhyFlags } from './command.ts';

/** What is asked of the live host. */
export type Question = { readonly kind: 'bind'; readonly bind: BindQuestion } | { readonly kind: 'connect'; readonly connect: ConnectQuestion };

export async function bindQuestion(text: string, flags: WhyFlags): Promise<Question> {
  for (const name of ['from', 'bound', 'range', 'watch'] as const) if (flags[name] !== undefined) throw new UsageError(`--${name} is about connect`);
  const { host, port } = parseEndpoint(text, 'what to bind');
  return { kind: 'bind', bind: bindOf(await resolveHost(host), port, flags) };
}

function bindOf(address: Address, port: number, flags: WhyFlags): BindQuestion {
  return {
    protocol: flags.udp === true ? 'udp' : 'tcp',
    address,
    port,
    reuseAddress: flags.reuseAddress,
    reusePort: flags.reusePort === true,
    v6Only: flags.v6Only === true,
    device: flags.device,
    uid: flags.user === undefined ? undefined : uidOf(flags.user),
  };
}

function uidOf(text: string): number {
  const uid = /^\d+$/.test(text) ? Number(text) : userId(text);
  if (uid === undefined) throw new UsageError(`there is no user "${text}"`);
  return uid;
}

export async function connectQuestion(text: string, flags: WhyFlags): Promise<Question> {
  for (const name of ['udp', 'reusePort', 'v6Only', 'user'] as const) if (flags[name] !== undefined) throw new UsageError(`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is about bind`);
  const { host, port } = parseEndpoint(text, 'where to connect to');
  if (port === 0) throw new UsageError('nobody connects to port 0');
  const destination = await resolveHost(host);
  if (destination.isUnspecified) throw new UsageError('connect needs a destination address, such as 10.0.0.9:5432');
  const source = flags.from === undefined ? undefined : sourceOf(flags.from, destination);
  if (flags.bound === true && source === undefined) throw new UsageError('--bound says that the source address is bound: give it with --from');
  return { kind: 'connect', connect: { destination, destinationPort: port, source, isBound: flags.bound === true, range: flags.range === undefined ? undefined : rangeOf(flags.range), device: flags.device } };
}

function sourceOf(text: string, destination: Address): Address {
  const source = Address.parse(text);
  if (source === undefined) throw new UsageError(`--from takes an IP address, not "${text}"`);
  if (source.isIpv4 !== destination.isIpv4) throw new UsageError(`${source.toString()} and ${destination.toString()} are of two address families`);
  return source;
}

function rangeOf(text: string): PortRange {
  const range = parsePortRange(text.replace('-', ' '));
  if (range === undefined) throw new UsageError(`--range takes two ports, such as 40000-40999, not "${text}"`);
  return range;
}

/** Ports of programs that write the port in another line than the error. */
const defaultPorts: ReadonlyMap<string | undefined, number> = new Map([
  ['MariaDB/MySQL', 3306],
  ['PostgreSQL', 5432],
]);

/** What a failure of a log asks of this host now; undefined when it is not about this host's ports, or does not say where. */
export async function questionOf(failure: LoggedFailure, flags: WhyFlags): Promise<Question | undefined> {
  const at = async (endpoint: LoggedEndpoint | undefined): Promise<Address | undefined> => {
    if (endpoint === undefined) return undefined;
    try {
      return await resolveHost(endpoint.host === 'localhost' ? '127.0.0.1' : endpoint.host);
    } catch {
      return undefined;
    }
  };
  switch (failure.cause) {
    case 'port-taken':
    case 'port-privileged':
    case 'address-not-local':
    case 'bind-pool-empty': {
      const needsPort = failure.cause === 'port-taken' || failure.cause === 'port-privileged';
      const usual = needsPort ? defaultPorts.get(failure.program) : undefined;
      const address = await at(failure.local ?? (usual === undefined ? undefined : { host: '', port: usual }));
      const port = failure.local?.port ?? (needsPort ? usual : 0);
      if (address !== undefined && port !== undefined && !(failure.cause === 'bind-pool-empty' && address.isUnspecified && failure.protocol !== 'udp')) {
        return { kind: 'bind', bind: { ...bindOf(address, failure.cause === 'bind-pool-empty' ? 0 : port, flags), protocol: failure.protocol ?? 'tcp' } };
      }
      const destination = await at(failure.remote);
      return failure.cause === 'bind-pool-empty' && destination !== undefined ? asConnect(destination, failure.remote, address, true) : undefined;
    }
    case 'no-free-port':
    case 'timed-out': {
      const destination = await at(failure.remote);
      const source = await at(failure.local);
      return destination === undefined || destination.isUnspecified ? undefined : asConnect(destination, failure.remote, source);
    }
    case 'udp-ports-empty':
      return { kind: 'bind', bind: { ...bindOf(Address.anyIpv4, 0, flags), protocol: 'udp' } };
    case 'ambiguous': {
      const mentioned = await at(failure.mentioned ?? failure.local ?? failure.remote);
      const port = (failure.mentioned ?? failure.local ?? failure.remote)?.port;
      if (mentioned === undefined || port === undefined) return undefined;
      return failure.errno === 'EADDRNOTAVAIL' && !mentioned.isUnspecified ? asConnect(mentioned, failure.mentioned ?? failure.remote, undefined) : { kind: 'bind', bind: bindOf(mentioned, port, flags) };
    }
    default:
      return undefined;
  }
}

function asConnect(destination: Address, endpoint: LoggedEndpoint | undefined, source: Address | undefined, isBound = false): Question | undefined {
  const port = endpoint?.port;
  if (port === undefined || port === 0) return undefined;
  const isUsable = source !== undefined && !source.isUnspecified && source.isIpv4 === destination.isIpv4;
  return { kind: 'connect', connect: { destination, destinationPort: port, source: isUsable ? source : undefined, isBound } };
}

/** Commands that ask about a failure that was not asked about: none where asking about ports would not help. */
export function furtherCommands({ cause, local, remote, mentioned }: LoggedFailure): readonly string[] {
  const where = (endpoint: LoggedEndpoint | undefined, unknown: string): string => (endpoint?.port === undefined ? unknown : loggedEndpointText(endpoint.host === '' ? { ...endpoint, host: '0.0.0.0' } : endpoint));
  switch (cause) {
    case 'port-taken':
    case 'port-privileged':
      return [`fourtuple why bind ${where(local, 'ADDR:PORT')}`];
    case 'bind-pool-empty':
      return [`fourtuple why connect ${where(remote, 'DST:PORT')} --from IP --bound`, 'fourtuple ports'];
    case 'no-free-port':
      return [`fourtuple why connect ${where(remote, 'DST:PORT')}`, 'fourtuple ports'];
    case 'ambiguous':
      return [`fourtuple why connect ${where(mentioned, 'DST:PORT')}`, `fourtuple why bind ${where(mentioned, 'ADDR:PORT')}`];
    default:
      return [];
  }
}
