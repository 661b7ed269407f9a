import { dirname } from 'node:path';
import { errnoOf } from '../kernel/index.ts';
import { causeText, TuneError } from './error.ts';

/** Why a key cannot be written. */
export function keyError(key: string, error: unknown): TuneError {
  const code = errnoOf(error);
  if (code === 'EROFS') return new TuneError(`${key} cannot be written, since /proc/sys is read-only here, as in most containers.`, 'Run it on the host, with --namespace.', error);
  if (code === 'EACCES' || code === 'EPERM') return new TuneError(`${key} cannot be written by this user (${code}).`, 'Run it as root.', error);
  return new TuneError(`${key} cannot be written (${causeText(error)}).`, '"fourtuple tune explain" tells what it takes.', error);
}

/** Why a file cannot be written. */
export function fileError(path: string, error: unknown): TuneError {
  const code = errnoOf(error);
  const instead = 'With --runtime only this kernel is changed, until the next boot; --file names another file.';
  if (code === 'EROFS') return new TuneError(`${path} cannot be written, since ${dirname(path)} is read-only (EROFS).`, instead, error);
  if (code === 'ENOENT') return new TuneError(`There is no folder ${dirname(path)}.`, `Make it, if anything reads it at boot. ${instead}`, error);
  if (code === 'EACCES' || code === 'EPERM') return new TuneError(`${path} cannot be written by this user (${code}).`, 'Run it as root.', error);
  return new TuneError(`${path} cannot be written (${causeText(error)}).`, instead, error);
}

/** A value within a sentence. */
export function shownValue(value: string): string {
  return value === '' ? '(empty)' : value.replaceAll(/\s+/g, ' ');
}
