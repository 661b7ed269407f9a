import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../model/index.ts';
import { CommandError, UsageError } from './errors.ts';

const GZIP = 0x1f8b;
/** How the header of every member that we write begins: deflate, no flags, no time, no level. */
const MEMBER = Buffer.from('1f8b08000000000000', 'hex');
const NEWLINE = 10;

/** Appends one snapshot to a recording: a line of JSON, in a gzip member of its own when the name ends in .gz. */
export function appendSnapshot(path: string, snapshot: Snapshot): number {
  const line = Buffer.from(`${encodeSnapshot(snapshot)}\n`, 'utf8');
  const isGzip = path.endsWith('.gz');
  const fd = openSync(path, 'a+', 0o600);
  try {
    // A line that a crash cut short must not swallow the next one.
    const bytes = isGzip ? gzipSync(line) : endsInsideLine(fd) ? Buffer.concat([Buffer.from('\n'), line]) : line;
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
    return bytes.length;
  } finally {
    closeSync(fd);
  }
}

function endsInsideLine(fd: number): boolean {
  const status = fstatSync(fd);
  if (!status.isFile() || status.size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, status.size - 1);
  return last[0] !== NEWLINE;
}

/** Each member by itself, so that one which a crash cut short spoils no other. */
function gunzipMembers(bytes: Buffer): string {
  const starts: number[] = [];
  for (let at = bytes.indexOf(MEMBER); at >= 0; at = bytes.indexOf(MEMBER, at + 1)) starts.push(at);
  // A file that another program compressed has one member and another header.
  if (starts[0] !== 0) return gunzipSync(bytes).toString('utf8');
  let failure: unknown;
  const texts = starts.map((start, index) => {
    try {
      return gunzipSync(bytes.subarray(start, starts[index + 1])).toString('utf8');
    } catch (error) {
      failure = error;
      return '';
    }
  });
  const text = texts.join('');
  if (text === '' && failure !== undefined) throw failure;
  return text;
}

/**
 * Reads one snapshot of a recording: the last, or the one that `at` names. A last line that a crash cut short is
 * skipped when there are whole ones before it.
 */
export function loadRecording(path: string, at?: string): Snapshot {
  const lines = linesOf(path);
  if (at === undefined) return decodeLast(lines);
  if (/^\d{1,9}$/.test(at)) {
    const line = lines[Number(at) - 1];
    if (line === undefined) throw new UsageError(`the recording has ${lines.length} snapshots: --at takes 1 to ${lines.length}`);
    return decodeSnapshot(line);
  }
  const moment = Date.parse(at);
  if (Number.isNaN(moment)) throw new UsageError(`--at takes the number of a snapshot or a time such as 2026-01-31T03:00:00Z, not "${at}"`);
  for (let index = lines.length - 1; index >= 0; index--) {
    const takenAt = /"takenAt":"([^"]+)"/.exec(lines[index]!.slice(0, 200))?.[1];
    if (takenAt !== undefined && Date.parse(takenAt) <= moment) return decodeSnapshot(lines[index]!);
  }
  throw new UsageError(`the recording has no snapshot at or before ${at}`);
}

function decodeLast(lines: readonly string[]): Snapshot {
  try {
    return decodeSnapshot(lines.at(-1)!);
  } catch (error) {
    if (lines.length > 1) return decodeSnapshot(lines.at(-2)!);
    throw error;
  }
}

/** Reads the snapshots of a recording one after the other; a last line that a crash cut short is left out. */
export function* loadSeries(path: string): Generator<Snapshot> {
  const lines = linesOf(path);
  for (const [index, line] of lines.entries()) {
    try {
      yield decodeSnapshot(line);
    } catch (error) {
      if (index === 0 || index < lines.length - 1) throw error;
    }
  }
}

function linesOf(path: string): string[] {
  const bytes = path === '-' ? readFileSync(0) : readFileSync(path);
  let text: string;
  try {
    text = bytes.length >= 2 && bytes.readUInt16BE(0) === GZIP ? gunzipMembers(bytes) : bytes.toString('utf8');
  } catch (error) {
    throw new CommandError(`${path} is a damaged gzip file (${(error as Error).message}).`, 'Use another recording.');
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new CommandError(`${path} is empty.`, 'Write a recording with "fourtuple record FILE".');
  return lines;
}
