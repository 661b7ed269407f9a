import type { Rule } from '../finding.ts';

export const finTimeoutTrap: Rule = {
  id: 'fin-timeout-trap',
  summary: 'tcp_fin_timeout is between 61 and 89: orphaned FIN_WAIT2 then lives shorter than with 60, not longer.',
  severity: 'info',
  advice: 'Return to 60.',
  evidence: 'tcp_fin_timeout',
  inspect: ({ settings: { tcpFinTimeoutSeconds: seconds } }) => {
    if (seconds === undefined || seconds <= 60 || seconds >= 90) return [];
    return [
      {
        severity: 'info',
        title: `tcp_fin_timeout=${seconds} makes orphaned FIN_WAIT2 live about ${2 * (seconds - 60)} s`,
        why: 'Above 60 the kernel keeps the orphan for T-60 seconds, and then a timewait bucket for T-60 more: 2 (T-60) in all. The setting has nothing to do with TIME_WAIT, which is 60 seconds, compiled in.',
        evidence: [{ name: 'net.ipv4.tcp_fin_timeout', value: seconds, unit: 'seconds' }],
        remedies: [{ title: 'Return to the default', command: 'sysctl -w net.ipv4.tcp_fin_timeout=60', risk: 'None.' }],
      },
    ];
  },
};
