import { grouped, percent } from '../../model/index.ts';
import { grown } from '../growth.ts';
import type { Rule } from '../finding.ts';

const NEARLY_FULL = 0.8;
/** What the kernel itself gives a small host. */
const SMALLEST_LIMIT = 4096;

export const timeWaitOverflow: Rule = {
  id: 'time-wait-overflow',
  summary: 'tcp_max_tw_buckets is reached: sockets skip TIME_WAIT, which frees their ports at once but drops its protection.',
  severity: 'warning when the counter grows or the table is 80 % full, info when it grew at some time in the past',
  advice: "Usually nothing for ports; raise tcp_max_tw_buckets if TIME_WAIT's protection is wanted.",
  evidence: 'TcpExt.TCPTimeWaitOverflow, sockets in TIME_WAIT, the limit',
  inspect: ({ counters, settings, usage }, context) => {
    const total = counters['TcpExt.TCPTimeWaitOverflow'] ?? 0;
    const growth = grown('TcpExt.TCPTimeWaitOverflow', counters, context);
    const limit = settings.tcpMaxTwBuckets;
    const held = counters['sockstat.TCP.tw'] ?? usage.sockets.timeWait;
    const ratio = limit === undefined || limit <= 0 ? 0 : held / limit;
    if (total === 0 && ratio < NEARLY_FULL) return [];
    const isNow = growth.delta > 0 || ratio >= NEARLY_FULL;
    return [
      {
        severity: isNow ? 'warning' : 'info',
        title: ratio >= NEARLY_FULL ? `TIME_WAIT sockets fill ${percent(ratio)} of tcp_max_tw_buckets (${grouped(held)} of ${grouped(limit ?? 0)})` : `TIME_WAIT was skipped ${grouped(total)} times since the namespace began${growth.text}`,
        why: 'Above tcp_max_tw_buckets a closing socket goes away without TIME_WAIT. For ports that is a relief; a late segment of the old connection may then meet a new one on the same four-tuple.',
        evidence: [
          { name: 'TcpExt.TCPTimeWaitOverflow', value: total },
          { name: 'timeWait', value: held, unit: 'sockets' },
          { name: 'net.ipv4.tcp_max_tw_buckets', value: limit ?? 'unknown' },
        ],
        remedies: limit === undefined || limit < 0 ? [] : [{ title: 'Raise the limit', command: `sysctl -w net.ipv4.tcp_max_tw_buckets=${limit === 0 ? SMALLEST_LIMIT : Math.max(limit * 2, held * 2)}`, risk: 'About 0.3 kB of kernel memory for each TIME_WAIT socket; TIME_WAIT then holds more ports.' }],
      },
    ];
  },
};
