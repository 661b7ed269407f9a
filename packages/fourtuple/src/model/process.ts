/** What /proc tells about a process beyond its name; undefined where it may not be read. */
export interface ProcessDetails {
  /** Arguments, joined by blanks. */
  readonly commandLine: string | undefined;
  readonly user: string | undefined;
  /** When it was started. */
  readonly startedAt: Date | undefined;
  readonly parentPid: number | undefined;
  readonly parentCommand: string | undefined;
}

/** A process and the number under which it has a socket. */
export interface SocketDescriptor {
  readonly pid: number;
  readonly fd: number;
  /** Inode number of the socket: the number may be another one's by now. */
  readonly inode: number;
}

/** Options of a socket that decide who may share its port. */
export interface SharingOptions {
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  /** Undefined for an AF_INET socket. */
  readonly v6Only: boolean | undefined;
}
