import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shells } from '../../src/cli/commands/completion/command.ts';
import { filterWords } from '../../src/cli/commands/completion/filter-words.ts';
import { completionScripts } from '../../src/cli/commands/completion/scripts.ts';
import { parseFilter } from '../../src/filter/index.ts';
import { stateGroups } from '../../src/model/index.ts';
import { bundleProgram } from './bundled-program.ts';
import { golden } from './golden.ts';
import { missing } from './programs.ts';
import { commandReferences, runInProcess } from './run-cli.ts';
import { temporaryFolder } from './temporary.ts';
import { Terminal } from './terminal.ts';

/** Completes the last word of the line; a blank at the end begins a new one. */
async function proposed(line: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runInProcess('__complete', ...line.split(' '));
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.split('\n').filter((one) => one !== '').map((one) => one.split('\t')[0]!);
}

describe('completion scripts (UPDATE_GOLDEN=1 writes them anew)', () => {
  it.each(shells)('%s', async (shell) => {
    const { exitCode, stdout } = await runInProcess('completion', shell);
    expect(exitCode).toBe(0);
    // The file that is shipped is the golden one.
    expect(stdout).toBe(golden(`../../completions/fourtuple.${shell}`, stdout));
  });
});

describe('what is proposed', () => {
  it('commands', async () => {
    expect(await proposed('')).toEqual(commandReferences.map(({ name }) => name.split(' ')[0]).filter((name, index, all) => all.indexOf(name) === index));
    expect(await proposed('ch')).toEqual(['check']);
  });

  it('flags, with what takes them back, and not twice', async () => {
    expect(await proposed('ports --ow')).toEqual(['--owners']);
    expect(await proposed('ports --no')).toEqual(['--no-color']);
    expect(await proposed('ports --owners all --ow')).toEqual([]);
    expect(await proposed('ports --he')).toEqual(['--help']);
  });

  it("check's flags where no command is named", async () => {
    expect(await proposed('--crit')).toEqual(['--critical']);
    expect(await proposed('--ver')).toEqual(expect.arrayContaining(['--version', '--verbose']));
    expect(await proposed('--owners ')).toEqual(['auto', 'all', 'none']);
    expect(await proposed('--top 5 --qui')).toEqual(['--quick', '--quiet']);
  });

  it.each(commandReferences)('every flag of $name', async ({ name, flags }) => {
    const names = flags.flatMap((flag) => [flag.name, ...(flag.negatedName === undefined ? [] : [flag.negatedName])]);
    expect(await proposed(`${name} --`)).toEqual([...names, '--help']);
  });

  it('values', async () => {
    expect(await proposed('ports --owners ')).toEqual(['auto', 'all', 'none']);
    expect(await proposed('ports --owners=a')).toEqual(['--owners=auto', '--owners=all']);
    expect(await proposed('completion ')).toEqual([...shells]);
  });

  it('namespaces', async () => {
    // Namespaces come and go on a host: ask until both forms saw the same.
    let names: string[] = [];
    let byAlias: string[] = ['none'];
    for (let tries = 0; tries < 20 && byAlias.join() !== names.join(); tries++) {
      names = await proposed('ports --namespace ');
      byAlias = await proposed('ports -n ');
    }
    expect(names.length).toBeGreaterThan(0);
    expect(byAlias).toEqual(names);
    expect(names.filter((name) => !/^[\w@.:+/-]+$/.test(name))).toEqual([]);
  });

  it('commands of a group, their flags, and what why asks about', async () => {
    expect(await proposed('free ')).toEqual(['time-wait', 'connection', 'bind-beside']);
    expect(await proposed('free t')).toEqual(['time-wait']);
    expect(await proposed('free connection --d')).toEqual(['--dst']);
    expect(await proposed('free bind-beside --u')).toEqual(['--undo']);
    expect(await proposed('why ')).toEqual(['bind', 'connect']);
    expect(await proposed('why c')).toEqual(['connect']);
    expect(await proposed('why --udp b')).toEqual(['bind']);
    expect(await proposed('why --probe ')).toEqual(['auto', 'none']);
    expect(await proposed('why --no-r')).toEqual(['--no-reuse-address']);
    expect(await proposed('why --source=p')).toEqual(['--source=procfs']);
  });

  it.each(['free bind-beside ', 'free time-wait --port ', 'free connection --dst ', 'free connection --limit ', 'why bind ', 'why connect 10.0.0.9:80 --from ', 'who '])('no files where something else is meant: %s', async (line) => {
    expect((await proposed(line)).filter((one) => !one.startsWith('-'))).toEqual([]);
  });

  it.each(['free time-wait --journal ', 'check --input ', '--input ', 'ports -i black', 'ports --input=black', 'record ', 'record black'])('files, which the shell itself knows best: %s', async (line) => {
    expect(await proposed(line)).toEqual([':files']);
  });

  it('words of the filter language', async () => {
    expect(await proposed('sockets st')).toEqual(['state']);
    expect(await proposed('sockets state time')).toEqual(['time-wait']);
    expect(await proposed('sockets state established,time')).toEqual(['established,time-wait']);
    expect(await proposed('sockets --tcp state time-wait ex')).toEqual(['exclude']);
    expect(await proposed('sockets dport ')).toEqual(expect.arrayContaining(['=', 'eq']));
    expect(await proposed('sockets dport = ')).not.toContain('and');
    expect(await proposed('sockets dport = :443 a')).toEqual(['and', 'autobound']);
    expect(await proposed('sockets dport = :443 st')).toEqual([]);
  });

  it.each(['chekc ', 'ports --ownres ', 'ports --owners x', 'who ', 'ports --top ', 'ports --json=', '--help ', 'ports nothing '])('nothing but flags, and quietly, where nothing is known: %s', async (line) => {
    expect((await proposed(line)).filter((one) => !one.startsWith('-'))).toEqual([]);
  });

  it('no word at all', async () => {
    expect(await runInProcess('__complete')).toEqual(await runInProcess('__complete', ''));
  });
});

describe('words of the filter language', () => {
  const names = { service: () => 1, device: () => 1, cgroup: () => 1 };

  it('are those that the parser knows', () => {
    const states = filterWords(['state'], '');
    expect(states.filter((state) => !Object.hasOwn(stateGroups, state))).toEqual([]);
    // One name for each.
    expect(new Set(states.map((state) => stateGroups[state])).size).toBe(new Set(Object.values(stateGroups)).size);
    for (const comparison of filterWords(['sport'], '')) expect(() => parseFilter(`sport ${comparison} 22`, names)).not.toThrow();
    const values: Readonly<Record<string, string>> = { sport: '22', dport: '22', src: '10.0.0.1', dst: '10.0.0.1', dev: 'lo', fwmark: '1', cgroup: '/' };
    for (const word of filterWords(['sport', '=', '22'], '')) {
      const filter = word === 'and' || word === 'or' ? `sport 1 ${word} dport 1` : word === 'not' ? 'not autobound' : `${word} ${values[word] ?? ''}`;
      expect(() => parseFilter(filter, names)).not.toThrow();
    }
  });
});

describe('in a shell', () => {
  let program: { folder: string; remove: () => void };
  beforeAll(async () => void (program = await bundleProgram()));
  afterAll(() => program.remove());

  /** A home of its own, with the script in it and a recording to find. */
  function shellHome(shell: keyof typeof completionScripts): { home: string; script: string; environment: NodeJS.ProcessEnv } {
    const home = temporaryFolder();
    mkdirSync(join(home, 'recordings'));
    writeFileSync(join(home, 'recordings', 'black box.jsonl'), '');
    const script = join(home, shell === 'zsh' ? '_fourtuple' : `fourtuple.${shell}`);
    writeFileSync(script, completionScripts[shell]);
    return { home, script, environment: { PATH: `${program.folder}:${process.env['PATH'] ?? ''}`, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, INPUTRC: '/dev/null', HISTFILE: '/dev/null', LC_ALL: 'C.UTF-8' } };
  }

  /** Types lines that end in a tab, and waits for what has to appear; after each, the line is thrown away. @returns what did not appear. */
  async function typeLines(terminal: Terminal, lines: readonly (readonly [typed: string, ...shown: string[]])[]): Promise<string[]> {
    const wrong: string[] = [];
    for (const [typed, ...shown] of lines) {
      terminal.type(typed);
      const screen = await terminal.screenWith(...shown);
      if (!shown.every((text) => screen.includes(text))) wrong.push(`${JSON.stringify(typed)}: ${JSON.stringify(screen)} has not ${JSON.stringify(shown)}`);
      terminal.type('\u0015');
    }
    return wrong;
  }

  const noBash = missing('bash') ?? missing('script');
  it.skipIf(noBash !== undefined)(`bash${noBash ?? ''}`, async () => {
    const { home, script, environment } = shellHome('bash');
    const terminal = new Terminal('bash --norc --noprofile -i', environment);
    terminal.type(`PS1='> '; cd '${home}'; source '${script}'; echo rea''dy\n`);
    expect(await terminal.screenWith('ready')).toContain('ready');
    const wrong = await typeLines(terminal, [
      ['fourtuple ch\t', 'fourtuple check '],
      ['fourtuple ports --ow\t', 'fourtuple ports --owners '],
      ['fourtuple ports --owners \t\t', 'all', 'auto', 'none'],
      ['fourtuple ports --owners=n\t', 'fourtuple ports --owners=none '],
      ['fourtuple --crit\t', 'fourtuple --critical '],
      ['fourtuple free bi\t', 'fourtuple free bind-beside '],
      ['fourtuple free time-wait --po\t', 'fourtuple free time-wait --port '],
      ['fourtuple why conn\t', 'fourtuple why connect '],
      ['fourtuple sockets state time\t', 'fourtuple sockets state time-wait '],
      ['fourtuple ports --input rec\t', 'fourtuple ports --input recordings/'],
      ['fourtuple ports --input recordings/\t', 'recordings/black\\ box.jsonl '],
      ['fourtuple ports --input ~/rec\t', '~/recordings/'],
      ['fourtuple ports --input=rec\t', '--input=recordings/'],
    ]);
    expect(wrong).toEqual([]);
  });

  const noZsh = missing('zsh') ?? missing('script');
  it.skipIf(noZsh !== undefined)(`zsh${noZsh ?? ''}`, async () => {
    const { home, environment } = shellHome('zsh');
    const terminal = new Terminal('zsh -f -i', environment);
    // As a file of $fpath first: that is how it is installed.
    terminal.type(`PROMPT='> '; unsetopt PROMPT_SP; cd '${home}'; fpath=('${home}' $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\n`);
    expect(await terminal.screenWith('ready')).toContain('ready');
    const wrong = await typeLines(terminal, [
      ['fourtuple ch\t', 'fourtuple check '],
      ['fourtuple ports --ow\t', 'fourtuple ports --owners '],
      ['fourtuple ports --owners \t\t', 'all', 'auto', 'none'],
      ['fourtuple ports --owners=n\t', 'fourtuple ports --owners=none '],
      ['fourtuple free bi\t', 'fourtuple free bind-beside '],
      ['fourtuple why conn\t', 'fourtuple why connect '],
      ['fourtuple sockets state time\t', 'fourtuple sockets state time-wait '],
      ['fourtuple ports --input rec\t', 'fourtuple ports --input recordings/'],
      ['fourtuple ports --input=rec\t', '--input=recordings/'],
    ]);
    expect(wrong).toEqual([]);
    terminal.type(`unfunction _fourtuple; compdef -d fourtuple; source ./_fourtuple; echo again rea''dy\n`);
    expect(await terminal.screenWith('again ready')).toContain('again ready');
    expect(await typeLines(terminal, [['fourtuple ch\t', 'fourtuple check ']])).toEqual([]);
  });

  const noFish = missing('fish');
  it.skipIf(noFish !== undefined)(`fish${noFish ?? ''}`, () => {
    const { home, script, environment } = shellHome('fish');
    const completed = (line: string): string[] => {
      const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', `source '${script}'; complete -C '${line}'`], { encoding: 'utf8', env: environment, cwd: home });
      expect(stderr).toBe('');
      return stdout.split('\n').filter((one) => one !== '').map((one) => one.split('\t')[0]!);
    };
    expect(completed('fourtuple ch')).toEqual(['check']);
    expect(completed('fourtuple ports --ow')).toEqual(['--owners']);
    expect(completed('fourtuple ports --owners ')).toEqual(['auto', 'all', 'none']);
    expect(completed('fourtuple ports --owners=n')).toEqual(['--owners=none']);
    expect(completed('fourtuple sockets state time')).toEqual(['time-wait']);
    expect(completed('fourtuple ports --input rec')).toEqual(['recordings/']);
    expect(completed('fourtuple ports --input=rec')).toEqual(['--input=recordings/']);
    expect(completed('fourtuple free ')).toEqual(['time-wait', 'connection', 'bind-beside']);
    expect(completed('fourtuple free bind-beside --und')).toEqual(['--undo']);
    expect(completed('fourtuple free bind-beside ')).toEqual(expect.not.arrayContaining(['recordings/']));
    expect(completed('fourtuple free time-wait --journal rec')).toEqual(['recordings/']);
    expect(completed('fourtuple why ')).toEqual(['bind', 'connect']);
    expect(completed('fourtuple who ')).toEqual(expect.not.arrayContaining(['recordings/']));
    const described = spawnSync('fish', ['--no-config', '-c', `source '${script}'; complete -C 'fourtuple ch'`], { encoding: 'utf8', env: environment }).stdout;
    expect(described).toContain(commandReferences.find(({ name }) => name === 'check')!.brief);
  });
});
