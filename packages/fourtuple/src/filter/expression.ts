import type { Address } from '../model/index.ts';

/** A condition on one socket, as a tree. */
export type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | PortCondition
  | HostCondition
  /** No port was bound by number: the kernel's SOCK_BINDPORT_LOCK is not set. */
  | { readonly kind: 'autobound' }
  | { readonly kind: 'device'; readonly index: number }
  | { readonly kind: 'mark'; readonly mark: number; readonly mask: number }
  | { readonly kind: 'cgroup'; readonly id: number };

export interface PortCondition {
  readonly kind: 'port';
  readonly side: 'source' | 'destination';
  /** Inclusive. An empty range (low above high) matches nothing. */
  readonly low: number;
  readonly high: number;
}

export interface HostCondition {
  readonly kind: 'host';
  readonly side: 'source' | 'destination';
  /** Block of addresses; undefined when only the port counts. `ipv6` asks for AF_INET6 sockets by their 128 bits. */
  readonly block: { readonly family: 'ipv4' | 'ipv6'; readonly address: Address; readonly bits: number } | undefined;
  readonly port: number | undefined;
}

/** A whole filter: states, and an expression or none. */
export interface SocketFilter {
  /** Mask of state bits. */
  readonly states: number;
  readonly expression: Expression | undefined;
}
