import { grouped } from '../../model/index.ts';
import { grown } from '../growth.ts';
import type { Rule } from '../finding.ts';

export const acceptQueueOverflow: Rule = {
  id: 'accept-queue-overflow',
  summary: 'A listener here did not accept fast enough: clients see timeouts that look like port exhaustion on their side.',
  severity: 'warning when the counter grows, info when it grew at some time in the past',
  advice: 'Make the service accept faster; raise somaxconn and the backlog, and let it call listen() again.',
  evidence: 'TcpExt.ListenOverflows, TcpExt.ListenDrops, somaxconn',
  inspect: ({ counters, settings }, context) => {
    const total = counters['TcpExt.ListenOverflows'] ?? 0;
    if (total === 0) return [];
    const growth = grown('TcpExt.ListenOverflows', counters, context);
    return [
      {
        severity: growth.delta > 0 ? 'warning' : 'info',
        title: `Accept queues overflowed ${grouped(total)} times since the namespace began${growth.text}`,
        why: 'A full accept queue drops the handshake; the client retries and then times out. The queue is as long as the smaller of listen()\'s backlog and net.core.somaxconn at the time of listen(). It does not limit the number of connections.',
        evidence: [
          { name: 'TcpExt.ListenOverflows', value: total },
          { name: 'TcpExt.ListenDrops', value: counters['TcpExt.ListenDrops'] ?? 0 },
          { name: 'net.core.somaxconn', value: settings.somaxconn ?? 'unknown' },
        ],
        remedies: [
          { title: 'Find the listener whose queue is full (Recv-Q above Send-Q)', command: "ss -ltn", risk: 'None: it only reads.' },
          { title: 'Raise the ceiling, then restart the service so that it calls listen() again', command: `sysctl -w net.core.somaxconn=${Math.max(4096, (settings.somaxconn ?? 4096) * 2)}`, risk: 'Longer queues hide a slow service; memory of about 3 kB for each waiting connection.' },
        ],
      },
    ];
  },
};
