import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { liveTestObstacle } from '../support/namespace.ts';

const program = fileURLToPath(new URL('matrix.mjs', import.meta.url));
const isLong = process.env['FOURTUPLE_LONG'] === '1';
const { optionalDependencies } = JSON.parse(readFileSync(new URL('matrix/package.json', import.meta.url), 'utf8')) as { optionalDependencies: Readonly<Record<string, string>> };
const majors = [...new Set(Object.keys(optionalDependencies).map((name) => name.split('-')[1]!))].sort();

function matrix(...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}`.trim() };
}

/** Why the other Nodes are not to be had: without a network, once they are installed, there is no obstacle. */
function installObstacle(): string | undefined {
  const { status, output } = matrix('--install');
  return status === 0 ? undefined : output;
}

const obstacle = liveTestObstacle() ?? installObstacle();

describe.skipIf(obstacle !== undefined)(`the pool on other Nodes${because(obstacle)}`, () => {
  const nodes = isLong ? ['own', ...majors] : ['own', majors.at(-1)!];
  const counts = isLong ? [] : ['--quick'];

  it.each(nodes)('on Node %s: every connection that the ports allow is made, and every comparison is equal', { timeout: 1_800_000 }, (node) => {
    const { status, output } = matrix(...counts, node);
    // One line, which a log of the tests is to have.
    console.log(output);
    const line = /^Node [\d.]+: (\d+) of \1 connections of clients, (\d+) of \2 connections under the preload, (\d+) of \3 comparisons equal, in \d+ s$/;
    expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(line) as string });
  });
});
