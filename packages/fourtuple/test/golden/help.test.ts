import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandReferences, runInProcess } from './run-cli.ts';
import { golden } from './golden.ts';

const goldenName = (command: string): string => `help-${command.replaceAll(' ', '-')}.txt`;

describe('help (UPDATE_GOLDEN=1 writes the golden files anew)', () => {
  it('of the program', async () => {
    const { exitCode, stdout, stderr } = await runInProcess('--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe(golden('./expected/help.txt', stdout));
  });

  it.each(commandReferences.map(({ name }) => name))('of %s', async (name) => {
    const { exitCode, stdout, stderr } = await runInProcess(...name.split(' '), '--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe(golden(`./expected/${goldenName(name)}`, stdout));
  });

  it('has no golden file of a command that is gone', () => {
    const files = readdirSync(new URL('./expected', import.meta.url)).filter((file) => file.startsWith('help-'));
    const names = new Set(commandReferences.map(({ name }) => goldenName(name)));
    expect(files.filter((file) => !names.has(file))).toEqual([]);
  });

  it('fits the width of a page, but for words that cannot be broken and examples', async () => {
    for (const { name, examples } of commandReferences) {
      const lines = (await runInProcess(...name.split(' '), '--help')).stdout.split('\n');
      expect(lines.filter((line) => line.length > 100 && !examples.some((example) => line.includes(example.line)))).toEqual([]);
    }
  });
});
