import { grouped, hasOddSize, plural, PortSet, rangeSize } from '../../../model/index.ts';
import { knownServices } from '../../services/known-services.ts';
import { RANGE, readPortList, RESERVED, UNPRIVILEGED } from '../../writes/index.ts';
import { placeOf } from '../formats/line-starts.ts';
import { DEFAULT_RANGE, openPorts, startsOf, type JudgedSetting, type SettingGroup } from '../group.ts';
import { atValue, type GroupRule } from '../rule.ts';

const NODE_PORTS = { low: 30000, high: 32767 } as const;

/** The setting of the range that is in effect, and that range. */
function rangeSet({ lastOf, range }: SettingGroup): { setting: JudgedSetting; range: { low: number; high: number } } | undefined {
  const setting = lastOf(RANGE);
  return setting === undefined || range === undefined ? undefined : { setting, range };
}

const withoutReserved: GroupRule = {
  id: 'range-without-reserved',
  severity: 'warning',
  summary: 'A range that reaches below 32768, and no port of it reserved.',
  why: 'Most services have their ports there. While one is down, or before it is up, any outgoing connection may be given its port, and the service cannot bind until that connection and its TIME_WAIT are gone. NodePorts (30000-32767) and firewalls that expect 32768-60999 are met too.',
  remedy: 'Reserve the ports of the services in net.ipv4.ip_local_reserved_ports, in the same file. A write replaces the list: keep what is in it.',
  kernels: 'all',
  *judge(group) {
    const found = rangeSet(group);
    if (found === undefined || group.reserved === undefined) return;
    const { setting, range } = found;
    if (range.low >= DEFAULT_RANGE.low || openPorts(range, new PortSet(), group.reserved).length > 0) return;
    const services = openPorts(range, group.reserved, knownServices.keys());
    const names = services.slice(0, 3).map((port) => `${port} (${knownServices.get(port)!})`);
    const isNodes = group.reach !== 'pod' && group.reach !== 'container';
    yield atValue(this, setting, `the range ${range.low}-${range.high} covers ports of services${names.length === 0 ? '' : `, such as ${names.join(', ')}`}, and none is reserved: an outgoing connection may take them while the service is down${isNodes ? '; NodePorts and firewalls that expect 32768-60999 are met too' : ''}`);
  },
};

const serviceInRange: GroupRule = {
  id: 'service-port-in-range',
  severity: 'warning',
  summary: 'A port that something listens on by the same file lies in the range, and is not reserved.',
  why: 'When the service is restarted, a connection that goes out of the same pod or container may hold its port, and bind() fails with EADDRINUSE.',
  remedy: 'Reserve the port in net.ipv4.ip_local_reserved_ports, or begin the range above it.',
  kernels: 'all',
  *judge({ ports, range, reserved, lastOf }) {
    if (range === undefined || reserved === undefined || (lastOf(RANGE) === undefined && lastOf(RESERVED) === undefined)) return;
    const seen = new Set<string>();
    for (const { file, port, span } of ports) {
      if (openPorts(range, reserved, [port]).length === 0 || seen.has(`${span.start} ${port}`)) continue;
      seen.add(`${span.start} ${port}`);
      yield { rule: this.id, severity: this.severity, file: file.path, span, message: `port ${port} lies in the range ${range.low}-${range.high} and is not reserved: a connection that goes out may hold it when the service starts` };
    }
  },
};

const nodePorts: GroupRule = {
  id: 'range-covers-node-ports',
  severity: 'warning',
  summary: 'The range of a Kubernetes node covers NodePorts (30000-32767) that are not reserved.',
  why: 'Outgoing connections of the node and of host-network pods are then given NodePorts. Where kube-proxy answers on them, packets of such a connection go to the service.',
  remedy: 'Begin the range at 32768, or reserve 30000-32767 (or what --service-node-port-range says).',
  kernels: 'all',
  *judge(group) {
    const found = rangeSet(group);
    if (found === undefined || group.reserved === undefined || !(group.reach === 'node' || (group.reach === 'host' && group.isAboutKubernetes))) return;
    const { setting, range } = found;
    const low = Math.max(range.low, NODE_PORTS.low);
    const high = Math.min(range.high, NODE_PORTS.high);
    if (low > high) return;
    const open = openPorts(range, group.reserved, portsFrom(low, high)).length;
    if (open > 0) yield atValue(this, setting, `the range ${range.low}-${range.high} covers ${plural(open, 'NodePort')} of 30000-32767 that ${open === 1 ? 'is' : 'are'} not reserved`);
  },
};

function* portsFrom(low: number, high: number): Generator<number> {
  for (let port = low; port <= high; port++) yield port;
}

const parity: GroupRule = {
  id: 'range-parity',
  severity: 'note',
  summary: 'The range has an odd number of ports.',
  why: 'The kernel searches ports of one parity first and logs "prefer different parity for start/end values" when both ends are alike; one port may then go untried.',
  remedy: 'Move one end by one.',
  kernels: 'from 4.2 on',
  *judge(group) {
    const found = rangeSet(group);
    if (found === undefined || found.range.low >= found.range.high || !hasOddSize(found.range)) return;
    yield atValue(this, found.setting, `the range ${found.range.low}-${found.range.high} has an odd number of ports: give its ends different parity`);
  },
};

const narrow: GroupRule = {
  id: 'range-narrow',
  severity: 'warning',
  summary: 'The range has fewer ports than the default.',
  why: 'Each destination then has fewer connections before connect() fails with EADDRNOTAVAIL, and connect() slows down from half of them on.',
  remedy: 'Leave the default of 28,232 ports, or move the range instead of cutting it.',
  kernels: 'all',
  *judge(group) {
    const found = rangeSet(group);
    if (found === undefined || rangeSize(found.range) >= rangeSize(DEFAULT_RANGE)) return;
    yield atValue(this, found.setting, `${plural(rangeSize(found.range), 'port')} in the range ${found.range.low}-${found.range.high}, where the default has ${grouped(rangeSize(DEFAULT_RANGE))}: each destination runs out sooner`);
  },
};

const reservedAll: GroupRule = {
  id: 'reserved-all',
  severity: 'error',
  summary: 'Every port of the range is reserved.',
  why: 'connect() and bind(address, 0) find none: each outgoing connection of the place fails with EADDRNOTAVAIL.',
  remedy: 'Reserve only ports of services.',
  kernels: 'all',
  *judge({ lastOf, range, reserved }) {
    const setting = lastOf(RESERVED);
    if (setting === undefined || range === undefined || reserved === undefined || openPorts(range, reserved, portsFrom(range.low, range.high)).length > 0) return;
    yield atValue(this, setting, `every port of the range ${range.low}-${range.high} is reserved: no connect() finds one`);
  },
};

const outside: GroupRule = {
  id: 'reserved-outside-range',
  severity: 'note',
  summary: 'None of the reserved ports lies in the range.',
  why: 'The kernel chooses no port outside the range anyway: the list does nothing until the range is widened.',
  remedy: 'Keep it for the day when the range is widened, or take it out.',
  kernels: 'all',
  *judge({ lastOf, range, reserved }) {
    const setting = lastOf(RESERVED);
    if (setting === undefined || range === undefined || reserved === undefined || reserved.size === 0 || openPorts(range, new PortSet(), reserved).length > 0) return;
    yield atValue(this, setting, `none of the reserved ports lies in the range ${range.low}-${range.high}: the list does nothing`);
  },
};

const replaced: GroupRule = {
  id: 'reserved-replaced',
  severity: 'warning',
  summary: 'A later list of reserved ports drops ports of an earlier one.',
  why: 'A write to ip_local_reserved_ports replaces the whole list: the services of the earlier one are not protected any more.',
  remedy: 'Put all ports into one list.',
  kernels: 'all',
  *judge({ settings }) {
    let before: { setting: JudgedSetting; ports: PortSet } | undefined;
    for (const setting of settings) {
      if (setting.key !== RESERVED || !setting.isWritten || setting.value === undefined) continue;
      const ports = readPortList(setting.value)?.ports;
      if (ports === undefined) continue;
      const lost = before === undefined ? new PortSet() : before.ports.clone().deleteAll(ports);
      if (before !== undefined && lost.size > 0) {
        yield atValue(this, setting, `this list replaces that of ${placeText(before.setting, setting)}: ${shortList(lost)} ${lost.size === 1 ? 'is' : 'are'} not reserved any more`);
      }
      before = { setting, ports };
    }
  },
};

/** `line 3`, `etc/sysctl.d/10-a.conf:3`. */
export function placeText(setting: JudgedSetting, from: JudgedSetting): string {
  const { line } = placeOf(startsOf(setting.file), setting.keySpan.start);
  return setting.file === from.file ? `line ${line}` : `${setting.file.path}:${line}`;
}

function shortList(ports: PortSet): string {
  const text = ports.toString();
  return text.length <= 60 ? text : `${text.slice(0, 60).replace(/,[^,]*$/, '')},…`;
}

const autobind: GroupRule = {
  id: 'autobind-reuse',
  severity: 'note',
  summary: 'ip_autobind_reuse=1 lets bind(address, 0) give ports on which connect() then fails.',
  why: 'bind() takes a port that others share before it is known to where: the connect() that follows may fail with EADDRNOTAVAIL, and each further destination gets about a quarter of the range.',
  remedy: 'Set IP_BIND_ADDRESS_NO_PORT in the program: the port is then chosen for its destination.',
  kernels: 'from 5.7 on',
  *judge({ lastOf, state }) {
    const setting = lastOf('net.ipv4.ip_autobind_reuse');
    if (setting !== undefined && state(setting.key) === '1') yield atValue(this, setting, 'bind(address, 0) may then give a port on which connect() fails with EADDRNOTAVAIL; IP_BIND_ADDRESS_NO_PORT in the program is what helps');
  },
};

const unprivileged: GroupRule = {
  id: 'unprivileged-ports-open',
  severity: 'note',
  summary: 'Ports below 1024 are open to everybody, and in the range.',
  why: 'connect() then hands out ports such as 22 or 80 to any program when nobody listens there, and the service cannot start.',
  remedy: 'Begin the range at 1024.',
  kernels: 'from 4.11 on',
  *judge({ lastOf, range, state }) {
    const setting = lastOf(UNPRIVILEGED);
    if (setting !== undefined && state(UNPRIVILEGED) === '0' && range !== undefined && range.low < 1024) yield atValue(this, setting, `with it any program can be given a port from ${range.low} on, such as 22 or 80 while nobody listens there`);
  },
};

export const portRules: readonly GroupRule[] = [withoutReserved, serviceInRange, nodePorts, parity, narrow, reservedAll, outside, replaced, autobind, unprivileged];
