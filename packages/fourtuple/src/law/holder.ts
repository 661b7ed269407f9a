import { TcpState, type Address, type ProtocolName } from '../model/index.ts';

/** Flags and place of a socket, as the port law sees it. Undefined: not known. */
export interface PortSocket {
  readonly protocol: ProtocolName;
  readonly address: Address;
  /** AF_INET6; an IPv4 address is then a mapped one. */
  readonly isIpv6Socket: boolean;
  readonly v6Only: boolean | undefined;
  /** Interface of SO_BINDTODEVICE, 0 for none. */
  readonly device: number;
  readonly uid: number | undefined;
  readonly reuseAddress: boolean | undefined;
  readonly reusePort: boolean | undefined;
}

/** Somebody on a local port. */
export interface LawHolder extends PortSocket {
  readonly port: number;
  /** One of TcpState; a UDP socket is `established` or `close`. */
  readonly state: number;
  /** A timewait bucket: TIME_WAIT, or an orphan's FIN_WAIT2. It has no user and no process. */
  readonly isBucket: boolean;
  /** Its port came by connect() alone: bind(), listen() and accept() make it explicit. */
  readonly isConnectChosen: boolean | undefined;
  /**
   * A listener accepted it. Its port is explicit while the listener, or anybody else who bound it, is there. When the last
   * of those leaves, the kernel forgets it where an outgoing connection had the port on this address first, whose bind
   * bucket the accepted one then shares (measured on Linux 6.18); else it stays explicit. Nothing tells which: leave it out
   * where it is known that none had.
   */
  readonly isAccepted?: boolean | undefined;
  readonly remote: Address;
  readonly remotePort: number;
  /** Of a TIME_WAIT: how long it has been one. */
  readonly ageMs: number;
  /** Of a bucket: whether its connection used TCP timestamps. */
  readonly hadTimestamps: boolean | undefined;
}

export function isListening(holder: LawHolder): boolean {
  return holder.protocol === 'tcp' && holder.state === TcpState.listen;
}

export function sameUser(left: Pick<PortSocket, 'uid'>, right: Pick<PortSocket, 'uid'>): Truth {
  return left.uid === undefined || right.uid === undefined ? undefined : left.uid === right.uid;
}

/** Known true, known false, or not known. */
export type Truth = boolean | undefined;

export function and(...truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

export function or(...truths: readonly Truth[]): Truth {
  if (truths.includes(true)) return true;
  return truths.includes(undefined) ? undefined : false;
}

export function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}
