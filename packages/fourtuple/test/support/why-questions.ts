import type { CaseOptions } from '../../src/observe/index.ts';
import { inspectBind, inspectConnect } from '../../src/observe/index.ts';
import { answerBind, answerConnect, type Answer } from '../../src/diagnose/why/index.ts';
import { currentNamespace } from '../../src/kernel/index.ts';
import { Address, type PortRange } from '../../src/model/index.ts';
import type { BindQuestion, ConnectQuestion } from '../../src/usage/index.ts';
import { errnoName, ipv4Addresses, ipv6Addresses, OTHER_DEVICE, SERVER_PORTS, uids, type LawWorld, type WorldSpec } from './law-world.ts';
import type { Random } from './random.ts';
import { bindSocket, closeSocket, connectSocket, resetSocket } from './sockets.ts';

/** Something to ask `why` about. */
export type WhyQuestion = { readonly kind: 'bind'; readonly ask: BindQuestion } | { readonly kind: 'connect'; readonly ask: ConnectQuestion };

/** Draws a question about a world: every flag, its own ports and others, addresses that are here and one that is not. */
export function drawQuestion(random: Random, { range }: WorldSpec): WhyQuestion {
  const ipv6 = random.chance(0.35);
  const addressOf = (wild: number): Address => {
    if (random.chance(wild)) return ipv6 ? Address.anyIpv6 : Address.anyIpv4;
    if (random.chance(0.04)) return Address.parse(ipv6 ? '2001:db8::99' : '192.0.2.99')!;
    return Address.parse(random.pick<string>(ipv6 ? ipv6Addresses : ipv4Addresses))!;
  };
  const port = random.chance(0.7) ? random.between(range.low, range.high) : random.pick([...SERVER_PORTS, 5000, 5001]);
  if (random.chance(0.6)) {
    const device = random.chance(0.08) ? random.pick(['lo', OTHER_DEVICE]) : undefined;
    const uid = port > 5001 && random.chance(0.1) ? random.pick(uids) : undefined;
    return {
      kind: 'bind',
      ask: { protocol: random.chance(0.15) ? 'udp' : 'tcp', address: addressOf(0.35), port: random.chance(0.2) ? 0 : port, reuseAddress: random.chance(0.6), reusePort: random.chance(0.25), v6Only: ipv6 && random.chance(0.3), device, uid },
    };
  }
  const destination = Address.parse(random.pick<string>(ipv6 ? ipv6Addresses : ipv4Addresses))!;
  const source = random.chance(0.6) ? addressOf(0) : undefined;
  const low = random.between(range.low, range.high);
  const own: PortRange | undefined = random.chance(0.2) ? { low, high: random.between(low, range.high) } : undefined;
  return { kind: 'connect', ask: { destination, destinationPort: random.pick(SERVER_PORTS), source, isBound: source !== undefined && random.chance(0.3), ...(own === undefined ? {} : { range: own }), ...(random.chance(0.1) ? { device: 'lo' } : {}) } };
}

export function questionText({ kind, ask }: WhyQuestion): string {
  return `${kind} ${JSON.stringify(ask, (_, value: unknown) => (value instanceof Address ? value.toString() : value))}`;
}

/** What the library answers, as the command line would. */
export async function askWhy({ kind, ask }: WhyQuestion, probes: CaseOptions['probes']): Promise<Answer> {
  const options = { probes, source: 'auto' } as const;
  if (kind === 'bind') return answerBind(inspectBind(ask, currentNamespace(), options));
  return answerConnect(await inspectConnect(ask, currentNamespace(), options, { now: () => new Date(), pause: () => Promise.resolve() }));
}

/** Does it for real and takes it back. @returns 0 or the errno. */
export function doIt(world: LawWorld, { kind, ask }: WhyQuestion): number {
  const device = (ask.device ?? '') as '';
  if (kind === 'bind') {
    const ipv6 = !ask.address.isIpv4;
    const fd = world.make({ ipv6, udp: ask.protocol === 'udp', reuseAddress: ask.reuseAddress, reusePort: ask.reusePort, v6Only: ask.v6Only, device, uid: ask.uid ?? 0 });
    const errno = bindSocket(fd, ask.address, ask.port, ipv6);
    closeSocket(fd);
    return errno;
  }
  const ipv6 = !ask.destination.isIpv4;
  const fd = world.make({ ipv6, reuseAddress: ask.isBound, reusePort: false, v6Only: false, device, uid: 0 }, { noPort: !ask.isBound, ...(ask.range === undefined ? {} : { range: ask.range }) });
  const bound = ask.source === undefined ? 0 : bindSocket(fd, ask.source, 0, ipv6);
  const errno = bound === 0 ? connectSocket(fd, ask.destination, ask.destinationPort, ipv6) : bound;
  if (errno !== 0) {
    closeSocket(fd);
    return errno;
  }
  const server = world.acceptOne(ask.destinationPort);
  resetSocket(fd);
  closeSocket(server);
  return 0;
}

/**
 * What is wrong with an answer, given what the kernel did; empty when nothing is.
 * @param isErrnoOpen it may fail with another errno: whether an address is here was not asked.
 */
export function faultOf(answer: Answer, errno: number, isErrnoOpen = false): string {
  const told = answer.verdict === 'fails' ? answer.errno : answer.verdict === 'succeeds' ? 'ok' : errnoName(errno);
  if (answer.disagreement !== undefined) return `reports a disagreement: ${answer.disagreement}`;
  if (isErrnoOpen && answer.verdict === 'fails' && errno !== 0) return '';
  return told === errnoName(errno) ? '' : `says ${told}, the kernel did ${errnoName(errno)} (${answer.title})`;
}
