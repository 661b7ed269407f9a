import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const home = fileURLToPath(new URL('../../', import.meta.url));
const path = `${home}README.md`;
const block = /<!-- (examples\/[\w-]+\.mjs) -->\n```js\n[^]*?\n```/g;

describe("the package's page", () => {
  it('shows the examples as they are run by the tests', () => {
    const page = readFileSync(path, 'utf8');
    const renewed = page.replaceAll(block, (_, name: string) => `<!-- ${name} -->\n\`\`\`js\n${readFileSync(home + name, 'utf8').trimEnd()}\n\`\`\``);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, renewed);
    expect(readFileSync(path, 'utf8')).toBe(renewed);
    const shown = [...page.matchAll(block)].map(([, name]) => name);
    expect(shown).toEqual(expect.arrayContaining(['net', 'tls', 'http', 'https', 'http2', 'undici', 'fetch', 'tcp-pool'].map((name) => `examples/${name}.mjs`)));
  });

  it('each client of an example takes ten lines at most', () => {
    const long = readdirSync(`${home}examples`).filter((name) => readFileSync(path, 'utf8').includes(`<!-- examples/${name} -->`) && readFileSync(`${home}examples/${name}`, 'utf8').trimEnd().split('\n').length > 10);
    expect(long).toEqual([]);
  });

  it('names every public class of errors, and every option of the pool', () => {
    const page = readFileSync(path, 'utf8');
    const classes = [...readFileSync(`${home}src/pool/errors.ts`, 'utf8').matchAll(/export class (\w+)/g)].map(([, name]) => name!);
    const options = [...readFileSync(`${home}src/pool/tcp/pool-options.ts`, 'utf8').split('export interface AcquireOptions')[0]!.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name!);
    expect([...classes, ...options].filter((name) => !page.includes(name))).toEqual([]);
  });
});
