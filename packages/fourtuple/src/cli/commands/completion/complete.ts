import type { Application, InputCompletion, proposeCompletions } from '@stricli/core';
import { ExitCode, type CliContext } from '../../context.ts';
import { filterWords } from './filter-words.ts';
import { namespaceNames } from './namespace-names.ts';
import { withProposals } from './proposals.ts';

/** What the shell completes by itself: it knows ~, and how to quote. */
const FILES = ':files';

/** What `why` asks about. */
const operations: readonly string[] = ['bind', 'connect'];

interface Candidate {
  readonly value: string;
  readonly brief: string;
}

/**
 * Answers `fourtuple __complete WORD…`, the last word being the one to complete: a candidate a line, a tab and its
 * description after it; or `:files`. Whatever fails, the user sees only that nothing is completed.
 */
export async function complete(words: readonly string[], application: Application<CliContext>, propose: typeof proposeCompletions, context: CliContext): Promise<number> {
  const line = words.length === 0 ? [''] : words;
  try {
    const found = await candidatesFor(line, application, (target, inputs) => propose(target, inputs, context));
    const text = found === FILES ? [FILES] : found.map(({ value, brief }) => `${value}\t${brief}`);
    context.process.stdout.write(text.map((one) => `${one}\n`).join(''));
  } catch {
    // Nothing is the answer.
  }
  return ExitCode.done;
}

type Ask = (application: Application<CliContext>, inputs: readonly string[]) => Promise<readonly InputCompletion[]>;

async function candidatesFor(words: readonly string[], application: Application<CliContext>, ask: Ask): Promise<readonly Candidate[] | typeof FILES> {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  // --flag=value
  const joined = /^(--[a-z][\w-]*=)(.*)$/.exec(last);
  const prefix = joined?.[1] ?? '';
  const partial = joined?.[2] ?? last;
  const inputs = joined === null ? before : [...before, prefix.slice(0, -1)];
  let wantsFiles = false;
  const root = withProposals(application.root, (placeholder) => {
    wantsFiles ||= placeholder === 'FILE';
    return valuesOf(placeholder, inputs, partial);
  });
  const target = { ...application, root };
  const found: Candidate[] = [];
  const note = (completions: readonly InputCompletion[]): void => {
    for (const { kind, completion, brief } of completions) {
      if (completion === '--' || (joined !== null && kind !== 'argument:value') || found.some(({ value }) => value === completion)) continue;
      // Each value of a flag would repeat the flag's brief.
      found.push({ value: prefix + completion, brief: kind === 'argument:value' ? '' : brief });
    }
  };
  const isCheck = inputs[0]?.startsWith('-') === true;
  note(await ask(target, isCheck ? ['check', ...inputs, partial] : [...inputs, partial]));
  if (inputs.length === 0 && partial.startsWith('-')) note(await ask(target, ['check', partial]));
  if (wantsFiles && !partial.startsWith('-')) return FILES;
  // Flags are many: they are shown when asked for by a dash, or when there is nothing else.
  const others = found.filter(({ value }) => !value.startsWith('-'));
  return partial === '' && others.length > 0 ? others : found;
}

function valuesOf(placeholder: string, before: readonly string[], partial: string): readonly string[] {
  if (placeholder.startsWith('NAME|PID')) return namespaceNames();
  if (placeholder === 'FILTER') return filterWords(before, partial);
  if (placeholder === 'QUESTION') return before.some((word) => operations.includes(word)) ? [] : operations;
  // A placeholder in small letters names the values themselves.
  return /^[a-z]+(\|[a-z]+)+$/.test(placeholder) ? placeholder.split('|') : [];
}
