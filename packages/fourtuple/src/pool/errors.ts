/** Source addresses that cannot be used. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code = 'ERR_FOURTUPLE_SOURCE';
}
