// Kills `tune apply` and `tune undo` at their system calls, one after the other: every call of the main thread from the first one that touches the
// journal on, by strace. After each, `tune status` must tell what is there, and `tune undo` must bring back exactly what was. The short form takes
// every so many of them, so that it takes about a minute; FOURTUPLE_KILL_POINTS=all takes them all.
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { enterFreshNamespace } from '../support/namespace.ts';
import { liveValues, settingsFile, setValue, TuneJail, tuneJailObstacle, type SeenFile } from '../support/tune-jail.ts';
import { killedAt, killPoints, traced, type KillPoint } from '../support/tune-kill-points.ts';

const isLong = process.env['FOURTUPLE_KILL_POINTS'] === 'all';
const SHORT_POINTS = 14;
const obstacle = tuneJailObstacle() ?? (spawnSync('strace', ['-V']).error === undefined ? undefined : 'strace is not installed');

const RESERVED = 'net.ipv4.ip_local_reserved_ports';
const before: Readonly<Record<string, string>> = { 'net.ipv4.ip_local_port_range': '20000\t40000', 'net.ipv4.tcp_fin_timeout': '45', [RESERVED]: '', 'net.ipv4.ip_unprivileged_port_start': '1024' };
const after: Readonly<Record<string, string>> = { 'net.ipv4.ip_local_port_range': '512\t65535', 'net.ipv4.tcp_fin_timeout': '30', [RESERVED]: '3306,8000-8010', 'net.ipv4.ip_unprivileged_port_start': '80' };
const keys = Object.keys(before);
const changes = Object.entries(after).map(([key, value]) => `${key}=${value.replace('\t', ' ')}`);
const NAME = '90-fourtuple.conf';

/** With a file before, and without. */
const scenes: readonly { readonly name: string; readonly file: SeenFile | undefined }[] = [
  { name: 'a new file', file: undefined },
  { name: 'a file that is there', file: { content: '# of somebody\nnet.core.somaxconn = 9000\n-net.ipv4.tcp_fin_timeout=60\n', mode: 0o640 } },
];

let cli: InstalledCli;
let jail: TuneJail;

beforeAll(() => {
  if (obstacle !== undefined) return;
  cli = new InstalledCli();
  jail = new TuneJail(cli);
  enterFreshNamespace();
});

afterAll(() => {
  if (obstacle !== undefined) return;
  jail.close();
  cli.close();
});

/** The start of a scene: old values, the old file, no journal. */
function reset({ file }: (typeof scenes)[number]): Record<string, SeenFile> {
  jail.empty();
  // The low end first: ip_unprivileged_port_start may not be above it.
  for (const key of keys) setValue(key, before[key]!);
  if (file !== undefined) jail.write(settingsFile, file.content, file.mode);
  expect(liveValues(keys)).toEqual(before);
  return jail.files();
}

const applied = (inside: readonly string[] = []): ReturnType<TuneJail['run']> => jail.apply(changes, { inside });
const undone = (inside: readonly string[] = []): ReturnType<TuneJail['run']> => jail.run(['tune', 'undo', '--yes'], { inside });

interface Entry {
  readonly phase: string;
  readonly file: { readonly new: { readonly content: string } } | null;
}

/** Whole lines of the journal. */
function entries(): Entry[] {
  let text: string;
  try {
    text = readFileSync(jail.journal, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Entry);
}

/** What is wrong with what status says, against the kernel, the file and the journal, read by the test itself. */
function lies(old: Record<string, SeenFile>): string[] {
  const { transactions, busy } = jail.status();
  const written = entries();
  const wrong: string[] = busy === null ? [] : [`busy: ${busy}`];
  if (transactions.length !== (written.length === 0 ? 0 : 1)) return [...wrong, `${transactions.length} transactions, ${written.length} entries`];
  const [transaction] = transactions;
  if (transaction === undefined) return wrong;
  const live = liveValues(keys);
  for (const setting of transaction.settings) {
    const { key, now } = setting;
    if (setting.old !== before[key] || setting.new !== after[key]) wrong.push(`${key}: from ${JSON.stringify(setting.old)} to ${JSON.stringify(setting.new)}`);
    if (now !== live[key]) wrong.push(`${key} is ${JSON.stringify(live[key])}, not ${JSON.stringify(now)}`);
    const state = live[key] === after[key] ? 'new' : live[key] === before[key] ? 'old' : 'other';
    if (setting.state !== state) wrong.push(`${key}: ${setting.state}, not ${state}`);
  }
  const now = jail.files()[NAME]?.content;
  const fileState = now === written[0]!.file!.new.content ? 'new' : now === old[NAME]?.content ? 'old' : 'other';
  if (transaction.file?.state !== fileState) wrong.push(`the file: ${transaction.file?.state}, not ${fileState}`);
  const state = { begin: 'interrupted', done: 'applied', 'undo-begin': 'undo-interrupted', undone: 'undone' }[written.at(-1)!.phase];
  if (transaction.state !== state) wrong.push(`${transaction.state}, not ${state}`);
  if (state === 'applied' && (fileState !== 'new' || keys.some((key) => live[key] !== after[key]))) wrong.push('applied, and not all of it is there');
  if (state === 'undone' && (fileState !== 'old' || keys.some((key) => live[key] !== before[key]))) wrong.push('undone, and not all of it is as before');
  return wrong;
}

/** What is not as it was before everything, after an undo. */
function remains(old: Record<string, SeenFile>): string[] {
  const wrong: string[] = [];
  const { code, out, err } = undone();
  const hasBegun = entries().length > 0;
  const isNothing = out.startsWith('Nothing to undo');
  if (code !== (hasBegun && !isNothing ? 0 : 1) || err !== '') wrong.push(`undo: exit code ${code}, ${out}${err}`);
  const live = liveValues(keys);
  for (const key of keys) if (live[key] !== before[key]) wrong.push(`${key} is ${JSON.stringify(live[key])}`);
  if (JSON.stringify(jail.files()) !== JSON.stringify(old)) wrong.push(`the files: ${JSON.stringify(jail.files())}`);
  const { transactions } = jail.status();
  if (transactions.some(({ state }) => state !== 'undone')) wrong.push(`afterwards ${transactions.map(({ state }) => state).join()}`);
  const left = jail.stateNames().filter((name) => name.includes('.lock.'));
  if (hasBegun && left.length > 0 && !isNothing) wrong.push(`left behind: ${left.join()}`);
  return wrong;
}

/** Kills a command at many points. @param count how many to take; @returns what went wrong at each */
function killEverywhere(points: readonly KillPoint[], count: number, begin: () => Record<string, SeenFile>, command: (inside: readonly string[]) => ReturnType<TuneJail['run']>): { failures: string[]; killed: number; taken: number } {
  const chosen = isLong ? points : points.filter((_, index) => Math.floor((index * count) / points.length) !== Math.floor(((index - 1) * count) / points.length));
  const failures: string[] = [];
  let killed = 0;
  for (const point of chosen) {
    const old = begin();
    const { signal, code } = command(killedAt(point));
    if (signal === 'SIGKILL' || code === 137) killed++;
    const wrong = [...lies(old), ...remains(old)];
    if (wrong.length > 0) failures.push(`${point.call} ${point.occurrence} (${point.text}): ${wrong.join('; ')}`);
  }
  return { failures, killed, taken: chosen.length };
}

describe.each(scenes)(`killed at every system call, with $name${because(obstacle)}`, (scene) => {
  const log = (): string => join(jail.folder, 'trace');

  it.skipIf(obstacle !== undefined)('tune apply', { timeout: 1_200_000 }, () => {
    reset(scene);
    expect(applied(traced(log()))).toMatchObject({ code: 0, err: '' });
    const points = killPoints(log(), 'tune.jsonl');
    const { failures, killed, taken } = killEverywhere(points, SHORT_POINTS, () => reset(scene), applied);
    console.log(`tune apply, ${scene.name}: killed at ${killed} of ${points.length} system calls, ${failures.length} of them told or restored wrong`);
    expect(failures).toEqual([]);
    expect(points.length).toBeGreaterThanOrEqual(50);
    expect(killed).toBeGreaterThanOrEqual(taken * 0.8);
  });

  it.skipIf(obstacle !== undefined)('tune undo', { timeout: 1_200_000 }, () => {
    reset(scene);
    expect(applied()).toMatchObject({ code: 0 });
    expect(undone(traced(log()))).toMatchObject({ code: 0, err: '' });
    const points = killPoints(log(), 'tune.jsonl');
    const begin = (): Record<string, SeenFile> => {
      const old = reset(scene);
      applied();
      return old;
    };
    const { failures, killed, taken } = killEverywhere(points, SHORT_POINTS, begin, undone);
    console.log(`tune undo, ${scene.name}: killed at ${killed} of ${points.length} system calls, ${failures.length} of them told or restored wrong`);
    expect(failures).toEqual([]);
    expect(points.length).toBeGreaterThanOrEqual(50);
    expect(killed).toBeGreaterThanOrEqual(taken * 0.8);
  });
});
