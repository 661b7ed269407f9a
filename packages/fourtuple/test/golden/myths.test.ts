import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { liveTestObstacle } from '../support/namespace.ts';
import { procpsVersion } from '../support/sysctl-jail.ts';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const page = `${repository}/docs/myths.md`;
/** A command and its output. */
const BLOCK = /^```text\n\$ (unshare --net python3 docs\/experiments\/([a-z-]+)\.py)\n((?:(?!```)[^\n]*\n)*)```$/gm;
/** Every other file of the folder is an experiment. */
const SHARED = 'namespace.py';
const NEEDS_PROCPS = new Set(['sysctl-line']);

const text = readFileSync(page, 'utf8');
const blocks = [...text.matchAll(BLOCK)].map(([, command, name, output]) => ({ command: command!, name: name!, output: output! }));
const obstacle = liveTestObstacle() ?? namespaceObstacle();

/** Why the commands of the page cannot run here. */
function namespaceObstacle(): string | undefined {
  const { error, status, stderr } = run('unshare --net python3 -c "open(\'/proc/sys/net/ipv4/tcp_tw_reuse\', \'w\').write(\'2\')"');
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : (stderr.trim().split('\n').at(-1) ?? 'unshare --net python3 does not run');
}

function obstacleOf(name: string): string | undefined {
  return obstacle ?? (NEEDS_PROCPS.has(name) && procpsVersion() === undefined ? 'needs the sysctl of procps' : undefined);
}

/** As somebody types it in the root of the repository. */
function run(command: string): SpawnSyncReturns<string> {
  return spawnSync('sh', ['-c', command], { cwd: repository, encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' });
}

/** Puts the output behind the command, wherever it stands. */
function renew(command: string, output: string): void {
  const renewed = readFileSync(page, 'utf8').replace(BLOCK, (block, shown: string) => (shown === command ? `\`\`\`text\n$ ${command}\n${output}\`\`\`` : block));
  writeFileSync(page, renewed);
}

describe('docs/myths.md', () => {
  it('uses every experiment, each once', () => {
    const files = readdirSync(`${repository}/docs/experiments`).filter((file) => file.endsWith('.py') && file !== SHARED);
    expect(blocks.map(({ name }) => `${name}.py`).toSorted()).toEqual(files.toSorted());
  });

  it('has the verdict of every section in its table, and one experiment a section', () => {
    const sections = [...text.matchAll(/^### (.+)\n\n\*\*(True|Half true|False)\.\*\* ([^]*?)(?=^##|$(?![^]))/gm)];
    const told = sections.map(([, claim, verdict]) => ({ claim, verdict: verdict!.toLowerCase() }));
    const listed = [...text.matchAll(/^\| \[(.+)\]\(#.+\) \| (.+) \|$/gm)].map(([, claim, verdict]) => ({ claim, verdict }));
    expect(listed).toEqual(told);
    expect(sections.map(([, , , body]) => body!.match(/^\$ unshare/gm)?.length)).toEqual(blocks.map(() => 1));
  });
});

describe(`the experiments of docs/myths.md${because(obstacle)}`, () => {
  describe.each(blocks)('$name', ({ command, name, output }) => {
    const why = obstacleOf(name);
    it.skipIf(why !== undefined)(`prints what the page shows, and the kernel agrees${because(why)}`, () => {
      const { status, stdout, stderr } = run(command);
      const isRenewed = process.env['UPDATE_GOLDEN'] === '1' && status === 0;
      if (isRenewed) renew(command, stdout);
      expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: isRenewed ? stdout : output });
    });
  });
});
