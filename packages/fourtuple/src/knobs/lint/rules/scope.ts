import type { JudgedSetting } from '../group.ts';
import { atKey, atValue, type GroupRule } from '../rule.ts';

/** Keys that a pod may have without leave, and since which Kubernetes. */
const SAFE: ReadonlyMap<string, string> = new Map([
  ['kernel.shm_rmid_forced', '1.4'],
  ['net.ipv4.ip_local_port_range', '1.4'],
  ['net.ipv4.tcp_syncookies', '1.4'],
  ['net.ipv4.ping_group_range', '1.18'],
  ['net.ipv4.ip_unprivileged_port_start', '1.22'],
  ['net.ipv4.ip_local_reserved_ports', '1.27'],
  ['net.ipv4.tcp_keepalive_time', '1.29'],
  ['net.ipv4.tcp_fin_timeout', '1.29'],
  ['net.ipv4.tcp_keepalive_intvl', '1.29'],
  ['net.ipv4.tcp_keepalive_probes', '1.29'],
  ['net.ipv4.tcp_rmem', '1.32'],
  ['net.ipv4.tcp_wmem', '1.32'],
]);

function isField({ means }: JudgedSetting): boolean {
  return means === 'field';
}

/** By a runtime's flag or field, not by a command inside. */
function isGiven(setting: JudgedSetting): boolean {
  return (setting.reach === 'pod' && isField(setting)) || setting.reach === 'container';
}

function isGlobal({ key, knob }: JudgedSetting): boolean {
  if (knob !== undefined) return knob.scope === 'global';
  return /^(?:fs\.(?!mqueue\.)|vm\.|net\.nf_conntrack_max$)/.test(key) || /^kernel\.(?!shm|msg|sem$)/.test(key);
}

const GONE = 'net.ipv4.tcp_tw_recycle';

const notNamespaced: GroupRule = {
  id: 'not-namespaced',
  severity: 'error',
  summary: 'A setting of the whole host, asked for by a pod or a container.',
  why: 'It has one value for all namespaces: the container runtime refuses to start with it.',
  remedy: 'Set it on the host.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (isGiven(setting) && isGlobal(setting)) yield atKey(this, setting, `${setting.key} is of the whole host: a ${setting.reach} with it is refused; set it on the host`);
    }
  },
};

const unsafe: GroupRule = {
  id: 'unsafe-sysctl',
  severity: 'warning',
  summary: "A sysctl outside Kubernetes' safe list.",
  why: 'The kubelet refuses the pod (SysctlForbidden) unless its own --allowed-unsafe-sysctls names the key, on each node that the pod may come to.',
  remedy: 'Allow it on the nodes, or do without.',
  kernels: 'Kubernetes; the list grew in 1.18, 1.22, 1.27, 1.29 and 1.32',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.reach !== 'pod' || !isField(setting) || isGlobal(setting) || SAFE.has(setting.key) || setting.key === GONE) continue;
      yield atKey(this, setting, `${setting.key} is not on Kubernetes' list of safe sysctls: the kubelet refuses the pod unless allowedUnsafeSysctls names it`);
    }
  },
};

const hostNetwork: GroupRule = {
  id: 'host-network',
  severity: 'error',
  summary: 'A net.* setting of a pod or container that has the network of its host.',
  why: 'It would change the host: Kubernetes and the container runtimes refuse it.',
  remedy: 'Set it on the host, or give the pod a network of its own.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (isGiven(setting) && setting.sharesHostNetwork && setting.key.startsWith('net.') && !isGlobal(setting) && setting.key !== GONE) yield atKey(this, setting, `with the network of the host ${setting.key} would be the host's: it is refused`);
    }
  },
};

const notString: GroupRule = {
  id: 'value-not-string',
  severity: 'error',
  summary: 'The value of a sysctl of a pod is a string, and this one is a number.',
  why: 'The API server refuses the manifest: "cannot unmarshal number into Go struct field Sysctl.value of type string".',
  remedy: 'Put it into quotes.',
  kernels: 'Kubernetes, all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.reach !== 'pod' || setting.isString !== false || setting.valueSpan === undefined) continue;
      const text = setting.file.text.slice(setting.valueSpan.start, setting.valueSpan.end);
      yield atValue(this, setting, 'this is no string, and the API server refuses it: put it into quotes', /^[\w.+-]+$/.test(text) ? { fix: { description: 'Put it into quotes', isSafe: true, edits: [{ span: setting.valueSpan, text: `"${text}"` }] } } : {});
    }
  },
};

const notInherited: GroupRule = {
  id: 'not-inherited',
  severity: 'note',
  summary: 'A setting of the node that its pods do not have.',
  why: 'It is of each network namespace by itself, and a new one begins with the defaults of the kernel, not with the values of its parent. It reaches the host and host-network pods.',
  remedy: 'For pods set it in securityContext.sysctls.',
  kernels: 'all',
  *judge({ settings, reach }) {
    if (reach !== 'node') return;
    const first = settings.find((setting) => setting.knob?.scope === 'namespace' && setting.knob.until === undefined);
    if (first !== undefined) yield atKey(this, first, 'pods have network namespaces of their own, which begin with the defaults: this reaches the node and host-network pods alone');
  },
};

const initContainer: GroupRule = {
  id: 'initcontainer-writes',
  severity: 'warning',
  summary: 'A container writes a net.* sysctl by a command.',
  why: 'It must be privileged for that. It changes the namespace of its pod, and with hostNetwork that of the node, for everybody on it and until the next boot.',
  remedy: 'Use securityContext.sysctls of the pod, or a setting of the node that is kept and can be undone.',
  kernels: 'Kubernetes',
  *judge({ settings }) {
    for (const setting of settings) {
      if ((setting.reach !== 'pod' && setting.reach !== 'node') || (setting.means !== 'command' && setting.means !== 'redirection') || !setting.key.startsWith('net.') || !setting.isWritten) continue;
      yield atKey(this, setting, setting.sharesHostNetwork ? `a privileged container sets ${setting.key} of the node by a command: for everybody on it, until the next boot` : `a privileged container sets ${setting.key} of its pod by a command: securityContext.sysctls does it without privileges`);
    }
  },
};

export const scopeRules: readonly GroupRule[] = [notNamespaced, unsafe, hostNetwork, notString, notInherited, initContainer];
