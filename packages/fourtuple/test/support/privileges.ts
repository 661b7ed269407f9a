import { spawnSync } from 'node:child_process';

/** Words before a command that take privileges away from it. */
export const asOrdinaryUser: readonly string[] = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
export const withoutCapabilities: readonly string[] = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs'];
/** A /proc of its own that hides the processes of others, in a mount namespace of its own. */
export const withHiddenProcesses: readonly string[] = withHidepid(2);
/** Others' processes are listed, and may not be looked at. */
export const withClosedProcesses: readonly string[] = withHidepid(1);
/** A process tree and a /proc of its own, and no capabilities: what a container sees. */
export const inContainer: readonly string[] = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--uts', '--ipc', ...withoutCapabilities];
export const inEmptyNamespace: readonly string[] = ['unshare', '--net'];

/** Why a command cannot be run through these words, or undefined when it can. */
export function throughObstacle(through: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(through[0]!, [...through.slice(1), 'true'], { encoding: 'utf8' });
  if (error !== undefined) return `${through[0]} is not installed`;
  return status === 0 ? undefined : `${through[0]}: ${stderr.trim()}`;
}

function withHidepid(level: 1 | 2): string[] {
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `mount -t proc -o hidepid=${level} proc /proc && exec "$@"`, 'sh'];
}
