/** The text is not a snapshot, or one of another version, or damaged. */
export class SnapshotFormatError extends Error {
  override readonly name = 'SnapshotFormatError';
}
