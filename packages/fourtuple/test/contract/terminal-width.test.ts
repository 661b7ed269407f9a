import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { appendSnapshot } from '../../src/cli/recording.ts';
import type { CliContext } from '../../src/cli/context.ts';
import type { Snapshot } from '../../src/model/index.ts';
import { textWidth } from '../../src/report/index.ts';
import { many, ownersOf, settingsOf, tableOf, tcp, udp } from './hand-made.ts';

// What a terminal shows, of a recording whose names are as long, as wide and as hostile as names may be.

const HOSTILE = '\u001B[31mevil\u001B]0;title\u0007\u009B2J\r\n\u202E日本';
const WIDTHS = [30, 40, 60, 79, 80, 81, 120, 200];

const folder = mkdtempSync(join(tmpdir(), 'fourtuple-terminal-'));
const recording = join(folder, 'recording.jsonl');

beforeAll(() => {
  const namespaces = ['host', `web-${HOSTILE}`].map((name, index) => ({
    id: { inode: 4_026_531_840 + index, name },
    settings: settingsOf({ range: [30_000, 30_999], tcpFinTimeoutSeconds: 70 }),
    counters: { 'TcpExt.ListenOverflows': 1_234_567 },
    sockets: tableOf([
      ...many(950, (port) => tcp('established', `[2001:db8:1234:5678:9abc:def0:1234:${(4096 + index).toString(16)}]:${30_000 + port}`, '[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535', { inode: 7 })),
      ...many(40, (port) => tcp('boundInactive', `10.0.0.5:${30_950 + port}`, undefined, { inode: 8 })),
      tcp('timeWait', '10.0.0.1:30000', '10.0.0.9:443'),
      tcp('listen', '0.0.0.0:30999', undefined, { inode: 9 }),
      udp('0.0.0.0:30000', undefined, { inode: 9 }),
    ]),
    owners: ownersOf({ 7: HOSTILE, 8: 'a-process-with-a-very-long-name', 9: '日本語のプロセス' }),
    probes: { explicit: [30_001, 30_002], shared: [] },
    hasBoundInactive: true,
  }));
  const snapshot: Snapshot = { takenAt: '2026-01-31T03:00:00.000Z', kernel: '6.18.44', host: `db-1${HOSTILE}`, source: 'sock_diag', namespaces, limits: [`A limit about ${HOSTILE} which is a rather long sentence, so that it has to be broken into several lines on any terminal.`] };
  appendSnapshot(recording, snapshot);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function show(columns: number, ...inputs: string[]): Promise<string[]> {
  let stdout = '';
  const context: CliContext = {
    process: { stdout: { isTTY: true, columns, write: (text) => void (stdout += text) }, stderr: { write: (text) => void (stdout += text) }, env: { LANG: 'C.UTF-8' } },
    now: () => new Date('2026-01-31T03:00:00Z'),
    isInputTerminal: () => true,
    heedSignals: () => undefined,
    sleep: async () => false,
  };
  await runCli([...inputs, '--input', recording], context);
  return stdout.split('\n').slice(0, -1);
}

const withoutColour = (line: string): string => line.replaceAll(/\u001B\[[\d;]*m/g, '');
const commands = [['check'], ['check', '--verbose'], ['ports', '--verbose'], ['ports', '--namespace', 'host'], ['sockets', 'sport', '>=', ':30940'], ['sockets', '--namespace', 'host', 'sport', '>=', ':30940'], ['who', '30000'], ['who', '30999']];

describe.each(commands.map((command) => ({ command, name: command.join(' ') })))('$name', ({ command }) => {
  it.each(WIDTHS)('fits a terminal of %i columns', async (width) => {
    const lines = (await show(width, ...command)).map(withoutColour);
    expect(lines.length).toBeGreaterThan(2);
    // Commands to paste and single words may be longer than a narrow terminal; they are not broken.
    const tooWide = lines.filter((line) => textWidth(line) > width && !/sysctl|fourtuple|nsenter|ss -/.test(line) && line.trim().split(/\s+/).every((word) => textWidth(word) <= width - 6));
    expect(tooWide).toEqual([]);
  });

  it('lets no control character of a name through', async () => {
    for (const line of await show(200, ...command)) expect(withoutColour(line)).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E]/);
  });
});
