import { closeSync, existsSync, openSync, readlinkSync } from 'node:fs';
import { stateBit, TcpState } from '../model/tcp-state.ts';
import { Protocol } from '../model/protocol.ts';
import { cgroupRoot } from './cgroups.ts';
import { KernelError, UnsupportedError, reasonOf } from './errors.ts';
import { loadFfi } from './ffi.ts';
import { AF_INET, IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE, checked, loadLibc, setOption, SOCK_CLOEXEC, SOCK_STREAM, SOL_IP, SOL_TCP, TCP_REPAIR } from './libc.ts';
import { withNamespaceFd } from './namespaces.ts';
import { askBoundInactive } from './bound-inactive.ts';
import { ProcFs } from './procfs/files.ts';
import { readSettings } from './procfs/settings.ts';
import { tryKernelTraits } from './traits.ts';
import { SockDiagSource } from './sock-diag/source.ts';
import { kernelBtf } from './bpf/btf.ts';
import { tryToSpread } from './bpf/spreader.ts';
import { FailedConnectCounter } from './bpf/failed-connects.ts';
import { TracedFailedConnects } from './tracefs.ts';
import { readAll } from './socket-source.ts';

/** A mechanism that may be missing: what it is for, since when the kernel has it, what it needs, and how to ask. */
export interface Feature {
  readonly name: string;
  /** What fourtuple does with it. */
  readonly purpose: string;
  /** First Linux release with it. */
  readonly since: string;
  /** Privilege or package. */
  readonly needs: string;
  /** What happens without it. */
  readonly without: string;
  /** One call. @returns a detail to print. @throws when it is not available. */
  probe(): string;
}

export interface FeatureReport {
  readonly name: string;
  readonly purpose: string;
  readonly since: string;
  readonly needs: string;
  readonly without: string;
  readonly available: boolean;
  /** Detail when available, reason (with the errno's name) when not. */
  readonly detail: string;
}

export function probeFeature(feature: Feature): FeatureReport {
  const { name, purpose, since, needs, without } = feature;
  try {
    return { name, purpose, since, needs, without, available: true, detail: feature.probe() };
  } catch (error) {
    return { name, purpose, since, needs, without, available: false, detail: error instanceof UnsupportedError ? (error.cause === undefined ? error.message : reasonOf(error.cause)) : reasonOf(error) };
  }
}

function withTcpSocket<T>(work: (fd: number) => T): T {
  const libc = loadLibc();
  const fd = checked('socket(AF_INET, SOCK_STREAM)', libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  try {
    return work(fd);
  } finally {
    libc.close(fd);
  }
}

function optionFeature(level: number, option: number, value: number, operation: string): string {
  return withTcpSocket((fd) => {
    const errno = setOption(fd, level, option, value);
    if (errno !== 0) throw new KernelError(operation, errno);
    return 'works';
  });
}

function countSockets(): number {
  let count = 0;
  const source = new SockDiagSource(false);
  try {
    readAll(source.read({ protocol: Protocol.tcp, states: stateBit(TcpState.listen) }, { accept: () => count++, reset: () => (count = 0) }));
  } finally {
    source.close();
  }
  return count;
}

/** Every mechanism that `doctor` prints, in the order in which they matter. */
export const features: readonly Feature[] = [
  {
    name: 'koffi',
    purpose: 'system calls from Node',
    since: '-',
    needs: 'the optional npm package koffi',
    without: 'sockets are read from /proc text; other namespaces, bound-only sockets and probes are out of reach',
    probe: () => `version ${loadFfi().version}`,
  },
  {
    name: 'sock_diag',
    purpose: 'read every TCP and UDP socket',
    since: '3.3',
    needs: 'nothing',
    without: 'sockets are read from /proc text, slower',
    probe: () => `${countSockets()} listening TCP sockets seen`,
  },
  {
    name: 'bound-inactive',
    purpose: 'see sockets that hold a port without listening or connecting',
    since: '6.8',
    needs: 'sock_diag',
    without: 'such sockets stay invisible; the ports they hold are missing from the count of poisoned ports',
    probe: () => {
      if (!askBoundInactive()) throw new Error('a bound socket of our own was not reported');
      return 'a bound socket of our own was reported';
    },
  },
  {
    name: 'tcp-repair',
    purpose: 'ask the kernel, without a packet, how a port was bound',
    since: '3.5',
    needs: 'CAP_NET_ADMIN',
    without: 'how a port was bound is inferred where sockets do not say it',
    probe: () => optionFeature(SOL_TCP, TCP_REPAIR, 1, 'setsockopt(TCP_REPAIR)'),
  },
  {
    name: 'local-port-range',
    purpose: 'confine a probe to one port; take connect() past the 50 % cliff',
    since: '6.3',
    needs: 'nothing',
    without: 'how a port was bound is inferred where sockets do not say it',
    probe: () => optionFeature(SOL_IP, IP_LOCAL_PORT_RANGE, (40000 | (40001 << 16)) >>> 0, 'setsockopt(IP_LOCAL_PORT_RANGE)'),
  },
  {
    name: 'bind-address-no-port',
    purpose: 'choose a source address without spending a port on it',
    since: '4.2',
    needs: 'nothing',
    without: 'a source address costs a port for all destinations',
    probe: () => optionFeature(SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1, 'setsockopt(IP_BIND_ADDRESS_NO_PORT)'),
  },
  {
    name: 'enter-namespaces',
    purpose: 'read other network namespaces',
    since: '3.0',
    needs: 'CAP_SYS_ADMIN over the namespace',
    without: 'other namespaces are read through /proc/PID/net, without their settings',
    probe: () => {
      const fd = openSync('/proc/thread-self/ns/net', 'r');
      try {
        withNamespaceFd(fd, () => undefined);
      } finally {
        closeSync(fd);
      }
      return 'setns works';
    },
  },
  {
    name: 'read-processes',
    purpose: "name the processes that hold sockets, other users' too",
    since: '-',
    needs: 'root or CAP_SYS_PTRACE; a /proc without hidepid',
    without: 'sockets of other users show no process',
    probe: () => {
      const proc = new ProcFs();
      if (proc.tryRead('1/comm') === undefined) throw new Error('process 1 is hidden (hidepid, or a container without its /proc)');
      readlinkSync('/proc/1/exe');
      return `${proc.processIds().length} processes`;
    },
  },
  {
    name: 'cgroup-names',
    purpose: 'name the unit or container of a socket without reading any process',
    since: '5.8',
    needs: 'a cgroup v2 mount',
    without: 'only processes name their unit or container',
    probe: () => {
      const root = cgroupRoot();
      if (root === undefined) throw new Error('no cgroup v2 mount');
      return root;
    },
  },
  {
    name: 'tw-reuse-delay',
    purpose: 'know how old a TIME_WAIT must be before connect() may take it over',
    since: '6.14',
    needs: 'nothing',
    without: 'one second, as compiled in',
    probe: () => `${new ProcFs().read('sys/net/ipv4/tcp_tw_reuse_delay').trim()} ms`,
  },
  {
    name: 'port-recovery',
    purpose: 'a port is open to connect() again when its last explicit holder leaves',
    since: '6.18',
    needs: 'nothing (CAP_NET_ADMIN to try it, else the release is believed)',
    without: 'a port may stay closed to connect() until every socket on it is gone; what no trial settles is then not known',
    probe: () => {
      if (!tryKernelTraits(readSettings(new ProcFs(), { portsOnly: true }).settings.localPortRange).portsRecover) throw new Error('ports stay closed until all their sockets are gone');
      return 'ports recover';
    },
  },
  {
    name: 'bpf-tracing',
    purpose: 'count the connects that find no port, and the churn of connections (watch)',
    since: '5.5',
    needs: 'CAP_BPF and CAP_PERFMON (before 5.8 CAP_SYS_ADMIN), a kernel with type information',
    without: "failed connects are counted by the tracepoint's text; churn is not counted",
    probe: () => {
      new FailedConnectCounter().close();
      return `${kernelBtf().size.toLocaleString('en')} types known`;
    },
  },
  {
    name: 'tracepoint-text',
    purpose: 'count the connects that find no port where BPF is refused (watch)',
    since: '4.16',
    needs: 'root, tracefs mounted',
    without: 'nothing, where BPF is allowed',
    probe: () => {
      new TracedFailedConnects().close();
      return 'a trace instance was made and removed';
    },
  },
  {
    name: 'bpf-cgroup',
    purpose: 'give any program several source addresses (spread)',
    since: '5.12',
    needs: 'CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN; a cgroup v2 mount',
    without: 'only Node programs can be spread, by fourtuple/register',
    probe: () => {
      tryToSpread();
      const root = cgroupRoot();
      if (root === undefined) throw new Error('no cgroup v2 mount');
      return `both programs load; cgroups below ${root}`;
    },
  },
  {
    name: 'conntrack',
    purpose: 'see how full the connection tracking table is',
    since: '2.6',
    needs: 'the module nf_conntrack',
    without: 'no finding about connection tracking',
    probe: () => {
      if (!existsSync('/proc/sys/net/netfilter/nf_conntrack_count')) throw new Error('connection tracking is not in use here');
      return `${new ProcFs().read('sys/net/netfilter/nf_conntrack_count').trim()} entries`;
    },
  },
];
