import { EXPANSION, joinedTexts, type CookedText } from './cooked-text.ts';
import { dottedKey, isPattern } from '../../files/key.ts';
import type { Invocation } from './shell-invocation.ts';
import type { ShellWord } from './shell-words.ts';
import type { CommandFlaw, Span } from '../statement.ts';

/** A setting in words of a command. */
export interface WrittenSetting {
  /** Dotted. */
  readonly key: string;
  readonly keyText: CookedText;
  readonly value: CookedText;
  /** From its first word to its last. */
  readonly span: Span;
  readonly flaw: CommandFlaw | undefined;
}

/** What a command line of sysctl sets; what it reads is not listed. */
export interface SysctlCall {
  readonly settings: readonly WrittenSetting[];
  /** True if there are no other words than settings and options. */
  readonly setsOnly: boolean;
  /** True for `-p -`: settings of standard input. */
  readonly readsInput: boolean;
}

const NUMBER = /^\d[\d,-]*$/;
const LOOKS_LIKE_KEY = /^-?[A-Za-z_][\w-]*[./]/;
const LONG_NOT_WRITING = /^--(?:all|deprecated|dry-run|pattern|load|system|help|version)(?:=|$)/;
const STANDARD_INPUT: ReadonlySet<string> = new Set(['-', '/dev/stdin', '/proc/self/fd/0']);

/** Reads the arguments of sysctl as procps does, options anywhere among them. */
export function sysctlCall({ args }: Invocation): SysctlCall {
  const words: ShellWord[] = [];
  let isWriting = true;
  let readsInput = false;
  let isLoading = false;
  let areOptionsOver = false;
  for (const word of args) {
    const { text } = word.text;
    if (areOptionsOver || !text.startsWith('-') || text === '-') words.push(word);
    else if (text === '--') areOptionsOver = true;
    else if (text.startsWith('--')) {
      if (LONG_NOT_WRITING.test(text)) isWriting = false;
      isLoading ||= text.startsWith('--load');
      readsInput ||= text.startsWith('--load=') && STANDARD_INPUT.has(text.slice('--load='.length));
    } else {
      if (/[aAXrhVd]|^-[a-zA-Z]*[pf]/.test(text)) isWriting = false;
      const file = /^-[A-Za-z]*?[pf](.*)$/s.exec(text)?.[1];
      isLoading ||= file !== undefined;
      readsInput ||= file !== undefined && STANDARD_INPUT.has(file);
    }
  }
  if (!isWriting) return { settings: [], setsOnly: false, readsInput: readsInput || (isLoading && words.some(({ text }) => STANDARD_INPUT.has(text.text))) };
  return { ...settingsOf(words), readsInput: false };
}

function settingsOf(words: readonly ShellWord[]): { readonly settings: readonly WrittenSetting[]; readonly setsOnly: boolean } {
  const settings: WrittenSetting[] = [];
  let setsOnly = true;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const equals = word.text.text.indexOf('=');
    const next = words[at + 1]?.text.text;
    let last = at;
    let found: WrittenSetting | undefined;
    if (equals > 0) {
      const isAlone = equals === word.text.text.length - 1 && word.isBare;
      last = isAlone ? lastOfValue(words, at + 1) : lastNumber(words, at + 1);
      const key = word.text.slice(0, equals);
      if (isAlone && last > at) found = setting(key, joinedWords(words.slice(at + 1, last + 1)), 'blanks-around-equals', word, words[last]!);
      else found = setting(key, word.text.slice(equals + 1), last > at && !isAlone ? 'value-not-quoted' : undefined, word, words[last]!);
    } else if (equals < 0 && next?.startsWith('=') === true) {
      last = lastOfValue(words, at + 2);
      const behind = words[at + 1]!;
      const values = next === '=' ? words.slice(at + 2, last + 1) : [{ ...behind, text: behind.text.slice(1) }, ...words.slice(at + 2, last + 1)];
      const value = values.length === 0 ? behind.text.slice(1) : joinedWords(values);
      found = setting(word.text, value, 'blanks-around-equals', word, words[last]!);
    }
    if (found === undefined) setsOnly = false;
    else settings.push(found);
    at = last;
  }
  return { settings, setsOnly };
}

/** The last of the words that belong to a value which blanks keep from its key. */
function lastOfValue(words: readonly ShellWord[], from: number): number {
  let last = from - 1;
  while (last + 1 < words.length && !LOOKS_LIKE_KEY.test(words[last + 1]!.text.text) && !words[last + 1]!.text.text.includes('=')) last++;
  return last;
}

function lastNumber(words: readonly ShellWord[], from: number): number {
  let last = from - 1;
  while (last + 1 < words.length && NUMBER.test(words[last + 1]!.text.text)) last++;
  return last;
}

function joinedWords(words: readonly ShellWord[]): CookedText {
  return joinedTexts(words.map(({ text }) => text));
}

function setting(key: CookedText, value: CookedText, flaw: CommandFlaw | undefined, first: ShellWord, last: ShellWord): WrittenSetting | undefined {
  const trimmed = key.trimmed();
  const keyText = trimmed.slice(trimmed.text.startsWith('-') ? 1 : 0);
  const dotted = writableKey(keyText.text);
  return dotted === undefined ? undefined : { key: dotted, keyText, value: value.trimmed(), flaw, span: { start: first.start, end: last.end } };
}

/** The value of an option such as `--sysctl`, which docker takes: `KEY=VALUE`. @param rest the words behind it */
export function optionSetting(text: CookedText, first: ShellWord, last: ShellWord, rest: readonly ShellWord[]): { readonly setting: WrittenSetting | undefined; readonly taken: number } {
  const equals = text.text.indexOf('=');
  const taken = equals > 0 ? lastNumber(rest, 0) + 1 : 0;
  const end = rest[taken - 1] ?? last;
  return { taken, setting: equals > 0 ? setting(text.slice(0, equals), text.slice(equals + 1), taken > 0 ? 'value-not-quoted' : undefined, first, end) : undefined };
}

/** A key as it is dotted; undefined for what is no key: a pattern, a variable, a word without dots and slashes. */
export function writableKey(text: string): string | undefined {
  return /[./]/.test(text) && !/[\s={}$]/.test(text) && !text.includes(EXPANSION) && !isPattern(text) && !/^[./]|[./]$/.test(text) ? dottedKey(text) : undefined;
}

/** A key by the file below /proc/sys, in whatever folder that is mounted. */
export function keyOfFile(file: CookedText): { readonly key: string; readonly keyText: CookedText } | undefined {
  const found = file.text.indexOf('/proc/sys/');
  const keyText = file.slice(found < 0 ? file.text.length : found + '/proc/sys/'.length);
  const key = writableKey(keyText.text);
  return key === undefined || found < 0 ? undefined : { key, keyText };
}
