import type { PortRange, PortSet } from '../model/index.ts';
import type { BindBucket } from './bucket.ts';
import { agreed, ruleEachWay } from './certainty.ts';
import type { Clause, Ruling } from './clause.ts';
import { and, isListening, not, or, sameUser, type LawHolder, type PortSocket, type Truth } from './holder.ts';
import { meets } from './overlap.ts';

/** The settings of a namespace that decide about a bind(). */
export interface BindRules {
  readonly localPortRange: PortRange;
  readonly reservedPorts: PortSet;
  /** net.ipv4.ip_autobind_reuse */
  readonly autobindReuse: boolean;
  /** net.ipv4.ip_unprivileged_port_start */
  readonly unprivilegedPortStart: number;
}

/** bind(address, port) with the flags that the socket has by then. */
export interface BindOperation extends PortSocket {
  /** 0: the kernel chooses. */
  readonly port: number;
  /** The address is on an interface of the namespace, a wildcard, or may be bound all the same (IP_FREEBIND and its like). */
  readonly isLocalAddress: boolean;
  /** CAP_NET_BIND_SERVICE in the namespace's user namespace. */
  readonly isPrivileged: boolean;
}

/**
 * What bind(address, port) does (`__inet_bind`, then `inet_csk_get_port` or `udp_lib_get_port`).
 * @param holders of the port, in the order in which they came to it where that is known.
 * @param bucket what the kernel remembers of the port, where that is known.
 */
export function ruleBind<H extends LawHolder>(operation: BindOperation, holders: readonly H[], rules: BindRules, bucket?: BindBucket): Ruling<H> {
  const isForbidden = operation.port < rules.unprivilegedPortStart && !operation.isPrivileged;
  // IPv6 asks about the privilege first, IPv4 about the address.
  if (isForbidden && operation.isIpv6Socket) return failure('EACCES', 'port-privileged');
  const isRefused = isMappedOnV6Only(operation);
  if (isRefused === true) return failure('EINVAL', 'mapped-on-v6only');
  if (isRefused === undefined) return { ...failure<H>('EINVAL', 'mapped-on-v6only'), outcome: 'unknown' };
  if (!operation.isLocalAddress) return failure('EADDRNOTAVAIL', 'address-not-local');
  if (isForbidden) return failure('EACCES', 'port-privileged');
  const rule = (socket: PortSocket): Ruling<H> => (socket.protocol === 'udp' ? ruleUdpBind(socket, holders) : ruleTcpBind({ ...socket, v6Only: v6OnlyAfterBind(socket) }, holders, bucket));
  return ruleEachWay(operation, () => usersOf(holders, bucket), rule);
}

/**
 * What listen() does to a socket that has its port: the same check once more (`inet_csk_listen_start`).
 * @param others on the port, the socket itself left out.
 */
export function ruleListen<H extends LawHolder>(socket: PortSocket, others: readonly H[], bucket?: BindBucket): Ruling<H> {
  return ruleEachWay(socket, () => usersOf(others, bucket), (one) => ruleTcpBind(one, others, bucket));
}

function usersOf(holders: readonly LawHolder[], bucket: BindBucket | undefined): (number | undefined)[] {
  return [...holders.map(({ uid }) => uid), bucket?.user];
}

/** An IPv4-mapped address for a socket that is IPv6 only. */
export function isMappedOnV6Only({ address, isIpv6Socket, v6Only }: PortSocket): Truth {
  return and(isIpv6Socket, address.isIpv4, v6Only);
}

/** bind() to an IPv6 address of the socket's own makes it IPv6 only (`__inet6_bind`). */
export function v6OnlyAfterBind({ address, isIpv6Socket, v6Only }: PortSocket): Truth {
  return isIpv6Socket && !address.isIpv4 && !address.isUnspecified ? true : v6Only;
}

function ruleTcpBind<H extends LawHolder>(socket: PortSocket, holders: readonly H[], bucket: BindBucket | undefined): Ruling<H> {
  const isLetIn = bucket === undefined ? false : bucket.letsIn(socket);
  if (isLetIn === true) return { outcome: 'succeeds', errno: undefined, clause: 'bucket-lets-in', holders };
  const judged = holders.filter((holder) => holder.protocol === 'tcp').map((holder) => ({ holder, ...judge(socket, holder) }));
  const ruling = conclude(judged, 'EADDRINUSE', 'port-free');
  return isLetIn === undefined && ruling.outcome === 'fails' ? { ...ruling, outcome: 'unknown' } : ruling;
}

/** One holder's verdict: in the way, certainly, certainly not, or depending on what is not known. */
interface Judgement {
  readonly isInTheWay: Truth;
  readonly clause: Clause;
}

/** `inet_bind_conflict` with relax and reuseport_ok, as an explicit bind() and listen() call it. */
function judge(socket: PortSocket, holder: LawHolder): Judgement {
  const apart = judgeApart(socket, holder);
  if (apart !== undefined && apart.isInTheWay === false) return apart;
  const shared = or(reusesAddress(socket, holder), reusesPort(socket, holder));
  const isInTheWay = shared === true ? false : and(apart === undefined ? true : apart.isInTheWay, shared === undefined ? undefined : true);
  return { isInTheWay, clause: shared === true ? (reusesAddress(socket, holder) === true ? 'both-reuse-address' : 'both-reuse-port') : lacking(socket, holder) };
}

/** Undefined when the two certainly meet. */
function judgeApart(socket: PortSocket, holder: LawHolder): Judgement | undefined {
  const meet = meets(socket, holder, socket.protocol);
  if (meet === false) return { isInTheWay: false, clause: 'addresses-apart' };
  if (!devicesMeet(socket, holder)) return { isInTheWay: false, clause: 'devices-apart' };
  return meet === true ? undefined : { isInTheWay: undefined, clause: 'addresses-apart' };
}

export function devicesMeet(left: Pick<PortSocket, 'device'>, right: Pick<PortSocket, 'device'>): boolean {
  return left.device === 0 || right.device === 0 || left.device === right.device;
}

function reusesAddress(socket: PortSocket, holder: LawHolder): Truth {
  return and(socket.reuseAddress, holder.reuseAddress, !isListening(holder));
}

function reusesPort(socket: PortSocket, holder: LawHolder): Truth {
  return and(socket.reusePort, holder.reusePort, holder.isBucket || sameUser(socket, holder));
}

/** Which flag is wanting, for the sentence. */
function lacking(socket: PortSocket, holder: LawHolder): Clause {
  if (socket.reusePort === true && holder.reusePort === true && !holder.isBucket && sameUser(socket, holder) === false && (isListening(holder) || and(socket.reuseAddress, holder.reuseAddress) !== true)) return 'reuse-port-other-user';
  if (isListening(holder)) return 'holder-listens';
  if (socket.reuseAddress === true || (socket.reuseAddress === undefined && holder.reuseAddress === false)) return 'holder-lacks-reuse-address';
  return holder.reuseAddress === true ? 'new-lacks-reuse-address' : 'neither-reuses';
}

function conclude<H extends LawHolder>(judged: readonly (Judgement & { holder: H })[], errno: 'EADDRINUSE', otherwise: Clause): Ruling<H> {
  const blocking = judged.filter(({ isInTheWay }) => isInTheWay === true);
  if (blocking.length > 0) return { outcome: 'fails', errno, clause: gravest(blocking).clause, holders: blocking.map(({ holder }) => holder) };
  const unsure = judged.filter(({ isInTheWay }) => isInTheWay === undefined);
  if (unsure.length > 0) return { outcome: 'unknown', errno, clause: gravest(unsure).clause, holders: unsure.map(({ holder }) => holder) };
  // What was met and let pass is more telling than what was not met.
  const telling = judged.find(({ clause }) => clause === 'both-reuse-address' || clause === 'both-reuse-port') ?? judged[0];
  return { outcome: 'succeeds', errno: undefined, clause: telling?.clause ?? otherwise, holders: judged.map(({ holder }) => holder) };
}

/** A listener in the way is the plainest reason. */
function gravest<J extends Judgement>(judged: readonly J[]): J {
  return judged.find(({ clause }) => clause === 'holder-listens') ?? judged[0]!;
}

/** A socket where UDP's walk may come upon it. */
interface UdpStop<H> {
  readonly holder: H;
  readonly reusePort: Truth;
  /** It may stand here, or in the other place. */
  readonly isDoubtful: boolean;
}

/**
 * The order in which UDP's table has them: the youngest first, but IPv6 sockets with SO_REUSEPORT last
 * (`sk_add_node_rcu`). One of which SO_REUSEPORT is not known has two places, and in each the flag that puts it there.
 */
function udpWalk<H extends LawHolder>(holders: readonly H[]): UdpStop<H>[] {
  const places = holders.map((holder) => ({ holder, isLast: and(holder.isIpv6Socket, holder.reusePort) }));
  return [
    ...places.filter(({ isLast }) => isLast !== true).map(({ holder, isLast }) => ({ holder, reusePort: isLast === undefined ? false : holder.reusePort, isDoubtful: isLast === undefined })).toReversed(),
    ...places.filter(({ isLast }) => isLast !== false).map(({ holder }) => ({ holder, reusePort: true, isDoubtful: false })),
  ];
}

/**
 * UDP's walk ends at the first holder that it meets: one that shares by SO_REUSEPORT lets the new socket in whatever the
 * others say (`udp_lib_lport_inuse`).
 */
function ruleUdpBind<H extends LawHolder>(socket: PortSocket, holders: readonly H[]): Ruling<H> {
  const udp = holders.filter((holder) => holder.protocol === 'udp');
  const isReused = udp.some((holder) => meets(socket, holder, 'udp') === true && devicesMeet(socket, holder));
  const passed: Ruling<H> = { outcome: 'succeeds', errno: undefined, clause: udp.length === 0 ? 'port-free' : isReused ? 'both-reuse-address' : 'addresses-apart', holders: udp };
  const possible: Ruling<H>[] = [];
  for (const { holder, reusePort, isDoubtful } of udpWalk(udp)) {
    const isMet = and(meets(socket, holder, 'udp'), devicesMeet(socket, holder), or(not(socket.reuseAddress), not(holder.reuseAddress)));
    if (isMet === false) continue;
    const shares = and(socket.reusePort, reusePort, sameUser(socket, holder));
    if (shares !== true) possible.push({ outcome: 'fails', errno: 'EADDRINUSE', clause: 'udp-holder', holders: [holder] });
    if (shares !== false) possible.push({ outcome: 'succeeds', errno: undefined, clause: 'both-reuse-port', holders: [holder] });
    if (isMet === true && !isDoubtful) return agreed(possible as [Ruling<H>, ...Ruling<H>[]]);
  }
  return agreed([passed, ...possible]);
}

function failure<H>(errno: 'EADDRNOTAVAIL' | 'EACCES' | 'EINVAL', clause: Clause): Ruling<H> {
  return { outcome: 'fails', errno, clause, holders: [] };
}

/**
 * Whether bind(address, 0), or listen() without a port, passes over a port because of its holders
 * (`inet_csk_find_open_port`): anybody who meets the address, flags ignored. UDP minds the flags (`udp_lib_lport_inuse`).
 */
export function isPassedOver(socket: PortSocket, holders: readonly LawHolder[]): Truth {
  const own = holders.filter((holder) => holder.protocol === socket.protocol);
  if (socket.protocol === 'tcp') return or(...own.map((holder) => and(meets(socket, holder, 'tcp'), devicesMeet(socket, holder))));
  return or(
    ...own.map((holder) =>
      and(meets(socket, holder, 'udp'), devicesMeet(socket, holder), or(not(socket.reuseAddress), not(holder.reuseAddress)), not(and(socket.reusePort, holder.reusePort, sameUser(socket, holder)))),
    ),
  );
}

/** The second, relaxed pass of `inet_csk_find_open_port` under ip_autobind_reuse. */
export function isPassedOverRelaxed(socket: PortSocket, holders: readonly LawHolder[]): Truth {
  return or(
    ...holders
      .filter((holder) => holder.protocol === 'tcp')
      .map((holder) => and(meets(socket, holder, 'tcp'), devicesMeet(socket, holder), not(and(reusesAddress(socket, holder), not(reusesPort(socket, holder)))))),
  );
}
