import { percent, plural } from '../../model/index.ts';
import type { TupleUsage } from '../../usage/index.ts';
import type { Rule } from '../finding.ts';
import { present, reuseTimeWait } from '../remedies.ts';
import { tupleText } from '../texts.ts';
import { fullest } from './tuple-exhausted.ts';

const FULL_ENOUGH = 0.5;

export const twReuseOff: Rule = {
  id: 'tw-reuse-off',
  summary: 'A tuple is filled by TIME_WAIT that connect() could reuse if tcp_tw_reuse allowed it.',
  severity: 'warning from 50 % used when at least half of it is TIME_WAIT',
  advice: 'tcp_tw_reuse=1, timestamps on both ends; better, let the server close first or reuse connections.',
  evidence: 'timeWait, tcp_tw_reuse, tcp_timestamps',
  inspect: (inspected) => {
    const { settings } = inspected;
    if (settings.tcpTwReuse === 1 && settings.tcpTimestamps) return [];
    // Under 2 a loopback tuple is covered: what is not reusable there is too young, which no setting of ours changes.
    const isCovered = (tuple: TupleUsage): boolean => settings.tcpTimestamps && settings.tcpTwReuse === 2 && (tuple.source.isLoopback || tuple.destination.isLoopback);
    return fullest(inspected, (tuple) => !isCovered(tuple) && tuple.ratio >= FULL_ENOUGH && (tuple.timeWait - tuple.reusableTimeWait) * 2 >= tuple.used, 1).map((tuple) => {
      const reason = settings.tcpTimestamps
        ? settings.tcpTwReuse === 2
          ? 'tcp_tw_reuse is 2, which covers loopback alone'
          : 'tcp_tw_reuse is 0'
        : 'tcp_timestamps is 0, without which no TIME_WAIT is ever reused';
      return {
        severity: 'warning' as const,
        title: `${tupleText(tuple)} is ${percent(tuple.ratio)} used, ${plural(tuple.timeWait, 'port')} of it in TIME_WAIT, and ${reason}`,
        why: 'TIME_WAIT lasts 60 seconds, compiled in: tcp_fin_timeout does not change it. With tcp_tw_reuse=1 an outgoing connect() may take over one that is older than tcp_tw_reuse_delay, if both ends use timestamps. The better cure is not to close first, or to reuse connections.',
        evidence: [
          { name: 'timeWait', value: tuple.timeWait, unit: 'sockets' },
          { name: 'net.ipv4.tcp_tw_reuse', value: settings.tcpTwReuse },
          { name: 'net.ipv4.tcp_timestamps', value: settings.tcpTimestamps ? 1 : 0 },
        ],
        remedies: settings.tcpTimestamps
          ? present(reuseTimeWait(settings, tuple))
          : [{ title: 'Turn timestamps and reuse on', command: 'sysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_tw_reuse=1', risk: 'Acts on new connections only; 12 bytes more a segment.' }],
      };
    });
  },
};
