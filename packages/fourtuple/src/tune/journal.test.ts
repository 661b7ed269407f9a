import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TuneError } from './error.ts';
import { isOpen, newId, recordedFile, recordFile, transactionsOf, TuneJournal, type Begin, type TuneEntry } from './journal.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-tune-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = '2026-01-31T03:00:00.000Z';
const begin = (id: string, fields: Partial<Begin> = {}): Begin => ({ phase: 'begin', id, at, boot: 'b', namespace: { inode: 7, name: 'host', cookie: '1', initial: true }, live: true, keys: [{ key: 'net.ipv4.tcp_tw_reuse', old: '2', new: '1' }], file: null, ...fields });
const further = (phase: Exclude<TuneEntry['phase'], 'begin'>, id: string): TuneEntry => ({ phase, id, at });
const journal = (): TuneJournal => new TuneJournal(join(folder, 'a/b/tune.jsonl'));

describe('TuneJournal', () => {
  it('keeps lines in a file and a folder that others cannot read', () => {
    journal().append(begin('1'));
    journal().append(further('done', '1'));
    expect(journal().transactions()).toMatchObject([{ id: '1', last: 'done', keys: [{ old: '2' }] }]);
    expect([statSync(journal().path).mode & 0o777, statSync(join(folder, 'a/b')).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it('passes over a line that a crash cut short, and does not let it swallow the next one', () => {
    journal().append(begin('1'));
    appendFileSync(journal().path, JSON.stringify(begin('2')).slice(0, -1));
    journal().append(further('done', '1'));
    expect(journal().transactions().map(({ id, last }) => [id, last])).toEqual([['1', 'done']]);
  });

  it('passes over what it does not know, and keeps it', () => {
    journal().append(begin('1'));
    const future = '{"phase":"pinned","id":"1","at":"x"}\nnull\n[]\n{"phase":"begin","id":"3","at":"x"}\n{"phase":"done","id":"9","at":"x"}\n';
    appendFileSync(journal().path, future);
    journal().append({ ...begin('2'), colour: 'blue' } as Begin);
    expect(journal().transactions().map(({ id, last }) => [id, last])).toEqual([['1', 'begin'], ['2', 'begin']]);
    expect(readFileSync(journal().path, 'utf8')).toContain(future);
    expect(journal().transactions()[1]).toMatchObject({ colour: 'blue' });
  });

  it.each(['/dev/full', '/proc/nowhere/tune', '/dev/null/tune'])('%s cannot be written, and says so', (path) => {
    expect(() => new TuneJournal(path).append(begin('1'))).toThrow(TuneError);
    expect(() => new TuneJournal(path).append(begin('1'))).toThrow(new RegExp(`The journal ${path} cannot be written \\(E`));
  });

  it('is empty where there is none; what cannot be read is told', () => {
    expect(new TuneJournal(join(folder, 'none')).transactions()).toEqual([]);
    writeFileSync(join(folder, 'empty'), '');
    expect(new TuneJournal(join(folder, 'empty')).transactions()).toEqual([]);
    expect(() => new TuneJournal(folder).transactions()).toThrow(/cannot be read \(EISDIR/);
  });
});

describe('transactionsOf', () => {
  it('takes the last thing that was written of each, in the order of their beginnings', () => {
    const entries = [begin('1'), further('done', '1'), begin('2'), further('undo-begin', '1'), further('done', '2'), further('undone', '1'), begin('3'), further('rolled-back', '3'), begin('4')];
    const transactions = transactionsOf(entries);
    expect(transactions.map(({ id, last }) => [id, last])).toEqual([['1', 'undone'], ['2', 'done'], ['3', 'rolled-back'], ['4', 'begin']]);
    expect(transactions.filter(isOpen).map(({ id }) => id)).toEqual(['2', '4']);
  });
});

describe('files in the journal', () => {
  it.each([['text', Buffer.from('a = 1\n')], ['nothing', Buffer.alloc(0)], ['bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0x00, 0x0a])], ['a byte order mark', Buffer.from('\ufeffa = ü\r\n')]])('%s comes back byte by byte', (_, bytes) => {
    const file = { bytes, mode: 0o640, uid: 3, gid: 4 };
    expect(recordedFile(JSON.parse(JSON.stringify(recordFile(file))) as ReturnType<typeof recordFile>)).toEqual(file);
  });
});

describe('newId', () => {
  it('is the time, and never one that is there', () => {
    const now = new Date('2026-01-31T03:04:05.678Z');
    expect(newId(now, [])).toBe('20260131-030405');
    expect(newId(now, [{ id: '20260131-030405' }])).toBe('20260131-030405-2');
    expect(newId(now, [{ id: '20260131-030405' }, { id: '20260131-030405-2' }])).toBe('20260131-030405-3');
  });
});
