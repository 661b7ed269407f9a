import { describe, expect, it } from 'vitest';
import { portHolder } from '../../test/contract/cases.ts';
import { TcpState } from '../model/index.ts';
import { makeTheme } from '../report/index.ts';
import type { PortHolder } from '../usage/index.ts';
import { foldAlike, holderColumns, holderDocument, processLines, type HolderRow } from './port-holders.ts';

function shown(id: string, holder: HolderRow): unknown {
  const column = holderColumns.find((one) => one.id === id)!;
  return column.text === undefined ? column.value(holder) : column.text(holder, makeTheme(false, true));
}

const sharing = (reuseAddress: boolean, reusePort: boolean): PortHolder['sharing'] => ({ reuseAddress, reusePort, v6Only: undefined });

describe('the column of flags', () => {
  it.each([
    [{ sharing: sharing(false, false) }, '-'],
    [{ sharing: sharing(true, false) }, 'R'],
    [{ sharing: sharing(false, true) }, 'P'],
    [{ sharing: sharing(true, true) }, 'RP'],
    [{ sharing: sharing(true, true), v6Only: true }, 'RP6'],
    [{ sharing: sharing(false, false), v6Only: true }, '6'],
    [{ sharing: sharing(false, false), v6Only: undefined }, '-'],
    [{ sharing: undefined }, '?'],
    [{ sharing: undefined, v6Only: true }, '?6'],
    [{ stateNumber: TcpState.timeWait }, '?'],
    [{ sharing: undefined, protocol: 'udp', v6Only: true }, '?6'],
  ] as const)('%j: %s', (fields, letters) => {
    expect(shown('sharing', portHolder(fields))).toBe(letters);
  });
});

describe('other columns', () => {
  it('a TIME_WAIT says how long it stays, and that nobody has it', () => {
    const holder = portHolder({ stateNumber: TcpState.timeWait });
    expect(shown('state', holder)).toBe('time-wait (41.2 s left)');
    expect(shown('process', holder)).toBe('nobody: the kernel keeps it; its process has closed it');
  });

  it('a process with its user; where none is known, the place of its cgroup', () => {
    expect(shown('process', portHolder())).toBe('app/812, user alice');
    expect(shown('process', portHolder({ owner: undefined, withoutProcess: undefined, place: 'docker:4f3a' }))).toBe('nobody: unknown (docker:4f3a)');
  });

  it('no name can write to the terminal', () => {
    const owner = { pid: 1, command: '\u001B[31mred\n', uid: 0, unit: undefined, container: undefined };
    expect(shown('process', portHolder({ owner }))).not.toMatch(/[\u0000-\u001F]/);
  });
});

describe('foldAlike', () => {
  const accepted = (count: number, fields: Parameters<typeof portHolder>[0] = {}): PortHolder[] => Array.from({ length: count }, (_, index) => portHolder({ to: `10.0.0.${index % 200}:${1000 + index}`, ...fields }));

  it('folds from four on what differs in its remote end alone', () => {
    expect(foldAlike(accepted(3))).toHaveLength(3);
    const [row] = foldAlike(accepted(10_000));
    expect([row!.alike, shown('remote', row!)]).toEqual([10_000, 'many (10,000)']);
  });

  it('keeps apart what differs in anything else, and loses nobody', () => {
    const holders = [...accepted(5), ...accepted(5, { sharing: sharing(true, false) }), ...accepted(5, { kind: 'connect-chosen' }), ...accepted(2, { device: 1, at: '10.0.0.6:3306' }), portHolder({ stateNumber: TcpState.listen })];
    const rows = foldAlike(holders);
    expect(rows.map(({ alike }) => alike)).toEqual([5, 5, 5, undefined, undefined, undefined]);
    expect(rows.reduce((sum, { alike }) => sum + (alike ?? 1), 0)).toBe(holders.length);
  });

  it('shows the longest wait of folded TIME_WAITs', () => {
    const waits = [3, 59.5, 12, 7].map((timeWaitSecondsLeft) => portHolder({ stateNumber: TcpState.timeWait, timeWaitSecondsLeft }));
    expect(shown('state', foldAlike(waits)[0]!)).toBe('time-wait (59.5 s left)');
  });
});

describe('processLines', () => {
  const now = new Date('2026-01-31T03:00:00Z');
  const started = (secondsAgo: number): Date => new Date(now.getTime() - secondsAgo * 1000);
  const details = { commandLine: 'app --port 80', user: 'alice', startedAt: started(7200), parentPid: 1, parentCommand: 'systemd' };

  it('one line a process, whatever it holds', () => {
    const holders = [portHolder({ process: details }), portHolder({ process: details, to: '10.0.0.1:1' }), portHolder({ owner: undefined })];
    expect(processLines(holders, now)).toEqual(['812: app --port 80, user alice, started 2 h ago, child of systemd/1']);
  });

  it('cuts a command line that would fill the screen', () => {
    const [line] = processLines([portHolder({ process: { ...details, commandLine: `java ${'-Dx=1 '.repeat(500)}` } })], now);
    expect(line!.length).toBeLessThan(260);
    expect(line).toContain('…, user alice');
  });

  it('with unit, container, and those that inherited the socket', () => {
    const owner = { pid: 5, command: 'x', uid: 0, unit: 'x.service', container: 'docker:4f3a' };
    const [line] = processLines([portHolder({ owner, process: { ...details, startedAt: undefined, user: undefined, parentPid: undefined, commandLine: undefined }, sharedWith: [7, 8, 9, 10, 11, 12] })], now);
    expect(line).toBe('5: x, x.service, container docker:4f3a, also open in 7, 8, 9, 10, 11, …');
  });

  it.each([
    [0, '0 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7199, '120 min'],
    [7200, '2 h'],
    [172_799, '48 h'],
    [172_800, '2 days'],
    // A clock that was set back.
    [-60, '0 s'],
  ])('%i seconds: %s', (seconds, text) => {
    expect(processLines([portHolder({ process: { ...details, startedAt: started(seconds) } })], now)[0]).toContain(`started ${text} ago`);
  });
});

describe('holderDocument', () => {
  it('says null where something is not known', () => {
    expect(holderDocument(portHolder({ stateNumber: TcpState.timeWait }))).toMatchObject({ pid: null, command: null, user: null, reuseAddress: null, reusePort: null, commandLine: null, startedAt: null, parent: null, sharedWith: [], inode: 0, timeWaitSecondsLeft: 41.2 });
    expect(holderDocument(portHolder({ process: { commandLine: undefined, user: undefined, startedAt: new Date(0), parentPid: 7, parentCommand: undefined } }))).toMatchObject({ startedAt: '1970-01-01T00:00:00.000Z', parent: { pid: 7, command: null }, reuseAddress: false, withoutProcess: null });
  });
});
