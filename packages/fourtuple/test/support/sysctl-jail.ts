import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readlinkSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TreeFile } from './sysctl-trees.ts';

/** What the kernel holds: path below /proc/sys, and text. */
export type Values = ReadonlyMap<string, string>;

const FOLDERS = ['etc', 'run', 'usr/lib/sysctl.d', 'usr/local', 'lib/sysctl.d'];

/** Stops unless the network namespace is another than the host's, then makes the interfaces of the trees. */
const NAMESPACE = `
set -eu
[ "$(readlink /proc/self/ns/net)" != "$HOST" ]
ip link add eth0.1 type veth peer name veth1
values() { grep -rs '' /proc/sys/net/ipv4 || true; }
`;

/** Everything but /proc/sys/net is read-only for what runs in the root. */
const JAILED = `${NAMESPACE}
mount --bind /proc "$ROOT/proc"
mount -o remount,bind,ro "$ROOT/proc"
mount --bind /proc/sys/net "$ROOT/proc/sys/net"
mount --bind /dev/null "$ROOT/dev/null"
[ "$(chroot "$ROOT" /sysctl --version)" = "$VERSION" ]
chroot "$ROOT" /sysctl --quiet --system || true
values
`;

const WRITTEN = `${NAMESPACE}
while read -r number path; do
  case "$path" in net/ipv4/*) sysctl --quiet --write "$path=$(cat "$ROOT/values/$number")" ;; *) exit 9 ;; esac
done < "$ROOT/values/list"
values
`;

/** A root of its own for `sysctl --system`: the program, what it is linked with, and folders that belong to no host. */
export class SysctlJail {
  readonly #root = mkdtempSync(join(tmpdir(), 'fourtuple-sysctl-'));
  readonly #version: string;

  constructor(version: string) {
    this.#version = version;
    const program = spawnSync('sh', ['-c', 'command -v sysctl'], { encoding: 'utf8' }).stdout.trim();
    cpSync(program, join(this.#root, 'sysctl'), { dereference: true });
    for (const [, library] of spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.matchAll(/(\/\S+) \(/g)) {
      cpSync(library!, join(this.#root, library!), { dereference: true });
    }
    for (const folder of ['proc', 'dev', 'values']) mkdirSync(join(this.#root, folder));
    writeFileSync(join(this.#root, 'dev/null'), '');
  }

  /** What `sysctl --system` makes of the files, in a new network namespace. */
  system(files: readonly TreeFile[]): Values {
    for (const folder of FOLDERS) rmSync(join(this.#root, folder), { recursive: true, force: true });
    for (const { path, content } of files) {
      const target = join(this.#root, path);
      mkdirSync(dirname(target), { recursive: true });
      if (content === 'folder') mkdirSync(target);
      else if (typeof content === 'string') symlinkSync(content === 'masked' ? '/dev/null' : '/nowhere', target);
      else writeFileSync(target, content);
    }
    return this.#inNamespace(JAILED);
  }

  /** What is there when only these values are written, each once, in a new network namespace: by sysctl, since it writes a value at one go. */
  written(values: Values): Values {
    const entries = [...values];
    entries.forEach(([, value], index) => {
      writeFileSync(join(this.#root, `values/${index}`), `${value}\n`);
    });
    writeFileSync(join(this.#root, 'values/list'), entries.map(([path], index) => `${index} ${path}\n`).join(''));
    return this.#inNamespace(WRITTEN);
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** @throws Error with what the shell says, where namespaces or mounts are not permitted. */
  #inNamespace(script: string): Values {
    const env = { PATH: process.env['PATH'], LC_ALL: 'C', ROOT: this.#root, HOST: readlinkSync('/proc/self/ns/net'), VERSION: this.#version };
    const { status, stdout, stderr } = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', script], { encoding: 'latin1', env, maxBuffer: 1 << 26 });
    if (status !== 0) throw new Error(`no jail for sysctl: ${stderr.trim()}`);
    return parsed(stdout);
  }
}

/** Lines of `grep -r`: a file's path, a colon, a line of it. */
function parsed(text: string): Values {
  const values = new Map<string, string>();
  for (const [, path, value] of text.matchAll(/^\/proc\/sys\/([^:\n]+):(.*)$/gm)) values.set(path!, `${values.get(path!) ?? ''}${value}\n`);
  return values;
}

/** The version line of procps' sysctl, or undefined where another one is installed, or none. */
export function procpsVersion(): string | undefined {
  const { error, stdout } = spawnSync('sysctl', ['--version'], { encoding: 'utf8' });
  return error === undefined && stdout.includes('procps') ? stdout.trim() : undefined;
}

/** The values of keys in this process's own namespace. */
export function ownValues(paths: Iterable<string>): Values {
  return new Map([...paths].map((path) => [path, readFileSync(`/proc/sys/${path}`, 'latin1')]));
}
