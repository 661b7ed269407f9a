import { describe, expect, it } from 'vitest';
import { recordFile, type Transaction } from './journal.ts';
import { sightOf, type Eyes, type TransactionState } from './state.ts';
import type { StoredFile } from './stored-file.ts';

const KEY = 'net.ipv4.tcp_fin_timeout';
const OTHER = 'net.ipv4.tcp_tw_reuse';
const path = '/etc/sysctl.d/90-fourtuple.conf';
const stored = (text: string): StoredFile => ({ bytes: Buffer.from(text), mode: 0o644, uid: 0, gid: 0 });

const transaction = (fields: Partial<Transaction> = {}): Transaction => ({
  id: '1',
  at: '',
  boot: 'now',
  namespace: { inode: 7, name: 'host', cookie: '1', initial: true },
  live: true,
  keys: [{ key: KEY, old: '60', new: '30' }, { key: OTHER, old: '2', new: '1' }],
  file: { path, old: null, new: recordFile(stored('new')) },
  last: 'done',
  lastAt: '',
  why: undefined,
  ...fields,
});

const eyes = (values: readonly [string | undefined, string | undefined], file: string | undefined, fields: Partial<Eyes> = {}): Eyes => ({
  boot: 'now',
  place: 'here',
  live: (key) => (key === KEY ? values[0] : values[1]),
  file: () => (file === undefined ? undefined : stored(file)),
  isBusy: false,
  ...fields,
});

describe('the state of a transaction', () => {
  it.each<[string, Partial<Transaction>, Eyes, TransactionState]>([
    ['everything is as it was applied', {}, eyes(['30', '1'], 'new'), 'applied'],
    ['somebody changed a value', {}, eyes(['45', '1'], 'new'), 'drifted'],
    ['somebody set a value back', {}, eyes(['60', '1'], 'new'), 'drifted'],
    ['a key is gone', {}, eyes([undefined, '1'], 'new'), 'drifted'],
    ['somebody changed the file', {}, eyes(['30', '1'], 'newer'), 'drifted'],
    ['somebody took the file away', {}, eyes(['30', '1'], undefined), 'drifted'],
    ['without a file none is missed', { file: null }, eyes(['30', '1'], undefined), 'applied'],
    ['killed before anything', { last: 'begin' }, eyes(['60', '2'], undefined), 'interrupted'],
    ['killed in the middle', { last: 'begin' }, eyes(['30', '2'], undefined), 'interrupted'],
    ['killed before the last entry', { last: 'begin' }, eyes(['30', '1'], 'new'), 'interrupted'],
    ['at work', { last: 'begin' }, eyes(['30', '2'], undefined, { isBusy: true }), 'running'],
    ['done while another one is at work', {}, eyes(['30', '1'], 'new', { isBusy: true }), 'applied'],
    ['killed while it was undone', { last: 'undo-begin' }, eyes(['60', '1'], undefined), 'undo-interrupted'],
    ['undone, whatever came after', { last: 'undone' }, eyes(['45', '0'], 'x'), 'undone'],
    ['put back', { last: 'rolled-back' }, eyes(['60', '2'], undefined), 'rolled-back'],
    ['torn', { last: 'torn' }, eyes(['30', '2'], undefined), 'torn'],
    ['the namespace is gone', {}, eyes(['30', '1'], 'new', { place: 'gone' }), 'gone'],
    ['the namespace cannot be entered', {}, eyes(['30', '1'], 'new', { place: 'unknown' }), 'unknown'],
    ['undone, and its namespace is gone', { last: 'undone' }, eyes(['30', '1'], undefined, { place: 'gone' }), 'undone'],
    ['a reboot ended what had no file', { boot: 'before', file: null }, eyes(['60', '2'], undefined), 'lapsed'],
    ['a reboot ended what was interrupted without a file', { boot: 'before', file: null, last: 'begin' }, eyes(['60', '2'], undefined), 'lapsed'],
    ['after a reboot the file set it', { boot: 'before' }, eyes(['30', '1'], 'new'), 'applied'],
    ['after a reboot another file won', { boot: 'before' }, eyes(['60', '1'], 'new'), 'drifted'],
    ['only the file was meant', { live: false }, eyes(['60', '2'], 'new'), 'applied'],
    ['only the file was meant, before a reboot', { live: false, boot: 'before' }, eyes(['60', '2'], 'new'), 'drifted'],
  ])('%s', (_, fields, seen, expected) => {
    expect(sightOf(transaction(fields), [], seen).state).toBe(expected);
  });
});

describe('the parts of a transaction', () => {
  const parts = (one: Transaction, later: readonly Transaction[], seen: Eyes): unknown => {
    const { keys, file } = sightOf(one, later, seen);
    return [...keys.map(({ state, by }) => by ?? state), file?.by ?? file?.state];
  };

  it('are new, old, alike or something else', () => {
    const alike = transaction({ keys: [{ key: KEY, old: '30', new: '30' }, { key: OTHER, old: '2', new: '1' }] });
    expect(parts(alike, [], eyes(['30', '2'], undefined))).toEqual(['same', 'old', 'old']);
    expect(parts(alike, [], eyes(['31', '0'], 'x'))).toEqual(['other', 'other', 'other']);
    expect(parts(transaction(), [], eyes(['30', undefined], 'new'))).toEqual(['new', 'unreadable', 'new']);
    expect(parts(transaction(), [], eyes(['30', '1'], 'new', { file: () => 'unreadable' }))).toEqual(['new', 'new', 'unreadable']);
  });

  it('are of a later transaction that changed them again, unless that one is undone or of another namespace', () => {
    const later = transaction({ id: '2', keys: [{ key: KEY, old: '30', new: '20' }], file: { path, old: recordFile(stored('new')), new: recordFile(stored('newer')) } });
    const seen = eyes(['20', '1'], 'newer');
    expect(parts(transaction(), [later], seen)).toEqual(['2', 'new', '2']);
    expect(sightOf(transaction(), [later], seen).state).toBe('applied');
    expect(parts(transaction(), [{ ...later, last: 'undone' }], seen)).toEqual(['other', 'new', 'other']);
    // Files are of the host, whatever the namespace.
    expect(parts(transaction(), [{ ...later, namespace: { inode: 8, name: 'web', cookie: '2', initial: false } }], seen)).toEqual(['other', 'new', '2']);
    // What it has not reached yet is still ours.
    expect(parts(transaction(), [{ ...later, last: 'begin' }], eyes(['30', '1'], 'newer'))).toEqual(['new', 'new', '2']);
  });
});
