import { errnoOf } from '../kernel/index.ts';

/** Something cannot be done: what, why, and what to do instead. Nothing was changed when it is thrown. */
export class TuneError extends Error {
  override readonly name = 'TuneError';
  readonly remedy: string;
  /** It takes root, or a capability. */
  readonly isNotPermitted: boolean;

  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.remedy = remedy;
    this.isNotPermitted = isForbidden(cause);
  }
}

/** A change that cannot be understood: no such key, no value. */
export class ChangeError extends Error {
  override readonly name = 'ChangeError';
  /** The key as it was written, where nothing is known of it. */
  readonly unknownKey: string | undefined;

  constructor(message: string, unknownKey?: string) {
    super(message);
    this.unknownKey = unknownKey;
  }
}

/** `EROFS: read-only file system`: what Node says, without the call and the path. */
export function causeText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+( '.*)?$/s, '');
}

function isForbidden(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'EACCES' || code === 'EPERM';
}
