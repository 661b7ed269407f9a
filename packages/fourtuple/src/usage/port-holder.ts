import { TIME_WAIT_MS, type LawHolder } from '../law/index.ts';
import type { Address, NamespaceId, Owner, ProcessDetails, ProtocolName, Settings, SharingOptions, SocketDescriptor } from '../model/index.ts';
import { isGuess, type Evidence, type HolderKind } from './evidence.ts';

/** One socket on a local port. */
export interface PortHolder {
  readonly namespace: NamespaceId;
  readonly protocol: ProtocolName;
  readonly local: Address;
  readonly localPort: number;
  readonly remote: Address;
  readonly remotePort: number;
  readonly state: string;
  readonly stateNumber: number;
  /** A timewait bucket: TIME_WAIT, or an orphan's FIN_WAIT2. */
  readonly isBucket: boolean;
  readonly isIpv6Socket: boolean;
  /** IPV6_V6ONLY; undefined where the kernel does not tell (connected sockets) and the descriptor could not be asked. */
  readonly v6Only: boolean | undefined;
  /** Interface of SO_BINDTODEVICE, 0 for none. */
  readonly device: number;
  readonly inode: number;
  readonly uid: number | undefined;
  readonly kind: HolderKind;
  readonly evidence: Evidence;
  /** The first process that has it open. */
  readonly owner: Owner | undefined;
  readonly process: ProcessDetails | undefined;
  /** Further processes that have it open, by inheritance. */
  readonly sharedWith: readonly number[];
  /** Where it is open; undefined without a process. */
  readonly descriptor: SocketDescriptor | undefined;
  /** SO_REUSEADDR and SO_REUSEPORT, read from the descriptor itself. */
  readonly sharing: SharingOptions | undefined;
  /** Unit or container by the socket's cgroup, where no process is known. */
  readonly place: string | undefined;
  readonly user: string | undefined;
  /** Seconds that a TIME_WAIT (or an orphan's FIN_WAIT2) has left. */
  readonly timeWaitSecondsLeft: number | undefined;
  /** Why no process is shown, if none is. */
  readonly withoutProcess: string | undefined;
}

/** A holder as the port law wants it, and as people want to see it. */
export interface KnownHolder extends LawHolder {
  readonly seen: PortHolder;
}

/** What is known of a holder, in the law's terms; what is not known stays undefined. */
export function lawHolder(seen: PortHolder, settings: Pick<Settings, 'tcpTimestamps'>): KnownHolder {
  return {
    seen,
    protocol: seen.protocol,
    address: seen.local,
    port: seen.localPort,
    remote: seen.remote,
    remotePort: seen.remotePort,
    isIpv6Socket: seen.isIpv6Socket,
    v6Only: seen.v6Only,
    device: seen.device,
    uid: seen.uid,
    reuseAddress: seen.sharing?.reuseAddress,
    reusePort: seen.sharing?.reusePort,
    state: seen.stateNumber,
    isBucket: seen.isBucket,
    isConnectChosen: isGuess(seen.evidence) ? undefined : seen.kind === 'connect-chosen',
    isAccepted: seen.evidence === 'accepted',
    ageMs: seen.timeWaitSecondsLeft === undefined ? 0 : TIME_WAIT_MS - seen.timeWaitSecondsLeft * 1000,
    hadTimestamps: settings.tcpTimestamps,
  };
}
