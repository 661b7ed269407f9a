import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { LineCutter, readLines } from './stdin-lines.ts';

const MAX_LINE = 1_048_576;
const folder = mkdtempSync(join(tmpdir(), 'fourtuple-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function linesOf(content: string | Buffer): Promise<string[]> {
  const path = join(folder, 'log');
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  const lines: string[] = [];
  try {
    await readLines((line) => lines.push(line), fd);
  } finally {
    closeSync(fd);
  }
  return lines;
}

describe('readLines', () => {
  it.each([
    ['', []],
    ['one', ['one']],
    ['one\n', ['one']],
    ['one\n\ntwo\n', ['one', '', 'two']],
    ['\n', ['']],
    ['über\nnaïve', ['über', 'naïve']],
  ])('%j', async (content, expected) => {
    expect(await linesOf(content)).toEqual(expected);
  });

  it('puts together what lies across two reads, characters too', async () => {
    const line = 'ü'.repeat(40_000);
    expect(await linesOf(`${line}\n${line}\nend`)).toEqual([line, line, 'end']);
  });

  it('cuts a line short that is none of a log, and goes on behind it', async () => {
    const lines = await linesOf(`${'x'.repeat(5_000_000)}\nafter\n`);
    expect(lines.map((line) => line.length)).toEqual([MAX_LINE, 5]);
    expect(lines[1]).toBe('after');
  });

  it('takes bytes that are no text', async () => {
    const lines = await linesOf(Buffer.from([0xff, 0xfe, 0x0a, 0x80, 0x0a]));
    expect(lines).toHaveLength(2);
  });
});

describe('LineCutter', () => {
  it('cuts the same, however the text is dealt out', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') }), { maxLength: 12 }), (pieces) => {
        const lines: string[] = [];
        const cutter = new LineCutter((line) => lines.push(line));
        for (const piece of pieces) cutter.add(piece);
        cutter.end();
        const expected = pieces.join('').split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(lines).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps no more of an endless line than a line may have', () => {
    let length = 0;
    const cutter = new LineCutter((line) => (length = line.length));
    const chunk = 'y'.repeat(65_536);
    const began = Date.now();
    for (let count = 0; count < 20_000; count++) cutter.add(chunk);
    cutter.end();
    expect(length).toBe(MAX_LINE);
    // A gigabyte of it: a fault would take minutes.
    expect(Date.now() - began).toBeLessThan(10_000);
  });
});
