/** Socket states as the kernel numbers them (include/net/tcp_states.h). UDP uses `established` and `close` alone. */
export const TcpState = {
  established: 1,
  synSent: 2,
  synRecv: 3,
  finWait1: 4,
  finWait2: 5,
  timeWait: 6,
  close: 7,
  closeWait: 8,
  lastAck: 9,
  listen: 10,
  closing: 11,
  newSynRecv: 12,
  /** Bound, neither listening nor connected; reported with state byte `close` (since Linux 6.8). */
  boundInactive: 13,
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];

const names: Readonly<Record<number, string>> = {
  1: 'established',
  2: 'syn-sent',
  3: 'syn-recv',
  4: 'fin-wait-1',
  5: 'fin-wait-2',
  6: 'time-wait',
  7: 'closed',
  8: 'close-wait',
  9: 'last-ack',
  10: 'listening',
  11: 'closing',
  12: 'syn-recv',
  13: 'bound-inactive',
};

/** The name ss's filters use, e.g. `time-wait`. */
export function stateName(state: number): string {
  return names[state] ?? `state-${state}`;
}

const short: Readonly<Record<number, string>> = {
  1: 'ESTAB',
  2: 'SYN-SENT',
  3: 'SYN-RECV',
  4: 'FIN-WAIT-1',
  5: 'FIN-WAIT-2',
  6: 'TIME-WAIT',
  7: 'UNCONN',
  8: 'CLOSE-WAIT',
  9: 'LAST-ACK',
  10: 'LISTEN',
  11: 'CLOSING',
  12: 'SYN-RECV',
  13: 'BOUND',
};

/** The label ss prints in its State column. */
export function stateLabel(state: number): string {
  return short[state] ?? `${state}`;
}

/** One bit a state, as `idiag_states` wants it (TCPF_*). */
export function stateBit(state: number): number {
  return 1 << state;
}

/** Every TCP state but bound-inactive; bit 12 is covered by bit 3. One bit more makes the kernel walk the bind table too. */
export const ALL_HASHED_STATES = 0xfff;
export const BOUND_INACTIVE_BIT: number = 1 << 13;

const bits = (...states: number[]): number => states.reduce((mask, state) => mask | (1 << state), 0);

/** Names accepted in filters, with the mask each stands for: single states, and ss's groups. */
export const stateGroups: Readonly<Record<string, number>> = {
  established: bits(1),
  'syn-sent': bits(2),
  'syn-recv': bits(3),
  'fin-wait-1': bits(4),
  'fin-wait-2': bits(5),
  'time-wait': bits(6),
  closed: bits(7),
  unconnected: bits(7),
  'close-wait': bits(8),
  'last-ack': bits(9),
  listening: bits(10),
  listen: bits(10),
  closing: bits(11),
  'bound-inactive': bits(13),
  all: ALL_HASHED_STATES | BOUND_INACTIVE_BIT,
  connected: ALL_HASHED_STATES & ~bits(0, 7, 10),
  synchronized: ALL_HASHED_STATES & ~bits(0, 7, 10, 2),
  bucket: bits(3, 6),
  big: ALL_HASHED_STATES & ~bits(0, 3, 6),
};
