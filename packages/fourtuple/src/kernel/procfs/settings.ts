import { defaultLocalPortRange, parseKernelRange } from '../../model/port-range.ts';
import { PortSet } from '../../model/port-set.ts';
import type { Settings } from '../../model/settings.ts';
import { kernelTraits } from '../traits.ts';
import type { ProcFs } from './files.ts';

/** The kernel's default of `tcp_tw_reuse_delay`; before 6.14 it was compiled in as one second. */
const DEFAULT_TW_REUSE_DELAY_MS = 1000;

/**
 * Settings of the calling thread's namespace, with a sentence for each that had to be assumed.
 * @param portsOnly leaves out those that decide nothing about who gets which port.
 */
export function readSettings(proc: ProcFs, { portsOnly = false } = {}): { settings: Settings; limits: string[] } {
  const limits: string[] = [];
  const number = (path: string): number | undefined => {
    const text = proc.tryRead(`sys/${path}`);
    const value = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  };
  /** Of a file that most hosts have not: asking first is cheaper than an error. */
  const optional = (path: string): number | undefined => (portsOnly || !proc.has(`sys/${path}`) ? undefined : number(path));
  const range = parseKernelRange(proc.tryRead('sys/net/ipv4/ip_local_port_range') ?? '');
  if (range === undefined) limits.push('net.ipv4.ip_local_port_range could not be read: the default 32768-60999 is assumed.');
  const reserved = PortSet.parseList(proc.tryRead('sys/net/ipv4/ip_local_reserved_ports') ?? '');
  if (reserved === undefined) limits.push('net.ipv4.ip_local_reserved_ports could not be understood: no port is taken for reserved.');
  const delayMs = number('net/ipv4/tcp_tw_reuse_delay');
  const further = (path: string): number | undefined => (portsOnly ? undefined : number(path));
  const [openFiles, , fileMax] = portsOnly ? [] : (proc.tryRead('sys/fs/file-nr') ?? 'unknown').trim().split(/\s+/).map(Number);
  return {
    limits,
    settings: {
      localPortRange: range ?? defaultLocalPortRange,
      reservedPorts: reserved ?? new PortSet(),
      unprivilegedPortStart: further('net/ipv4/ip_unprivileged_port_start'),
      autobindReuse: number('net/ipv4/ip_autobind_reuse') === 1,
      tcpTwReuse: number('net/ipv4/tcp_tw_reuse') ?? 2,
      tcpTwReuseDelayMs: delayMs ?? DEFAULT_TW_REUSE_DELAY_MS,
      tcpTimestamps: (number('net/ipv4/tcp_timestamps') ?? 1) !== 0,
      tcpFinTimeoutSeconds: further('net/ipv4/tcp_fin_timeout'),
      tcpMaxTwBuckets: further('net/ipv4/tcp_max_tw_buckets'),
      tcpTwRecycle: optional('net/ipv4/tcp_tw_recycle'),
      somaxconn: further('net/core/somaxconn'),
      tcpMaxSynBacklog: further('net/ipv4/tcp_max_syn_backlog'),
      bindV6Only: number('net/ipv6/bindv6only') === 1,
      conntrackMax: optional('net/netfilter/nf_conntrack_max'),
      fileMax: finite(fileMax),
      openFiles: finite(openFiles),
      kernel: kernelTraits(proc, delayMs !== undefined),
    },
  };
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
