import { defaultLocalPortRange, type Settings } from '../../model/index.ts';
import type { Rule } from '../finding.ts';

export const sysctlNotInherited: Rule = {
  id: 'sysctl-not-inherited',
  summary: 'The host is tuned, and this namespace runs on the kernel\'s defaults: a new namespace does not inherit settings.',
  severity: 'info',
  advice: "Set the values in the namespace, through the container's own configuration.",
  evidence: 'the keys that differ',
  inspect: ({ id, settings }, { host }) => {
    if (host === undefined || host.id.inode === id.inode) return [];
    const differences = tunedKeys(host.settings).filter(([key]) => describe(settings, key) === defaults[key]);
    if (differences.length === 0) return [];
    return [
      {
        severity: 'info',
        title: `${id.name} does not have the host's ${differences.map(([key]) => key).join(', ')}`,
        why: 'A new network namespace starts from the values compiled into the kernel, not from those of the host: tuning the host does not reach containers.',
        evidence: differences.map(([key, value]) => ({ name: key, value: `host ${value}, here ${describe(settings, key)}` })),
        remedies: differences.map(([key, value]) => ({ title: `Set ${key} in the namespace too`, command: `sysctl -w net.ipv4.${key}="${value}"`, risk: 'Lasts as long as the namespace; containers take it from their own configuration.' })),
      },
    ];
  },
};

type Key = 'ip_local_port_range' | 'ip_local_reserved_ports' | 'tcp_tw_reuse';

const defaults: Readonly<Record<Key, string>> = {
  ip_local_port_range: `${defaultLocalPortRange.low} ${defaultLocalPortRange.high}`,
  ip_local_reserved_ports: '',
  tcp_tw_reuse: '2',
};

function describe(settings: Settings, key: Key): string {
  if (key === 'ip_local_port_range') return `${settings.localPortRange.low} ${settings.localPortRange.high}`;
  return key === 'ip_local_reserved_ports' ? settings.reservedPorts.toString() : String(settings.tcpTwReuse);
}

function tunedKeys(settings: Settings): [Key, string][] {
  return (Object.keys(defaults) as Key[]).filter((key) => describe(settings, key) !== defaults[key]).map((key) => [key, describe(settings, key)]);
}
