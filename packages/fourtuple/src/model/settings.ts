import type { KernelTraits } from './kernel-traits.ts';
import type { PortRange } from './port-range.ts';
import type { PortSet } from './port-set.ts';

/**
 * The kernel settings that decide about ports, of one network namespace (or of the host, where marked).
 * A value is undefined when this kernel has no such file or it could not be read.
 */
export interface Settings {
  /** net.ipv4.ip_local_port_range */
  readonly localPortRange: PortRange;
  /** net.ipv4.ip_local_reserved_ports */
  readonly reservedPorts: PortSet;
  readonly unprivilegedPortStart: number | undefined;
  readonly autobindReuse: boolean;
  /** 0 off, 1 on, 2 loopback only (the default). */
  readonly tcpTwReuse: number;
  /** Age a TIME_WAIT must have before connect() may take it over, milliseconds (file since 6.14, else 1000). */
  readonly tcpTwReuseDelayMs: number;
  readonly tcpTimestamps: boolean;
  readonly tcpFinTimeoutSeconds: number | undefined;
  readonly tcpMaxTwBuckets: number | undefined;
  /** The file exists only before Linux 4.12. */
  readonly tcpTwRecycle: number | undefined;
  readonly somaxconn: number | undefined;
  readonly tcpMaxSynBacklog: number | undefined;
  /** net.ipv6.bindv6only: the default of IPV6_V6ONLY. */
  readonly bindV6Only: boolean;
  /** Global, read in the initial namespace too. */
  readonly conntrackMax: number | undefined;
  /** fs.file-max and the number of open files: host-wide. */
  readonly fileMax: number | undefined;
  readonly openFiles: number | undefined;
  /** What this kernel does otherwise than others. */
  readonly kernel: KernelTraits;
}

/** Ports of the range that the kernel may hand out: the range without the reserved ports in it. */
export function usablePorts(settings: Pick<Settings, 'localPortRange' | 'reservedPorts'>, into: PortSet): PortSet {
  into.clear();
  into.addRange(settings.localPortRange.low, settings.localPortRange.high);
  return into.deleteAll(settings.reservedPorts);
}

/** Number of {@link usablePorts}, without walking them where nothing is reserved. */
export function usableCount(settings: Pick<Settings, 'localPortRange' | 'reservedPorts'>, usable: PortSet): number {
  const { low, high } = settings.localPortRange;
  return settings.reservedPorts.isNeverFilled ? high - low + 1 : usable.size;
}
