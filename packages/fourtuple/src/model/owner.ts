/** A process that holds sockets, with what its cgroup tells about it. */
export interface Owner {
  readonly pid: number;
  /** Name from /proc/PID/comm. */
  readonly command: string;
  readonly uid: number | undefined;
  /** systemd unit, e.g. `nginx.service`. */
  readonly unit: string | undefined;
  /** First 12 characters of the container's id, or its name. */
  readonly container: string | undefined;
}

/** Which process holds which socket inode, and how complete that answer is. */
export interface OwnerIndex {
  readonly owners: readonly Owner[];
  /** Position in `owners` of the first process that holds this socket inode, or -1. */
  ownerOf(inode: number): number;
  /** `all`: every readable descriptor was read. `sampled`: descriptors of large processes were sampled. `none`. */
  readonly coverage: 'all' | 'sampled' | 'none';
  /** One of how many descriptors was read of each process: 1 unless sampled. Parallel to `owners`. */
  readonly weights: readonly number[];
}

export const noOwners: OwnerIndex = { owners: [], ownerOf: () => -1, coverage: 'none', weights: [] };

/** Unit and container that a cgroup path names. */
export interface CgroupName {
  readonly unit: string | undefined;
  readonly container: string | undefined;
}

/**
 * Reads unit and container out of a cgroup path, or the whole text of /proc/PID/cgroup: systemd (`…/nginx.service`), Docker, containerd, CRI-O and podman
 * scopes (`docker-<id>.scope`, `cri-containerd-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope`), and plain
 * `/docker/<id>` or `/kubepods/…/<id>` directories.
 */
export function cgroupName(text: string): CgroupName {
  const paths = text.split('\n').map((line) => line.trim());
  const id = first(paths, /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?=\/|$)/);
  const lxc = first(paths, /\/lxc(?:\.payload[./]|\/)([^/]+)/);
  // v2's own line comes last and names the unit; a v1 line may name one too.
  const unit = paths.flatMap((path) => [...path.matchAll(/\/([^/]+\.(?:service|socket|scope))(?=\/|$)/g)].map((match) => match[1])).at(-1);
  return { unit: id === undefined ? unit : undefined, container: id?.slice(0, 12) ?? lxc };
}

function first(paths: readonly string[], pattern: RegExp): string | undefined {
  for (const path of paths) {
    const found = pattern.exec(path)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}
