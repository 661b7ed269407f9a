import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { because } from '../../../../test/support/because.ts';
import { findCommands } from './shell.ts';
import { shellLines } from './shell-commands.ts';
import { ShellWords } from './shell-words.ts';

const bash = spawnSync('bash', ['-c', 'echo "$BASH_VERSION"'], { encoding: 'utf8' });
const isMissing = bash.status !== 0;

/** No operators and expansions: bash is to print words, and to run nothing. */
const PIECES = ['a', 'b', '=', '%', '#', ' ', ' ', '\t', '"', '"', "'", "'", '\\', '\\\n', '\\\\', "$'", '\\n', '\\t', "\\'", '\\x41', '\\101', '"a b"', "'a b'", 'é', '\u{1f600}', '{', '}', '-', ',', '.', '/'];

/** The words of `printf` as bash has them; undefined for what it does not take. */
function wordsOfBash(args: string): string[] | undefined {
  const { status, stdout } = spawnSync('bash', ['--norc', '-c', `PATH=/nonexistent\nprintf '%s\\n\\1' x ${args}\nexit 0`], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  return status === 0 ? stdout.split('\n\u0001').slice(1, -1) : undefined;
}

describe('ShellWords', () => {
  it.skipIf(isMissing)(`splits words as bash does${because(isMissing ? 'no bash' : undefined)}`, () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }), (parts) => {
        const args = parts.join('');
        const words = wordsOfBash(args);
        fc.pre(words !== undefined);
        // Braces with commas are several words to bash; here they are none that is a key.
        fc.pre(!/\{.*[,.].*\}/s.test(args));
        expect(findCommands(`printf '%s\\n\\1' x ${args}\nexit 0`)[0]?.args.slice(2)).toEqual(words);
      }),
      { numRuns: 300 },
    );
  });

  it('knows where each character of a word stands', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', '\\a', '"', "'", '\\\n', "$'\\t'", '$x', '{{ y }}', ' ')), (parts) => {
        const text = parts.join('');
        for (const { commands } of shellLines(new ShellWords(text, 7))) {
          for (const word of commands.flatMap(({ words }) => words)) {
            let last = word.start;
            for (const [index, letter] of word.text.text.split('').entries()) {
              const { start, end } = word.text.span(index, index + 1);
              expect(last <= start && start < end && end <= word.end).toBe(true);
              last = end;
              const written = text.slice(start - 7, end - 7);
              expect(letter === '\t' ? '\\t' : letter === '\uffff' ? written : written.slice(-1)).toBe(letter === '\t' ? '\\t' : letter === '\uffff' ? written : letter);
            }
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
