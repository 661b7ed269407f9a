import { spawnSync } from 'node:child_process';
import { textWidth } from '../../src/report/index.ts';

/** Why no terminal can be had, or undefined when one can. */
export function terminalObstacle(): string | undefined {
  const { error, status } = spawnSync('script', ['-qec', 'true', '/dev/null'], { input: '' });
  return error === undefined && status === 0 ? undefined : 'script of util-linux is not installed';
}

/** Runs a command in a terminal of so many columns (util-linux's script); what it printed, escape codes and all. */
export function inTerminal(words: readonly string[], columns: number, env: Readonly<Record<string, string>> = {}): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const { stdout } = spawnSync('script', ['-qec', `stty cols ${columns} rows 24; exec ${quoted}`, '/dev/null'], {
    input: '',
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh', ...env },
  });
  return stdout.replaceAll('\r\n', '\n');
}

export function withoutEscapes(text: string): string {
  return text.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, '');
}

/** Lines that are wider than the terminal. */
export function tooWide(text: string, columns: number): string[] {
  return withoutEscapes(text)
    .split('\n')
    .filter((line) => textWidth(line) > columns);
}
