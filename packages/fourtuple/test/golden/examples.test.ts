import { run } from '@stricli/core';
import { describe, expect, it } from 'vitest';
import { makeApplication } from '../../src/cli/app.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { filterLanguage } from '../../src/cli/filter-language.ts';
import type { Target } from '../../src/cli/reference.ts';
import { parseFilter } from '../../src/filter/index.ts';
import { stateGroups } from '../../src/model/index.ts';
import { commandReferences } from './run-cli.ts';

/** The same commands, which do nothing once their arguments are understood. */
function idle<T extends Target>(target: T): T {
  if ('parameters' in target) return { ...target, loader: async () => () => undefined };
  return { ...target, getRoutingTargetForInput: (input: string) => idle(target.getRoutingTargetForInput(input)!) };
}

/** Words of a shell's line up to a pipe or a redirection. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const end = words.findIndex((word) => ['|', '>', '>>', '<'].includes(word));
  return end < 0 ? words : words.slice(0, end);
}

describe('examples', () => {
  it.each(commandReferences.map(({ name, examples }) => ({ name, examples })))('$name has two to five', ({ examples }) => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    expect(examples.length).toBeLessThanOrEqual(5);
  });

  it.each(commandReferences.flatMap(({ examples }) => examples.map(({ line }) => line)))('%s is understood', async (line) => {
    const [program, ...inputs] = wordsOf(line);
    expect(program).toBe('fourtuple');
    const application = await makeApplication();
    let stderr = '';
    const context = { process: { stdout: { write: () => undefined }, stderr: { write: (text: string) => void (stderr += text) }, env: {} } } as unknown as CliContext;
    await run({ ...application, root: idle(application.root) }, inputs, context);
    expect({ stderr, exitCode: context.process.exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  it('of the filter language are understood by its parser', () => {
    const filters = commandReferences
      .filter(({ name }) => name === 'sockets')
      .flatMap(({ examples }) => examples.map(({ line }) => wordsOf(line).slice(2).filter((word) => !word.startsWith('--')).join(' ')));
    expect(filters.length).toBeGreaterThan(0);
    for (const filter of filters) expect(() => parseFilter(filter, { service: () => 1, device: () => 1, cgroup: () => 1 })).not.toThrow();
  });
});

describe('every command states its exit codes', () => {
  it.each(commandReferences)('$name', ({ exitCodes }) => {
    const codes = exitCodes.map(({ code }) => code);
    expect(codes).toEqual([...new Set(codes)].sort((left, right) => left - right));
    expect(codes).toContain(0);
    expect(codes).toContain(64);
    expect(exitCodes.every(({ meaning }) => meaning !== '')).toBe(true);
  });
});

describe('the description of the filter language', () => {
  const described = filterLanguage.map(({ term, meaning }) => `${term} ${meaning}`).join(' ');

  it('names every state, but for the synonyms of two', () => {
    const synonyms = new Set(['unconnected', 'listen']);
    expect(Object.keys(stateGroups).filter((name) => !synonyms.has(name) && !described.includes(name))).toEqual([]);
  });

  it('says what the groups are', () => {
    const mask = (...names: string[]): number => names.reduce((bits, name) => bits | stateGroups[name]!, 0);
    const allBut = (...names: string[]): number => mask('all') & ~mask(...names);
    // Bit 0 is no state.
    expect(mask('connected')).toBe(allBut('closed', 'listening', 'bound-inactive') & ~1);
    expect(mask('synchronized')).toBe(mask('connected') & ~mask('syn-sent'));
    expect(mask('bucket')).toBe(mask('time-wait', 'syn-recv'));
    expect(mask('big')).toBe(allBut('time-wait', 'syn-recv', 'bound-inactive') & ~1);
  });
});
