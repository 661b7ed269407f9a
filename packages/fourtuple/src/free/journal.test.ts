import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Deed } from './act.ts';
import { JournalError, journalPath, readJournal, writeJournal, type JournalEntry } from '../journal/index.ts';
import { recordDeeds } from './record.ts';
import { changedSockets } from './targets.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = '2026-01-31T03:00:00.000Z';
const entry = (fields: Partial<JournalEntry> = {}): JournalEntry => ({ at, command: ['free', 'time-wait'], phase: 'begin', namespace: 7, deeds: [{ what: '10.0.0.1:40000 → 10.0.0.9:443' }], ...fields });
const path = (): string => join(folder, 'a/b/journal.jsonl');
const lines = (): unknown[] => readFileSync(path(), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as unknown);

describe('journalPath', () => {
  it.each([
    [{}, true, '/var/lib/fourtuple/journal.jsonl'],
    [{ XDG_STATE_HOME: '/x' }, true, '/var/lib/fourtuple/journal.jsonl'],
    [{ XDG_STATE_HOME: '/x', HOME: '/h' }, false, '/x/fourtuple/journal.jsonl'],
    [{ HOME: '/h' }, false, '/h/.local/state/fourtuple/journal.jsonl'],
    [{}, false, '/tmp/.local/state/fourtuple/journal.jsonl'],
  ])('%j, root %s: %s', (env, isRoot, expected) => {
    expect(journalPath(env, isRoot)).toBe(expected);
  });
});

describe('writeJournal', () => {
  it('appends a line of JSON, in a file and folder that others cannot read', () => {
    writeJournal(path(), entry());
    writeJournal(path(), entry({ phase: 'end' }));
    expect(lines()).toEqual([entry(), entry({ phase: 'end' })]);
    expect([statSync(path()).mode & 0o777, statSync(join(folder, 'a/b')).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it('is not swallowed by a line that a crash cut short', () => {
    writeJournal(path(), entry());
    appendFileSync(path(), '{"at":"2026');
    writeJournal(path(), entry({ phase: 'end' }));
    expect(readFileSync(path(), 'utf8').split('\n')).toHaveLength(4);
    expect(readJournal(path())).toEqual([entry(), entry({ phase: 'end' })]);
  });

  it('holds very many deeds in one line', () => {
    const deeds = Array.from({ length: 30_000 }, (_, index) => ({ what: `10.0.0.1:${index} → 10.0.0.9:443` }));
    writeJournal(path(), entry({ deeds }));
    expect(readJournal(path())[0]!.deeds).toHaveLength(30_000);
  });

  it.each(['/dev/full', '/proc/nowhere/journal', '/dev/null/journal'])('cannot be written to %s, and says so', (where) => {
    expect(() => writeJournal(where, entry())).toThrow(JournalError);
    expect(() => writeJournal(where, entry())).toThrow(new RegExp(`the journal ${where} cannot be written \\(E`));
  });

  it('a folder is no journal', () => {
    expect(() => writeJournal(folder, entry())).toThrow(JournalError);
  });
});

describe('readJournal', () => {
  it('passes over what is no entry', () => {
    writeFileSync(join(folder, 'x'), 'null\n[]\n{}\n{"command":1,"deeds":[]}\nxyz\n\n');
    expect(readJournal(join(folder, 'x'))).toEqual([]);
    expect(readJournal(join(folder, 'missing'))).toEqual([]);
  });
});

describe('recordDeeds', () => {
  const targets = ['one', 'two'];
  const done = (target: string): Deed<string> => ({ target, outcome: 'done' });
  const record = (where: string, act: () => readonly Deed<string>[]): ReturnType<typeof recordDeeds<string>> => recordDeeds(where, { command: ['free', 'connection'], namespace: 7 }, targets, (what) => ({ what }), () => new Date(at), act);

  it('writes before the act and after it', () => {
    let before: unknown;
    const { deeds, unwritten } = record(path(), () => {
      before = lines();
      return [done('one'), { target: 'two', outcome: 'gone' }];
    });
    expect(before).toEqual([{ at, command: ['free', 'connection'], namespace: 7, phase: 'begin', deeds: [{ what: 'one' }, { what: 'two' }] }]);
    expect(lines()[1]).toEqual({ at, command: ['free', 'connection'], namespace: 7, phase: 'end', deeds: [{ what: 'one', outcome: 'done' }, { what: 'two', outcome: 'gone' }] });
    expect([deeds.length, unwritten]).toEqual([2, undefined]);
  });

  it('does nothing that cannot be written down', () => {
    let acted = false;
    expect(() => record('/dev/full', () => ((acted = true), targets.map(done)))).toThrow(JournalError);
    expect(acted).toBe(false);
  });

  it('writes down that an act was refused, and tells the refusal', () => {
    const refusal = new Error('EPERM');
    expect(() =>
      record(path(), () => {
        throw refusal;
      }),
    ).toThrow(refusal);
    expect(lines()[1]).toMatchObject({ phase: 'end', deeds: [{ what: 'one', outcome: 'failed' }, { what: 'two', outcome: 'failed' }] });
  });

  it('an outcome that cannot be written down any more does not make the act undone', () => {
    const { deeds, unwritten } = record(path(), () => {
      rmSync(join(folder, 'a'), { recursive: true });
      writeFileSync(join(folder, 'a'), 'no folder any more');
      return targets.map(done);
    });
    expect(deeds).toHaveLength(2);
    expect(unwritten).toContain('cannot be written');
    expect(existsSync(path())).toBe(false);
  });
});

describe('changedSockets', () => {
  const beside = (inodes: readonly number[], fields: { undo?: boolean; port?: string; namespace?: number; outcome?: string; phase?: 'begin' | 'end' } = {}): void =>
    writeJournal(path(), { at, command: ['free', 'bind-beside', fields.port ?? '3306', ...(fields.undo === true ? ['--undo'] : [])], phase: fields.phase ?? 'end', namespace: fields.namespace ?? 7, deeds: inodes.map((inode) => ({ what: 'x', inode, outcome: fields.outcome ?? 'done' })) });

  it('are those that got SO_REUSEADDR, less those from which it was taken again', () => {
    beside([1, 2, 3]);
    beside([2], { undo: true });
    expect([...changedSockets(path(), 3306, 7)]).toEqual([1, 3]);
    beside([2]);
    expect(changedSockets(path(), 3306, 7)).toEqual(new Set([1, 2, 3]));
  });

  it('of this port and namespace, and only what was done', () => {
    beside([1], { port: '80' });
    beside([2], { namespace: 8 });
    beside([3], { outcome: 'failed' });
    beside([4], { phase: 'begin' });
    writeJournal(path(), entry({ phase: 'end', deeds: [{ what: 'x', inode: 5, outcome: 'done' }] }));
    expect([...changedSockets(path(), 3306, 7)]).toEqual([]);
    expect(changedSockets(join(folder, 'missing'), 3306, 7).size).toBe(0);
  });
});
