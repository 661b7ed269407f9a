import { grouped, percent, plural } from '../../model/index.ts';
import type { PoisonedPorts } from '../../usage/index.ts';
import type { Rule, Severity } from '../finding.ts';
import { present, widenRange } from '../remedies.ts';
import { ownerText } from '../texts.ts';

const kinds: Readonly<Record<PoisonedPorts['kind'], string>> = {
  listener: 'listening',
  'bound-idle': 'bound, neither listening nor connected',
  'bound-connected': 'connected after bind() without IP_BIND_ADDRESS_NO_PORT, or accepted by a listener that is gone',
  accepted: 'accepted',
  'time-wait': 'TIME_WAIT of a socket that had called bind()',
};

export const portsPoisoned: Rule = {
  id: 'ports-poisoned',
  summary: 'Ports of the range are held explicitly by connections or idle sockets: no connect() on this host can use them, whatever its destination.',
  severity: 'info from 1 %, warning from 10 %, critical from 80 % of the usable ports (listeners not counted)',
  advice: 'Set IP_BIND_ADDRESS_NO_PORT before bind(address, 0) in the program that is named. See concepts/holder-kinds.md.',
  evidence: 'poisonedPorts, usablePorts, and how the kind is known',
  inspect: ({ usage, settings }) => {
    const culprits = usage.poisoned.filter((group) => group.kind !== 'listener');
    const ports = culprits.reduce((sum, group) => sum + group.ports, 0);
    const ratio = usage.usablePorts === 0 ? 0 : ports / usage.usablePorts;
    if (ratio < 0.01 || ports < 2) return [];
    const severity: Severity = ratio >= 0.8 ? 'critical' : ratio >= 0.1 ? 'warning' : 'info';
    const worst = culprits[0]!;
    return [
      {
        severity,
        title: `${plural(ports, 'port')} of the range (${percent(ratio)}) are lost to every connect(): held explicitly, most by ${ownerText(worst.owner)}`,
        why: `A port that a program took by bind(), also by bind(address, 0) without IP_BIND_ADDRESS_NO_PORT, is skipped by every connect() in this namespace, to any destination and from any source address, until the last such socket and its TIME_WAIT are gone. Here: ${culprits
          .slice(0, 4)
          .map((group) => `${grouped(group.ports)} ${kinds[group.kind]} (${ownerText(group.owner)}; ${group.evidence})`)
          .join('; ')}.`,
        evidence: [
          { name: 'poisonedPorts', value: ports, unit: 'ports' },
          { name: 'usablePorts', value: usage.usablePorts, unit: 'ports' },
          { name: 'evidence', value: worst.evidence },
        ],
        remedies: [
          { title: 'In the program: set IP_BIND_ADDRESS_NO_PORT before bind(address, 0). Node\'s localAddress, and libraries that bind a source address, do not', risk: 'None: the port is then chosen by connect().' },
          { title: 'See who holds one of these ports', command: `fourtuple who ${worst.examples[0] ?? usage.localPortRange.low}`, risk: 'None: it only reads.' },
          ...present(widenRange(settings, usage)),
        ],
      },
    ];
  },
};
