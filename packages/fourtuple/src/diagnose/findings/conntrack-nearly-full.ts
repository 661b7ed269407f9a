import { grouped, percent } from '../../model/index.ts';
import type { Rule } from '../finding.ts';

export const conntrackNearlyFull: Rule = {
  id: 'conntrack-nearly-full',
  summary: 'The connection tracking table is nearly full: new connections are dropped, TCP times out, UDP sends fail with EPERM.',
  severity: 'warning from 75 %, critical from 95 % of nf_conntrack_max',
  advice: 'Raise nf_conntrack_max, or shorten the timeouts of what fills the table.',
  evidence: 'entries, limit, conntrack.drop, conntrack.insert_failed',
  inspect: ({ counters, settings }) => {
    const count = counters['conntrack.count'];
    const max = settings.conntrackMax;
    if (count === undefined || max === undefined || max <= 0 || count / max < 0.75) return [];
    return [
      {
        severity: count / max >= 0.95 ? 'critical' : 'warning',
        title: `The connection tracking table is ${percent(count / max)} full: ${grouped(count)} of ${grouped(max)} entries`,
        why: 'When it is full the kernel drops the packets of new connections: connect() times out, which is not port exhaustion. The count is of this namespace, the limit one for all.',
        evidence: [
          { name: 'conntrack.count', value: count, unit: 'entries' },
          { name: 'nf_conntrack_max', value: max, unit: 'entries' },
          { name: 'conntrack.drop', value: counters['conntrack.drop'] ?? 0 },
          { name: 'conntrack.insert_failed', value: counters['conntrack.insert_failed'] ?? 0 },
        ],
        remedies: [{ title: 'Raise the limit (in the initial namespace)', command: `sysctl -w net.netfilter.nf_conntrack_max=${max * 2}`, risk: 'About 0.3 kB of kernel memory for each entry.' }],
      },
    ];
  },
};
