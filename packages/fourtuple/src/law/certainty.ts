import type { Ruling } from './clause.ts';
import type { LawHolder, PortSocket } from './holder.ts';

/** A user whom no holder has. */
const ANOTHER_USER = -1;

/** One ruling of several that may hold: what they say where they agree, unknown where they do not. */
export function agreed<H>(possible: readonly [Ruling<H>, ...Ruling<H>[]]): Ruling<H> {
  const [first] = possible;
  const holders = [...new Set(possible.flatMap((ruling) => ruling.holders))];
  if (possible.every(({ outcome, errno }) => outcome === first.outcome && errno === first.errno)) return { ...first, holders };
  return { ...possible.find(({ outcome }) => outcome !== 'succeeds')!, outcome: 'unknown', holders };
}

/**
 * What a rule says of a socket of which something is not known. Where the rule itself cannot tell, it is asked once for
 * every way in which the gaps may be filled: one unknown counts beside several holders, and may come to the same each way.
 * @param users of everybody whom the socket meets.
 */
export function ruleEachWay<S extends PortSocket, H extends LawHolder>(socket: S, users: () => Iterable<number | undefined>, rule: (socket: S) => Ruling<H>): Ruling<H> {
  const ruling = rule(socket);
  if (ruling.outcome !== 'unknown') return ruling;
  let ways: S[] = [socket];
  if (socket.isIpv6Socket && socket.v6Only === undefined) ways = [false, true].flatMap((v6Only) => ways.map((way) => ({ ...way, v6Only })));
  if (socket.reuseAddress === undefined) ways = [false, true].flatMap((reuseAddress) => ways.map((way) => ({ ...way, reuseAddress })));
  if (socket.reusePort === undefined) ways = [false, true].flatMap((reusePort) => ways.map((way) => ({ ...way, reusePort })));
  if (socket.uid === undefined) ways = [...new Set(users()).add(ANOTHER_USER)].flatMap((uid) => (uid === undefined ? [] : ways.map((way) => ({ ...way, uid }))));
  if (ways.length === 1) return ruling;
  const one = agreed(ways.map(rule) as [Ruling<H>, ...Ruling<H>[]]);
  return one.outcome === 'unknown' ? ruling : one;
}
