/** What the kernel makes of a write to a key. */
export type WriteOutcome =
  /** Taken; `reads` is what stands in the file then, without its newline. */
  | { readonly kind: 'ok'; readonly reads: string }
  /** Taken, and not what somebody means who writes that. `why` is a clause without a full stop; a misread value is not even the one that was written. */
  | { readonly kind: 'trap'; readonly reads: string; readonly why: string; readonly isMisread: boolean }
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

/** Something to be said of a value that is taken. */
export interface Trap {
  readonly why: string;
  readonly isMisread: boolean;
}

export const misread = (why: string): Trap => ({ why, isMisread: true });
export const harmful = (why: string): Trap => ({ why, isMisread: false });

/** A value that was read, with what is to be said of it, if anything. */
export function taken(reads: string, ...traps: readonly (Trap | undefined)[]): WriteOutcome {
  const met = traps.filter((trap) => trap !== undefined);
  if (met.length === 0) return { kind: 'ok', reads };
  return { kind: 'trap', reads, why: met.map(({ why }) => why).join('; '), isMisread: met.some(({ isMisread }) => isMisread) };
}
