import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const PREFIX = 'ft-';

/** Why no veth pair can be made, or undefined when one can. */
export function vethObstacle(): string | undefined {
  const { error, status, stderr } = spawnSync('ip', ['link', 'add', `${PREFIX}try`, 'type', 'veth', 'peer', 'name', `${PREFIX}yrt`], { encoding: 'utf8' });
  if (error !== undefined) return 'ip of iproute2 is not installed';
  if (status !== 0) return `no veth pair: ${stderr.trim()}`;
  spawnSync('ip', ['link', 'delete', `${PREFIX}try`]);
  return undefined;
}

/**
 * Puts one end of a veth pair into each namespace, the other into this thread's. The kernel takes both away when it
 * destroys either namespace, which it does only when nothing holds it any more: so they tell which are alive.
 */
export function tieTo(namespaces: readonly { readonly inode: number; readonly path: string }[]): void {
  const input = namespaces.map(({ inode, path }) => `link add ${nameOf(inode)} type veth peer name peer netns ${path}`).join('\n');
  const { status, stderr } = spawnSync('ip', ['-batch', '-'], { input: `${input}\n`, encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip -batch: ${stderr}`);
}

/** Those of the namespaces that the kernel has not destroyed yet. */
export function stillAlive(inodes: readonly number[]): number[] {
  const devices = readFileSync('/proc/thread-self/net/dev', 'latin1');
  return inodes.filter((inode) => new RegExp(`^\\s*${nameOf(inode)}:`, 'm').test(devices));
}

const nameOf = (inode: number): string => PREFIX + inode.toString(36);
