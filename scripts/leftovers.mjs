// What fourtuple and its tests could leave in the kernel: programs, maps and links of BPF, trace instances, cgroups.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const OURS = /^(fourtuple|ft-test)[-_]/;
/** The kernel lets go of a program when nobody can be running it any more. */
const GRACE_MS = 10_000;

function bpfObjects(kind) {
  const { status, stdout } = spawnSync('bpftool', ['--json', kind, 'show'], { encoding: 'utf8' });
  if (status !== 0) return [];
  return JSON.parse(stdout || '[]').filter(({ name }) => OURS.test(name ?? '')).map(({ id, name }) => `BPF ${kind} ${id} ${name}`);
}

/** Links to programs of ours: a link has no name. */
function links() {
  const programs = spawnSync('bpftool', ['--json', 'prog', 'show'], { encoding: 'utf8' });
  const { status, stdout } = spawnSync('bpftool', ['--json', 'link', 'show'], { encoding: 'utf8' });
  if (status !== 0 || programs.status !== 0) return [];
  const ours = new Set(JSON.parse(programs.stdout || '[]').filter(({ name }) => OURS.test(name ?? '')).map(({ id }) => id));
  return JSON.parse(stdout || '[]').filter((link) => ours.has(link.prog_id)).map(({ id }) => `BPF link ${id}`);
}

function traceInstances() {
  // In a mount namespace of its own: the host may have no tracefs mounted, and shall have none afterwards.
  const { status, stdout } = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'mount -t tracefs tracefs /sys/kernel/tracing && ls /sys/kernel/tracing/instances'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n').filter((name) => OURS.test(name)).map((name) => `trace instance ${name}`) : [];
}

function cgroups() {
  const root = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(join(path, 'cgroup.controllers')));
  const found = [];
  const visit = (path) => {
    for (const name of readdirSync(path)) {
      const inner = join(path, name);
      try {
        if (!statSync(inner).isDirectory()) continue;
        if (OURS.test(name)) found.push(`cgroup ${inner}`);
        visit(inner);
      } catch {
        // It was removed meanwhile.
      }
    }
  };
  if (root !== undefined) visit(root);
  return found;
}

export function leftovers() {
  return [...bpfObjects('prog'), ...bpfObjects('map'), ...links(), ...traceInstances(), ...cgroups()];
}

/** What is there that was not there before, after the time that the kernel takes to let go. @param before what leftovers() said */
export async function leftSince(before) {
  const end = Date.now() + GRACE_MS;
  for (;;) {
    const left = leftovers().filter((one) => !before.includes(one));
    if (left.length === 0 || Date.now() > end) return left;
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
}
