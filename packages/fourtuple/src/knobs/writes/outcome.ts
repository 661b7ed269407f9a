/** What the kernel makes of a write to a key. */
export type WriteOutcome =
  /** Taken; `reads` is what stands in the file then, without its newline. */
  | { readonly kind: 'ok'; readonly reads: string }
  /** Taken, and not what somebody means who writes that. `why` is a clause without a full stop. */
  | { readonly kind: 'trap'; readonly reads: string; readonly why: string }
  /** EINVAL: what was there stands. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nothing is known of the key, or of this kind of value. */
  | { readonly kind: 'unknown' };

/** Text of another key now, as it reads; undefined where it is not known. */
export type KeyState = (key: string) => string | undefined;

/** How the kernel reads one key. @param text with what ends it: sysctl and echo add a newline */
export type Reader = (text: string, state: KeyState) => WriteOutcome;

export function refused(why: string): WriteOutcome {
  return { kind: 'refused', why };
}

/** A value that was read, with what is to be said of it, if anything. */
export function taken(reads: string, ...traps: readonly (string | undefined)[]): WriteOutcome {
  const why = traps.filter((trap) => trap !== undefined).join('; ');
  return why === '' ? { kind: 'ok', reads } : { kind: 'trap', reads, why };
}
