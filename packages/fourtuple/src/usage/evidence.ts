/**
 * How it is known of what kind a port's holder is; always carried, so that inference is never shown as fact.
 * `kernel`: the bind bucket itself was read.
 */
export const evidences = ['listening', 'bound-idle', 'accepted', 'probed', 'kernel', 'no-port-flag', 'shared-port', 'inferred'] as const;
export type Evidence = (typeof evidences)[number];

/** What a holder does to other sockets on its port: the three kinds of the port law. */
export type HolderKind = 'listener' | 'explicit' | 'connect-chosen';

/** Position of an evidence in {@link evidences} plus one; 0 for a port without any. */
export function evidenceCode(evidence: Evidence): number {
  return evidences.indexOf(evidence) + 1;
}

export function evidenceOf(code: number): Evidence | undefined {
  return code === 0 ? undefined : evidences[code - 1];
}

/** Likely, not certain: several programs may bind one port with SO_REUSEADDR, each towards its own destination. */
export function isGuess(evidence: Evidence): boolean {
  return evidence === 'inferred' || evidence === 'shared-port';
}
