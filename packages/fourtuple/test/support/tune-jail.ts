import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliOptions, CliResult, InstalledCli } from './installed-cli.ts';
import { liveTestObstacle } from './namespace.ts';

/** Of fourtuple.tune-status/1, what the tests read. */
export interface StatusDocument {
  readonly busy: number | null;
  readonly transactions: readonly {
    readonly id: string;
    readonly state: string;
    readonly lastEntry: string;
    readonly settings: readonly { readonly key: string; readonly old: string; readonly new: string; readonly now: string | null; readonly state: string }[];
    readonly file: { readonly path: string; readonly state: string } | null;
  }[];
}

/** A file of the jail's sysctl.d. */
export interface SeenFile {
  readonly content: string;
  readonly mode: number;
}

/** Bind mounts an /etc of the jail's own, and nothing else that is read at boot, in a mount namespace of its own; then runs what follows. */
const ENTER = [
  'set -e',
  'mount --bind "$JAIL/etc" /etc',
  'for folder in /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d; do if [ -d "$folder" ]; then mount -t tmpfs none "$folder"; fi; done',
].join('\n');

export const settingsFile = '/etc/sysctl.d/90-fourtuple.conf';

/** What `fourtuple tune` may change: an /etc and a journal of its own, and the network namespace of the calling thread, which must be another than the host's. */
export class TuneJail {
  readonly folder = mkdtempSync(join(tmpdir(), 'fourtuple-tune-'));
  readonly journal = join(this.folder, 'state/tune.jsonl');
  readonly #cli: InstalledCli;

  constructor(cli: InstalledCli) {
    this.#cli = cli;
    chmodSync(this.folder, 0o755);
    mkdirSync(join(this.folder, 'etc'));
    this.empty();
  }

  /** Takes away every file and the journal. */
  empty(): void {
    for (const name of ['etc/sysctl.d', 'etc/sysctl.conf', 'state']) rmSync(join(this.folder, name), { recursive: true, force: true });
    mkdirSync(join(this.folder, 'etc/sysctl.d'));
  }

  /** @param path as the command sees it: below /etc */
  write(path: string, content: string, mode = 0o644): void {
    writeFileSync(join(this.folder, path), content);
    chmodSync(join(this.folder, path), mode);
  }

  /** Every file of sysctl.d, by name. */
  files(): Record<string, SeenFile> {
    const folder = join(this.folder, 'etc/sysctl.d');
    return Object.fromEntries(readdirSync(folder).sort().map((name) => [name, { content: readFileSync(join(folder, name), 'latin1'), mode: statSync(join(folder, name)).mode & 0o7777 }]));
  }

  /** Names beside the journal. */
  stateNames(): string[] {
    return existsSync(join(this.folder, 'state')) ? readdirSync(join(this.folder, 'state')).sort() : [];
  }

  /** @param script shell commands run first, as root in the mount namespace; @param inside words before the command there: strace, setpriv */
  run(args: readonly string[], { script = '', inside = [], ...options }: CliOptions & { readonly script?: string; readonly inside?: readonly string[] } = {}): CliResult {
    // Without /etc/localtime and without TZ Node would look through every time zone.
    const env = { JAIL: this.folder, TZ: 'UTC', ...options.env };
    return this.#cli.run([...args, '--journal', this.journal], { ...options, through: this.through(script, inside), env });
  }

  /** Words that lead into the jail's mounts. */
  through(script = '', inside: readonly string[] = []): string[] {
    return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${ENTER}\n${script}\nexec "$@"`, 'sh', ...inside];
  }

  /** With the file named, since the default one is for the host's namespace alone. */
  apply(changes: readonly string[], options: Parameters<TuneJail['run']>[1] & { readonly flags?: readonly string[] } = {}): CliResult {
    const { flags = ['--file', settingsFile], ...rest } = options;
    return this.run(['tune', 'apply', ...changes, '--yes', ...flags], rest);
  }

  status(): StatusDocument {
    const { out, err, code } = this.run(['tune', 'status', '--json']);
    if (code !== 0 || err !== '') throw new Error(`tune status: exit code ${code}, ${err}`);
    return JSON.parse(out) as StatusDocument;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Why the jail cannot be made here, or undefined when it can. */
export function tuneJailObstacle(): string | undefined {
  const live = liveTestObstacle();
  if (live !== undefined) return live;
  const { error, status, stderr } = spawnSync('unshare', ['--mount', '--propagation', 'private', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { encoding: 'utf8' });
  if (error !== undefined) return 'unshare is not installed';
  return status === 0 ? undefined : `no mounts of its own: ${stderr.trim()}`;
}

/** Texts of keys of this thread's namespace, without their newline. */
export function liveValues(keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [key, readFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, 'latin1').replace(/\n$/, '')]));
}

export function setValue(key: string, text: string): void {
  writeFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, `${text}\n`);
}
