import { afterEach, describe, expect, it } from 'vitest';
import { ProcTree } from '../../../test/contract/proc-tree.ts';
import { ProcFs } from './files.ts';
import { readProcessDetails } from './process-details.ts';

let tree: ProcTree | undefined;
afterEach(() => {
  tree?.remove();
  tree = undefined;
});

/** Fields of /proc/PID/stat from the state on: parent second, start 20th. */
const statOf = (name: string, parent: number, ticks: number): string => `10 (${name}) S ${parent} ${Array.from({ length: 17 }, () => '0').join(' ')} ${ticks} 0 0\n`;

function details(files: Readonly<Record<string, string>>): ReturnType<typeof readProcessDetails> {
  tree = new ProcTree({ stat: 'cpu 1 2\nbtime 1700000000\n', '1/comm': 'systemd\n', ...files });
  return readProcessDetails(tree.proc, 10);
}

describe('readProcessDetails', () => {
  it('tells arguments, user, start and parent', () => {
    expect(details({ '10/stat': statOf('app', 1, 12_345), '10/cmdline': 'app\0--port\u00008080\0' })).toEqual({
      commandLine: 'app --port 8080',
      user: 'root',
      startedAt: new Date(1_700_000_000_000 + 123_450),
      parentPid: 1,
      parentCommand: 'systemd',
    });
  });

  it.each(['a) R 99 ', ') (', 'x y', '(', 'ü'])('is not led astray by a process called %j', (name) => {
    expect(details({ '10/stat': statOf(name, 1, 100), '10/cmdline': '' })).toMatchObject({ parentPid: 1, startedAt: new Date(1_700_000_001_000) });
  });

  it('has no command line of a kernel thread, nor a parent of the first process', () => {
    expect(details({ '10/stat': statOf('kthreadd', 0, 1), '10/cmdline': '' })).toMatchObject({ commandLine: undefined, parentPid: undefined, parentCommand: undefined });
  });

  it('cuts a command line that is longer than anybody reads', () => {
    expect(details({ '10/stat': statOf('x', 1, 1), '10/cmdline': `java\0${'-Dx=1\0'.repeat(5000)}` }).commandLine!.length).toBeLessThanOrEqual(4096);
  });

  it('knows nothing of a process that is gone, or of which nothing may be read', () => {
    expect(details({})).toEqual({ commandLine: undefined, user: undefined, startedAt: undefined, parentPid: undefined, parentCommand: undefined });
    expect(details({ '10/stat': 'garbage', '10/cmdline': '' })).toMatchObject({ startedAt: undefined, parentPid: undefined });
  });

  it('tells of this very process what Node itself knows', () => {
    const { startedAt, parentPid, commandLine } = readProcessDetails(new ProcFs(), process.pid);
    expect(parentPid).toBe(process.ppid);
    expect(Math.abs(startedAt!.getTime() - (Date.now() - process.uptime() * 1000))).toBeLessThan(3000);
    expect(commandLine!.split(' ')[0]).toMatch(/node/);
  });
});
