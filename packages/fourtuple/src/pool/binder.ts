import type { Address } from '../model/index.ts';
import { ExplicitPorts } from './explicit-port.ts';
import { LateBinder } from './late-bind.ts';
import type { PortSettings } from './port-settings.ts';
import type { OwnPortRange } from './own-port-range.ts';
import { canHook, type TcpHandle } from './tcp-handle.ts';

/** A way to give a handle its source address. All results are 0, or a negative errno as libuv has it. */
export interface Binder {
  readonly mode: 'late-bind' | 'explicit-port';
  /** Whether a handle whose connect() found no port may be bound to the next source. */
  readonly canRebind: boolean;
  /** Whether {@link tcpState} knows. */
  readonly seesStates: boolean;
  /** Prepares a handle, once, before it is bound or connected. */
  open(handle: TcpHandle, family: 4 | 6): number;
  /** What the option localAddress asks for, before the destination is known. */
  bindOwn(handle: TcpHandle, family: 4 | 6, local: Address): number;
  /** @param family of the socket: an IPv4 address is mapped in one of IPv6 @param destination a name for it */
  bind(handle: TcpHandle, family: 4 | 6, source: Address, destination: string): number;
  /** Called for each connection that {@link bind} made possible, when it is closed. */
  closed(handle: TcpHandle, source: Address, destination: string): void;
  /** State of the connection as the kernel numbers it; undefined if it cannot be seen. */
  tcpState(handle: TcpHandle): number | undefined;
}

/** @returns the best way there is, and why it is not the best of all */
export function makeBinder(range: OwnPortRange, settings: PortSettings): [Binder | undefined, string | undefined] {
  if (process.platform !== 'linux') return [undefined, 'IP_BIND_ADDRESS_NO_PORT is of Linux'];
  if (!canHook()) return [undefined, 'the sockets of this Node.js have no handle that is known'];
  try {
    return [new LateBinder(range), undefined];
  } catch (error) {
    return [new ExplicitPorts(settings), error instanceof Error ? error.message : String(error)];
  }
}
