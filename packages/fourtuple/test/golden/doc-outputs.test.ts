import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';

const docs = fileURLToPath(new URL('../../../../docs', import.meta.url));
const WIDTH = 112;
/** Commands whose output depends on their arguments alone, and on the fixtures, from the folder of this package. */
const PURE = /^\$ fourtuple (plan(?: (?:pool|nat|sources|service))? (?!.*--(?:from-host|input|services|svg)).*|lint (?!.*--(?:fix|live)).*\bfixtures\/.*)$/;

/** As on a terminal of 112 columns without colours. */
async function outputOf(line: string): Promise<string> {
  let out = '';
  const stdout = { isTTY: true, columns: WIDTH, write: (text: string): void => void (out += text) };
  await runCli(line.split(' '), { process: { stdout, stderr: { write: (text) => void (out += text) }, env: { NO_COLOR: '1', LANG: 'C.UTF-8' } }, now: () => new Date(0), isInputTerminal: () => true, heedSignals: () => undefined, sleep: async () => false });
  return out.trimEnd();
}

const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md') && readFileSync(`${docs}/${name}`, 'utf8').split('\n').some((line) => PURE.test(line)));

describe('outputs in the documentation', () => {
  it('are looked for where there are some', () => {
    expect(pages).toEqual(expect.arrayContaining(['guides/linting.md', 'guides/sizing.md']));
  });

  it.each(pages)('%s: each is what its command prints', async (name) => {
    const path = `${docs}/${name}`;
    const page = readFileSync(path, 'utf8');
    let renewed = page;
    for (const [block, command] of page.matchAll(/^```text\n(\$ fourtuple .*)\n(?:(?!```)[^\n]*\n)*```$/gm)) {
      const line = PURE.exec(command!)?.[1];
      if (line === undefined) continue;
      const output = await outputOf(line);
      renewed = renewed.replace(block, () => `\`\`\`text\n${command}\n${output}\n\`\`\``);
    }
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, renewed);
    expect(readFileSync(path, 'utf8')).toBe(renewed);
  });
});
