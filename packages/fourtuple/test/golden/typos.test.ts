import { describe, expect, it } from 'vitest';
import { runInProcess } from './run-cli.ts';

const typos: readonly (readonly [line: string, suggestion: string])[] = [
  ['chekc', 'did you mean `check`?'],
  ['port', 'did you mean `ports`?'],
  ['sokets', 'did you mean `sockets`?'],
  ['completions bash', 'did you mean `completion`?'],
  ['wyh', 'did you mean `why`?'],
  ['free timewait', 'did you mean `time-wait`?'],
  ['free bind-besides 80', 'did you mean `bind-beside`?'],
  ['why bind :80 --reuse-adress', 'did you mean --reuse-address?'],
  ['free connection --prot 80', 'did you mean --port?'],
  ['ports --ownres all', 'did you mean --owners?'],
  ['check --al-namespaces', 'did you mean --all-namespaces?'],
  // Without a command it is check's flag.
  ['--critcal 90%', 'did you mean --critical?'],
  ['--versoin', 'did you mean --version?'],
  ['--hlep', 'did you mean --help?'],
  ['ports --owners al', 'did you mean "all"?'],
  ['check --probe=non', 'did you mean "none"?'],
  ['sockets --source proc', 'did you mean "procfs"?'],
  ['sockets staet established', 'did you mean "state"?'],
  ['sockets state time-wiat', 'did you mean "time-wait"?'],
];

describe('a typing error', () => {
  it.each(typos)('fourtuple %s', async (line, suggestion) => {
    const { exitCode, stdout, stderr } = await runInProcess(...line.split(' '));
    expect(stderr).toContain(suggestion);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
  });

  it.each([
    ['completion tcsh', 'bash, zsh or fish'],
    ['completion', 'SHELL|bash|zsh|fish'],
    ['who http', '1 to 65535'],
    ['who', 'PORT'],
    ['record', 'FILE'],
    ['why bind', '0\\.0\\.0\\.0:3306'],
    ['why connect', '10\\.0\\.0\\.9:5432'],
    ['why bind http', 'an address and a port'],
    ['free time-wait', '--port PORT, --dst'],
    ['free connection --dst 0.0.0.0:0', 'every destination'],
    ['free bind-beside', 'PORT'],
    ['free connection --port 80 --limit 0', '--limit takes a whole number'],
    ['ports --top none', '--top takes a whole number'],
  ])('fourtuple %s: says what is taken', async (line, text) => {
    const { exitCode, stdout, stderr } = await runInProcess(...line.split(' '));
    expect(stderr).toMatch(new RegExp(text));
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
  });
});
