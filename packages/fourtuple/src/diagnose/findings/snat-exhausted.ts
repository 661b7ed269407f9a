import { grouped } from '../../model/index.ts';
import { grown } from '../growth.ts';
import type { Rule } from '../finding.ts';

/** `insert_failed` with `drop`: source NAT found no port. `drop` alone: the table was full (measured, client and router namespaces). */
export const snatExhausted: Rule = {
  id: 'snat-exhausted',
  summary: 'This host translates source addresses and found no port for some connections: their clients time out, and see no error of ports.',
  severity: 'warning when the counters grow, info when they grew at some time in the past',
  advice: 'More NAT addresses or destinations, a wider NAT port range, fewer and longer connections; random-fully lessens collisions.',
  evidence: 'conntrack.insert_failed, conntrack.drop',
  inspect: ({ counters }, context) => {
    const failed = counters['conntrack.insert_failed'] ?? 0;
    const dropped = counters['conntrack.drop'] ?? 0;
    if (failed === 0 || dropped === 0) return [];
    const growth = grown('conntrack.insert_failed', counters, context);
    return [
      {
        severity: growth.delta > 0 ? 'warning' : 'info',
        title: `Source NAT found no port for ${grouped(failed)} packets since the namespace began${growth.text}`,
        why: 'insert_failed that grows together with drop is SNAT without a free port for that (address, destination, port), or two connections racing for one: the first packet is dropped and the client waits a second or more. nf_nat tries 248 ports at most, so this begins before the range is full. drop that grows alone is a full table instead.',
        evidence: [
          { name: 'conntrack.insert_failed', value: failed, unit: 'packets' },
          { name: 'conntrack.drop', value: dropped, unit: 'packets' },
          { name: 'conntrack.count', value: counters['conntrack.count'] ?? 'unknown', unit: 'entries' },
        ],
        remedies: [
          { title: 'See which connections are translated', command: 'conntrack -L --src-nat', risk: 'None: it only reads; long on a busy router.' },
          { title: 'Give the NAT more source addresses, or spread over more destinations', risk: 'Firewalls elsewhere may expect the old addresses.' },
        ],
      },
    ];
  },
};
