import { endpointText, stateLabel, TcpState } from '../../model/index.ts';
import type { KnownHolder, PortHolder } from '../../usage/index.ts';
import { ownerText } from '../texts.ts';

/** Who holds a port and how, as the subject of a sentence. */
export function holderText({ seen }: KnownHolder): string {
  const connection = `${endpointText(seen.local, seen.localPort)} → ${endpointText(seen.remote, seen.remotePort)}`;
  if (seen.protocol === 'udp') return `a UDP socket of ${whose(seen)} on ${endpointText(seen.local, seen.localPort)}`;
  if (seen.stateNumber === TcpState.listen) return `${whose(seen)} listens on ${endpointText(seen.local, seen.localPort)}`;
  if (seen.stateNumber === TcpState.boundInactive) return `a socket of ${whose(seen)} that is bound to ${endpointText(seen.local, seen.localPort)} and does nothing`;
  if (seen.isBucket) return `${seen.stateNumber === TcpState.timeWait ? 'a TIME_WAIT' : 'a closed connection in FIN_WAIT2'} (${connection}, ${secondsLeft(seen)} left)`;
  const kind = seen.kind === 'explicit' && seen.evidence === 'accepted' ? 'an accepted connection' : 'a connection';
  return `${kind} of ${whose(seen)} (${connection}, ${stateLabel(seen.stateNumber)})`;
}

/** Who it is that holds it. */
export function whose(seen: PortHolder): string {
  if (seen.owner !== undefined) return ownerText(seen.owner);
  if (seen.place !== undefined) return `an unnamed process in ${seen.place}`;
  return seen.withoutProcess === undefined ? 'an unknown process' : `no process (${seen.withoutProcess})`;
}

export function secondsLeft(seen: PortHolder): string {
  return `${Math.max(0, Math.ceil(seen.timeWaitSecondsLeft ?? 0))} s`;
}
