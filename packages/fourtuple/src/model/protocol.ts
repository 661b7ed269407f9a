/** Protocols with ports that fourtuple counts; the numbers are IANA's. */
export const Protocol = { tcp: 6, udp: 17 } as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];
export type ProtocolName = keyof typeof Protocol;

export function protocolName(protocol: number): ProtocolName {
  return protocol === Protocol.udp ? 'udp' : 'tcp';
}
