import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ProcFs } from '../../src/kernel/index.ts';

/** A made-up /proc: files by path; a value that begins with `->` is a link. */
export class ProcTree {
  readonly root = mkdtempSync(join(tmpdir(), 'fourtuple-proc-'));
  readonly proc = new ProcFs(this.root);

  constructor(files: Readonly<Record<string, string | Buffer>> = {}) {
    this.add(files);
  }

  add(files: Readonly<Record<string, string | Buffer>>): this {
    for (const [path, content] of Object.entries(files)) {
      const full = join(this.root, path);
      mkdirSync(dirname(full), { recursive: true });
      if (typeof content === 'string' && content.startsWith('->')) symlinkSync(content.slice(2), full);
      else writeFileSync(full, content);
    }
    return this;
  }

  /** A process with its name, its cgroup and its descriptors. */
  addProcess(pid: number, command: string | Buffer, descriptors: readonly string[] = [], cgroup = '0::/\n'): this {
    mkdirSync(join(this.root, String(pid), 'fd'), { recursive: true });
    this.add({ [`${pid}/comm`]: command, [`${pid}/cgroup`]: cgroup, [`${pid}/cmdline`]: 'x' });
    descriptors.forEach((target, fd) => this.add({ [`${pid}/fd/${fd}`]: `->${target}` }));
    return this;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
