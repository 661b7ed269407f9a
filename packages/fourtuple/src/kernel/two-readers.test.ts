import { mkdtempSync, openSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelError } from './errors.ts';
import { TwoReaders } from './two-readers.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-readers-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file whose every byte is its number. */
function fileOf(number: number, length: number): string {
  const path = join(folder, `${number}-${length}`);
  writeFileSync(path, Buffer.alloc(length, number));
  return path;
}

/** Those of files here; a thread that ends has some of its own for a while. */
function openDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

/** Reads files, and counts the bytes of each. */
function readAll(paths: readonly string[]): Map<number, number> {
  const readers = new TwoReaders();
  expect(readers.isReady()).toBe(true);
  const found = new Map<number, number>();
  const steps = readers.read(
    (index) => openSync(paths[index]!, 'r'),
    paths.length,
    (bytes, length) => {
      const number = bytes[0]!;
      expect(bytes.subarray(0, length).every((byte) => byte === number)).toBe(true);
      found.set(number, (found.get(number) ?? 0) + length);
    },
  );
  while (steps.next().done !== true);
  return found;
}

describe('TwoReaders', () => {
  it.each([0, 1, 2, 9, 100])('read %d files whole, and close them', (count) => {
    const lengths = Array.from({ length: count }, (_, index) => [index + 1, 1 + ((index * 77_777) % 400_000)] as const);
    const paths = lengths.map(([number, length]) => fileOf(number, length));
    expect([...readAll(paths)].sort(([left], [right]) => left - right)).toEqual(lengths.map(([number, length]) => [number, length]));
    expect(openDescriptors()).toBe(0);
  });

  it('end where hundreds of files have nothing in them, time and again', { timeout: 30_000 }, () => {
    const empty = fileOf(1, 0);
    const paths = Array.from({ length: 500 }, (_, index) => (index % 100 === 7 ? fileOf(2, 1000) : empty));
    for (let round = 0; round < 10; round++) expect(readAll(paths)).toEqual(new Map([[2, 5000]]));
  });

  it('of one file is read by the thread alone, in order', () => {
    const path = join(folder, 'numbers');
    const numbers = Int32Array.from({ length: 300_000 }, (_, index) => index);
    writeFileSync(path, new Uint8Array(numbers.buffer));
    const readers = new TwoReaders();
    expect(readers.isReady()).toBe(true);
    const pieces: Uint8Array[] = [];
    const steps = readers.read(() => openSync(path, 'r'), 1, (bytes, length) => pieces.push(bytes.slice(0, length)));
    while (steps.next().done !== true);
    expect(Buffer.concat(pieces).equals(Buffer.from(numbers.buffer))).toBe(true);
  });

  it.each([1, 5])('tell what the kernel says, of %d descriptors, and close them', (count) => {
    const readers = new TwoReaders();
    expect(readers.isReady()).toBe(true);
    // A folder cannot be read as a file.
    const steps = readers.read(() => openSync(folder, 'r'), count, () => undefined);
    expect(() => {
      while (steps.next().done !== true);
    }).toThrow(/EISDIR/);
    expect(openDescriptors()).toBe(0);
  });

  it('tell an error of the thread as KernelError', () => {
    const readers = new TwoReaders();
    readers.isReady();
    const steps = readers.read(() => openSync(folder, 'r'), 1, () => undefined);
    expect(() => {
      while (steps.next().done !== true);
    }).toThrow(KernelError);
  });

  it('left in the middle, end the thread and close everything', () => {
    const readers = new TwoReaders();
    expect(readers.isReady()).toBe(true);
    const path = fileOf(7, 3_000_000);
    const steps = readers.read(() => openSync(path, 'r'), 20, () => undefined);
    steps.next();
    steps.next();
    steps.return(undefined);
    expect(openDescriptors()).toBe(0);
  });

  it('closed without anything to read, end the thread, once or twice', () => {
    const readers = new TwoReaders();
    expect(readers.isReady()).toBe(true);
    readers.close();
    expect(() => readers.close()).not.toThrow();
  });
});
