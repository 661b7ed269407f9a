import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../src/cli/generated.ts';
import { golden } from './golden.ts';
import { missing } from './programs.ts';
import { commandReferences } from './run-cli.ts';
import { temporaryFolder } from './temporary.ts';

const files = await generatedFiles();
const page = files['packages/fourtuple/man/fourtuple.1']!;

describe('the generated pages (UPDATE_GOLDEN=1 writes them anew)', () => {
  // The files that are shipped are the golden ones.
  it.each(['packages/fourtuple/man/fourtuple.1', 'docs/reference/commands.md'])('%s', (path) => {
    expect(files[path]).toBe(golden(`../../../../${path}`, files[path]!));
  });
});

describe('the man page', () => {
  it('names every command, flag and placeholder', () => {
    for (const { name, flags } of commandReferences) {
      expect(page).toContain(`fourtuple ${name.replaceAll('-', '\\-')}`);
      for (const flag of flags) expect(page).toContain(`\\fB${flag.name.replaceAll('-', '\\-')}\\fR`);
    }
  });

  const noMandoc = missing('mandoc');
  it.skipIf(noMandoc !== undefined)(`has nothing that mandoc warns of${noMandoc ?? ''}`, () => {
    expect(lint('mandoc', '-T', 'lint')).toBe('');
  });

  const noMan = missing('man') ?? missing('groff') ?? (spawnSync('man', ['--help'], { encoding: 'utf8' }).stdout.includes('--warnings') ? undefined : " (skipped: this man has no --warnings)");
  it.skipIf(noMan !== undefined)(`has nothing that man warns of${noMan ?? ''}`, () => {
    expect(lint('man', '--warnings', '-E', 'UTF-8', '-Tutf8', '-Z', '-l')).toBe('');
  });
});

/** What a checker writes to either stream but for the page itself. */
function lint(program: string, ...args: readonly string[]): string {
  const file = `${temporaryFolder()}/fourtuple.1`;
  writeFileSync(file, page);
  const { stdout, stderr, error } = spawnSync(program, [...args, file], { encoding: 'utf8', env: { ...process.env, MANROFFSEQ: '', LC_ALL: 'C.UTF-8' } });
  if (error !== undefined) throw error;
  return program === 'man' ? stderr : stdout + stderr;
}
