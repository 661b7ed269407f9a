/** A spread that cannot be: what happened, and what to do. */
export class SpreadError extends Error {
  override readonly name = 'SpreadError';
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** Words that mean nothing: addresses, prefixes, ports. */
export class SpreadWordsError extends SpreadError {}

/** Exit code of a shell for what cannot be run: 127 where there is none, 126 for one that is no program. */
export class CommandNotRunError extends SpreadError {
  readonly exitCode: number;

  constructor(command: string, error: Error & { readonly code?: string }) {
    const isMissing = error.code === 'ENOENT';
    super(`The command "${command}" cannot be run (${error.code ?? error.message}).`, isMissing ? 'There is none of that name.' : 'It is no program, or not for this user to run.', { cause: error });
    this.exitCode = isMissing ? 127 : 126;
  }
}
