import { hasOddSize, rangeSize } from '../../model/index.ts';
import type { Rule } from '../finding.ts';

export const rangeParity: Rule = {
  id: 'range-parity',
  summary: 'The range has an odd number of ports: a search may miss one of them.',
  severity: 'info',
  advice: 'Move one end of the range by one.',
  evidence: 'number of ports',
  inspect: ({ settings: { localPortRange } }) => {
    if (!hasOddSize(localPortRange)) return [];
    const { low, high } = localPortRange;
    // A range of one port can only grow.
    const mended = low < high ? { low: low + 1, high } : high < 65535 ? { low, high: high + 1 } : { low: low - 1, high };
    return [
      {
        severity: 'info',
        title: `The range ${low}-${high} has an odd number of ports (${rangeSize(localPortRange)})`,
        why: 'connect() and bind() take ports of one parity first and search an even number of them; with low and high of the same parity one port may go untried in a call. The kernel logs "prefer different parity for start/end values" once.',
        evidence: [{ name: 'ports', value: rangeSize(localPortRange), unit: 'ports' }],
        remedies: [{ title: 'Give the ends different parity', command: `sysctl -w net.ipv4.ip_local_port_range="${mended.low} ${mended.high}"`, risk: 'The range changes by one port; existing connections are untouched.' }],
      },
    ];
  },
};
