import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inDelegatedScope } from './scope.ts';
import { SignalRelay } from './signal-relay.ts';

describe('a scope of systemd', () => {
  const signals = new SignalRelay();
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fourtuple-scope-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  afterAll(() => signals.close());

  /** A systemd-run that writes down what it was asked, and ends with 7. */
  function standIn(): void {
    const file = join(folder, 'systemd-run');
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$FOURTUPLE_SPREAD_SCOPE" "$@" > ${folder}/asked\nexit 7\n`);
    chmodSync(file, 0o755);
  }

  it('is asked for where systemd runs: the same command line, once more, in a delegated scope', async () => {
    standIn();
    expect(await inDelegatedScope({ PATH: `/nonexistent:${folder}:/usr/bin:/bin` }, signals, folder)).toEqual({ code: 7 });
    const [mark, ...words] = readFileSync(join(folder, 'asked'), 'utf8').trimEnd().split('\n');
    expect(mark).toBe('1');
    const own = words.slice(words.indexOf('--') + 1);
    expect(words.slice(0, words.indexOf('--'))).toEqual([...(process.geteuid?.() === 0 ? [] : ['--user']), '--scope', '--quiet', '--collect', '--property=Delegate=yes', '--description=fourtuple spread']);
    expect(own[0]).toBe(process.execPath);
    expect(own.slice(-(process.argv.length - 1))).toEqual(process.argv.slice(1));
  });

  it.each<[string, () => [env: Record<string, string>, runtime: string]]>([
    ['inside of it', () => [{ PATH: folder, FOURTUPLE_SPREAD_SCOPE: '1' }, folder]],
    ['without systemd', () => [{ PATH: folder }, join(folder, 'nothing')]],
    ['without systemd-run', () => [{ PATH: '/nonexistent' }, folder]],
    ['without a PATH', () => [{}, folder]],
  ])('is not asked for %s', async (_, args) => {
    standIn();
    const [env, runtime] = args();
    expect(await inDelegatedScope(env, signals, runtime)).toBeUndefined();
  });
});
