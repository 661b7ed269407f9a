import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LoggedCause, LoggedFailure } from './failure.ts';
import { recognizeLine } from './recognize.ts';

interface Expected {
  readonly cause: LoggedCause;
  readonly alternatives?: readonly LoggedCause[];
  readonly program?: string;
  readonly operation: string;
  readonly protocol?: string;
  readonly errno?: string;
  readonly local?: { readonly host: string; readonly port?: number };
  readonly remote?: { readonly host: string; readonly port?: number };
  readonly mentioned?: { readonly host: string; readonly port?: number };
}

interface Entry {
  readonly line: string;
  /** True when the line came from running that program. */
  readonly seen?: true;
  /** Undefined where the line must not be recognised at all. */
  readonly expect?: Expected;
}

const folder = new URL('../../../fixtures/log-lines/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const corpora = files.map((name) => ({ name, entries: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Entry[] }));
const corpus = corpora.flatMap(({ entries }) => entries);
const recognised = corpus.filter((entry) => entry.expect !== undefined);

/** Causes that send somebody to look at ports. */
const ofPorts = new Set<LoggedCause>(['port-taken', 'bind-pool-empty', 'no-free-port', 'udp-ports-empty', 'ambiguous']);

function verdict(failure: LoggedFailure | undefined): Expected | undefined {
  if (failure === undefined) return undefined;
  const { explanation: _, ...rest } = failure;
  return JSON.parse(JSON.stringify(rest)) as Expected;
}

describe('recognizeLine: the corpus', () => {
  for (const { name, entries } of corpora) {
    it.each(entries.map((entry) => [entry.line.slice(0, 120), entry] as const))(`${name}: %s`, (_, { line, expect: expected }) => {
      expect(verdict(recognizeLine(line))).toEqual(expected === undefined ? undefined : { alternatives: [], ...expected });
    });
  }

  it('is large, and real', () => {
    const about = recognised.filter(({ expect }) => ofPorts.has(expect!.cause));
    const others = corpus.filter(({ expect }) => expect === undefined || !ofPorts.has(expect.cause));
    expect(about.length).toBeGreaterThanOrEqual(60);
    expect(others.length).toBeGreaterThanOrEqual(30);
    expect(new Set(about.map(({ expect }) => expect!.program)).size).toBeGreaterThanOrEqual(20);
    expect(corpus.filter(({ seen }) => seen).length).toBeGreaterThanOrEqual(60);
  });

  it('has addresses of documentation and private networks only', () => {
    const allowed = /^(?:0|10|127|255)\.|^192\.0\.2\.|^198\.51\.100\.|^203\.0\.113\./;
    const addresses = corpus.flatMap(({ line }) => line.match(/(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])/g) ?? []);
    expect(addresses.filter((address) => !allowed.test(address))).toEqual([]);
    expect(corpus.filter(({ line }) => /\/(?:root|home|tmp|work)\//.test(line))).toEqual([]);
  });

  it('is explained in one sentence each, without a hole in it', () => {
    const explanations = recognised.map(({ line }) => recognizeLine(line)!.explanation);
    expect(explanations.filter((text) => !/^[A-Za-z][^\n]{20,700}[^.]\.$/.test(text) || /undefined|null| {2}|: :/.test(text))).toEqual([]);
  });
});

describe('recognizeLine: noise around a line', () => {
  const before = ['', '\u001b[31mERROR\u001b[0m ', 'Nov 25 09:56:25 host app[812]: ', '2026-11-25T09:56:25.123456+00:00 host app[812]: ', '2026-11-25T09:56:25.123456789Z stderr F ', 'web-1  | ', '0|app  | ', '<11>Nov 25 09:56:25 host app: ', '[12345.678901] ', 'level=error ts=2026-11-25T09:56:25Z msg='];
  const after = ['', '\u001b[0m', ' (retry 3 of 5)', '\r', ' request_id=7f3a'];

  it.each(recognised.map(({ line }) => [line.slice(0, 100), line] as const))('%s', (_, line) => {
    const alone = verdict(recognizeLine(line));
    for (const noisy of [...before.map((head) => `${head}${line}`), ...after.map((tail) => `${line}${tail}`)]) {
      expect({ noisy, verdict: verdict(recognizeLine(noisy)) }).toEqual({ noisy, verdict: alone });
    }
  });

  it('is the same inside the string of a JSON line, once and twice', () => {
    for (const { line } of recognised) {
      const alone = verdict(recognizeLine(line));
      const once = JSON.stringify({ log: `${line}\n`, stream: 'stderr' });
      const twice = JSON.stringify({ message: once });
      for (const wrapped of [once, twice]) expect({ wrapped, verdict: verdict(recognizeLine(wrapped)) }).toEqual({ wrapped, verdict: alone });
    }
  });

  it('finds the failure at the beginning and at the end of a line of a megabyte', () => {
    const filler = 'lorem ipsum '.repeat(90_000);
    const line = 'connect EADDRNOTAVAIL 10.0.0.9:5432 - Local (10.0.0.5:0)';
    expect(recognizeLine(`${line} ${filler}`)?.cause).toBe('no-free-port');
    expect(recognizeLine(`${filler} ${line}`)?.cause).toBe('no-free-port');
  });
});

describe('recognizeLine: hostile text', () => {
  /** Far more than any line needs, far less than a quadratic pattern takes for it. */
  const limitMs = 250;
  const timed = (line: string): number => {
    const start = performance.now();
    recognizeLine(line);
    return performance.now() - start;
  };

  it('stays linear on pieces of real lines, repeated to a megabyte', () => {
    const pieces = new Set(corpus.flatMap(({ line }) => [line, ...line.split(/(?<=[\s:(])/).slice(0, 40)]));
    const slow = [...pieces].filter((piece) => piece.length > 1 && timed(`EADDRNOTAVAIL ${piece.repeat(Math.ceil(20_000 / piece.length))}`) > limitMs);
    expect(slow).toEqual([]);
    expect(timed(`bind: address already in use ${' '.repeat(1 << 20)}`)).toBeLessThan(limitMs);
  });

  it.each(['a', ' ', ':', '.', '0', '/', '"', '[', '{', '(', "'", '\\', '\\"', '\\n', '\n', '\t', '\u001b[', '::', '1.', '1.1.1.1:', 'a-', '[::', 'at ', 'bind ', 'dial tcp ', "('", 'é', '\ud800'])('a megabyte of %j', (unit) => {
    const filler = unit.repeat(Math.ceil((1 << 20) / unit.length));
    for (const line of [filler, `connect: ${filler}`, `bind() to ${filler} EADDRINUSE`, `dial tcp ${filler}: connect: cannot assign requested address`, `${filler}Address already in use`]) {
      expect(timed(line)).toBeLessThan(limitMs);
    }
  });

  it('never throws, and answers with a whole failure, for any text', () => {
    const words = fc.constantFrom(...new Set(corpus.flatMap(({ line }) => line.split(/\s+/).slice(0, 60))));
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 2000 }), fc.array(words, { maxLength: 60 }).map((parts) => parts.join(' ')), fc.array(words, { maxLength: 30 }).map((parts) => parts.join('\n')));
    fc.assert(
      fc.property(text, (line) => {
        const failure = recognizeLine(line);
        if (failure === undefined) return;
        expect(failure.explanation.length).toBeGreaterThan(20);
        expect(failure.alternatives).not.toContain(failure.cause);
        const ports = [failure.local, failure.remote, failure.mentioned].flatMap((end) => end?.port ?? []);
        expect(ports.filter((port) => !Number.isInteger(port) || port < 0 || port > 65_535)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives the same answer twice: no rule keeps a state', () => {
    for (const { line } of corpus) expect(recognizeLine(line)).toEqual(recognizeLine(line));
  });
});

describe('recognizeLine: other languages and C libraries', () => {
  it.each([
    ['bash: connect: Die angeforderte Adresse kann nicht zugewiesen werden', 'no-free-port'],
    ['nc: bind: Адрес уже используется', 'port-taken'],
    ['nginx: [emerg] bind() to 0.0.0.0:80 failed (98: 地址已在使用)', 'port-taken'],
    ['wget: connect to 10.0.0.9:80: Address not available', 'no-free-port'],
  ])('%s', (line, cause) => {
    expect(recognizeLine(line)?.cause).toBe(cause);
  });
});

describe('recognizeLine: what is not a lack of ports must not become one', () => {
  const errnos = ['ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'EMFILE', 'ENOTFOUND'];
  it.each(errnos)('%s, in any words', (errno) => {
    for (const text of [`connect ${errno} 10.0.0.9:5432`, `${errno}: connection to database failed`, `Error: ${errno} while connecting to 10.0.0.9:98`, `[error] 99 ${errno} address`]) {
      const cause = recognizeLine(text)?.cause ?? 'not-about-ports';
      expect({ text, cause, ofPorts: ofPorts.has(cause) }).toEqual({ text, cause, ofPorts: false });
    }
  });

  it.each(['listening on port 98', 'took 99 ms to bind the address', 'GET /connect?address=98 200', 'user changed address: 99 Port Street', 'connected to 10.0.0.9:5432', '99 bottles', 'binding 98 parameters', ''])('%j is no failure', (line) => {
    expect(recognizeLine(line)).toBeUndefined();
  });
});
