import fc from 'fast-check';
import type { BindOperation, LawHolder, PortSocket, Ruling, Truth } from '../../src/law/index.ts';
import { Address, TcpState } from '../../src/model/index.ts';

export function addressOf(text: string): Address {
  const address = Address.parse(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address;
}

/** `A` an address of an AF_INET socket, `A/6` of one that is dual-stack, `A/only` of one that is IPv6 only, `A/?` where that is not known. */
export function placeOf(text: string): Pick<PortSocket, 'address' | 'isIpv6Socket' | 'v6Only'> {
  const [address, kind] = text.split('/') as [string, string | undefined];
  return { address: addressOf(address), isIpv6Socket: kind !== undefined, v6Only: kind === '?' ? undefined : kind === 'only' };
}

/** `R` SO_REUSEADDR, `P` SO_REUSEPORT; small where it is not known. */
export function flagsOf(text: string): Pick<PortSocket, 'reuseAddress' | 'reusePort'> {
  const flag = (letter: string): Truth => (text.includes(letter.toLowerCase()) ? undefined : text.includes(letter));
  return { reuseAddress: flag('R'), reusePort: flag('P') };
}

export function askerAt(place: string, flags = '', fields: Partial<BindOperation> = {}): BindOperation {
  return { protocol: 'tcp', ...placeOf(place), ...flagsOf(flags), device: 0, uid: 0, port: 8080, isLocalAddress: true, isPrivileged: true, ...fields };
}

/** A bound socket, unless the fields say otherwise. */
export function holderAt(place: string, flags = '', fields: Partial<LawHolder> = {}): LawHolder {
  return { ...askerAt(place, flags), remote: Address.anyIpv4, remotePort: 0, state: TcpState.boundInactive, isBucket: false, isConnectChosen: false, ageMs: 0, hadTimestamps: true, ...fields };
}

export const listening: Partial<LawHolder> = { state: TcpState.listen };
export const timeWait: Partial<LawHolder> = { state: TcpState.timeWait, isBucket: true, uid: undefined };

/** A connection from a place to `address:port`; its port came by connect(). */
export function connectedAt(place: string, peer: string, flags = '', fields: Partial<LawHolder> = {}): LawHolder {
  const colon = peer.lastIndexOf(':');
  return holderAt(place, flags, { state: TcpState.established, isConnectChosen: true, remote: addressOf(peer.slice(0, colon)), remotePort: Number(peer.slice(colon + 1)), ...fields });
}

const places = ['0.0.0.0', '10.0.0.1', '10.0.0.2', '127.0.0.6', '::ffff:10.0.0.1/6', '::ffff:0.0.0.0/6', '::/6', '::/only', '::1/6', '::1/only', '2001:db8::1/6', '2001:db8::1/only'];
export const anyPlace: fc.Arbitrary<Pick<PortSocket, 'address' | 'isIpv6Socket' | 'v6Only'>> = fc.constantFrom(...places).map(placeOf);
const users = [0, 1000];
const device = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2) });

function anySocketOf(protocol: PortSocket['protocol']): fc.Arbitrary<PortSocket> {
  return fc.record({ place: anyPlace, device, uid: fc.constantFrom(...users), reuseAddress: fc.boolean(), reusePort: fc.boolean() }).map(({ place, ...others }) => ({ protocol, ...place, ...others }));
}

export function anyAsker(protocol: PortSocket['protocol']): fc.Arbitrary<BindOperation> {
  return anySocketOf(protocol).map((socket) => ({ ...socket, port: 8080, isLocalAddress: true, isPrivileged: true }));
}

const fates: Partial<LawHolder>[] = [
  {},
  listening,
  { state: TcpState.established, remote: addressOf('10.0.0.9'), remotePort: 443 },
  { state: TcpState.established, remote: addressOf('10.0.0.9'), remotePort: 443, isConnectChosen: true },
  { state: TcpState.timeWait, isBucket: true, remote: addressOf('10.0.0.9'), remotePort: 443, isConnectChosen: true, ageMs: 2000 },
];

/** Somebody on a port of whom everything is known. */
export function anyHolder(protocol: PortSocket['protocol']): fc.Arbitrary<LawHolder> {
  const fate = protocol === 'udp' ? fc.constant({ state: TcpState.close }) : fc.constantFrom(...fates);
  return fc.record({ socket: anySocketOf(protocol), fate, hadTimestamps: fc.boolean() }).map(({ socket, fate: fields, hadTimestamps }) => ({ ...holderAt('0.0.0.0'), ...socket, hadTimestamps, ...fields }));
}

/** What may be unknown of a socket. */
const gaps = ['v6Only', 'reuseAddress', 'reusePort', 'uid', 'isConnectChosen', 'hadTimestamps'] as const;
type Gap = (typeof gaps)[number];

/** At most five unknown fields; a socket is meant by its number, 0 the first. */
export const anyGaps: fc.Arbitrary<readonly { readonly of: number; readonly field: Gap }[]> = fc.array(fc.record({ of: fc.nat({ max: 3 }), field: fc.constantFrom(...gaps) }), { maxLength: 5 });

function canBeUnknown(socket: PortSocket, field: Gap): boolean {
  return field in socket && (field !== 'v6Only' || socket.isIpv6Socket);
}

/** The sockets with gaps, and every way in which those may be filled. */
export function withGaps<S extends readonly PortSocket[]>(sockets: S, where: readonly { readonly of: number; readonly field: Gap }[]): { readonly gapped: S; readonly filled: readonly S[] } {
  let gapped: readonly PortSocket[] = sockets;
  let filled: readonly (readonly PortSocket[])[] = [sockets];
  const replaced = (all: readonly PortSocket[], of: number, field: Gap, value: unknown): readonly PortSocket[] => all.map((socket, index) => (index === of ? { ...socket, [field]: value } : socket));
  for (const { of, field } of where) {
    const socket = gapped[of];
    if (socket === undefined || !canBeUnknown(socket, field)) continue;
    gapped = replaced(gapped, of, field, undefined);
    // Bound to a mapped address a socket cannot be IPv6 only; one that asks for such an address may be.
    const values = field === 'uid' ? [...users, 2000] : field === 'v6Only' && socket.address.isIpv4 && 'remote' in socket ? [false] : [false, true];
    filled = filled.flatMap((all) => values.map((value) => replaced(all, of, field, value)));
  }
  return { gapped: gapped as unknown as S, filled: filled as unknown as readonly S[] };
}

/** What of a ruling a caller can be wrong about. */
export function resultOf({ outcome, errno }: Ruling): string {
  return outcome === 'fails' ? errno! : outcome;
}

/**
 * Why a ruling on what is partly unknown cannot stand beside the rulings on every way of filling the gaps: certain where
 * they differ, or unknown where they agree.
 */
export function objectionTo(ruling: Ruling, filled: readonly Ruling[]): string | undefined {
  const results = new Set(filled.map(resultOf));
  const expected = results.size === 1 ? [...results][0] : 'unknown';
  return resultOf(ruling) === expected ? undefined : `${resultOf(ruling)} (${ruling.clause}), but filled: ${[...results].join(', ')}`;
}
