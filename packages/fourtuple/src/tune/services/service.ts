/** By what a port is known to be a service's. */
export type ServiceSource =
  /** Something listens there now. */
  | 'listener'
  /** A systemd socket unit names it. */
  | 'socket-unit'
  /** A container publishes it. */
  | 'container'
  /** Kubernetes hands it out to services. */
  | 'node-port'
  /** The usual port of well-known software. */
  | 'well-known'
  /** /etc/services names it. */
  | 'etc-services';

/** Ports that are somebody's, low to high, both included. */
export interface Service {
  readonly low: number;
  readonly high: number;
  readonly name: string;
  readonly source: ServiceSource;
}
