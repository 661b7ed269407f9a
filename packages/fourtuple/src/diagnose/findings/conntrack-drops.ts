import { grouped } from '../../model/index.ts';
import { grown } from '../growth.ts';
import type { Rule } from '../finding.ts';

export const conntrackDrops: Rule = {
  id: 'conntrack-drops',
  summary: 'The connection tracking table was full at some time: packets of new connections were dropped.',
  severity: 'warning when the counter grows, info when it grew at some time in the past',
  advice: 'Raise nf_conntrack_max, or shorten the timeouts of what fills the table.',
  evidence: 'conntrack.drop, conntrack.insert_failed, nf_conntrack_max',
  inspect: ({ counters, settings }, context) => {
    const dropped = counters['conntrack.drop'] ?? 0;
    // With insert_failed it is SNAT, which has a rule of its own.
    if (dropped === 0 || (counters['conntrack.insert_failed'] ?? 0) > 0) return [];
    const growth = grown('conntrack.drop', counters, context);
    return [
      {
        severity: growth.delta > 0 ? 'warning' : 'info',
        title: `Connection tracking dropped ${grouped(dropped)} packets since the namespace began${growth.text}`,
        why: 'A full table drops the first packet of new connections: TCP connects time out, UDP sends fail with EPERM, and no error names a port.',
        evidence: [
          { name: 'conntrack.drop', value: dropped, unit: 'packets' },
          { name: 'conntrack.count', value: counters['conntrack.count'] ?? 'unknown', unit: 'entries' },
          { name: 'nf_conntrack_max', value: settings.conntrackMax ?? 'unknown', unit: 'entries' },
        ],
        remedies: settings.conntrackMax === undefined ? [] : [{ title: 'Raise the limit (in the initial namespace)', command: `sysctl -w net.netfilter.nf_conntrack_max=${settings.conntrackMax * 2}`, risk: 'About 0.3 kB of kernel memory for each entry.' }],
      },
    ];
  },
};
