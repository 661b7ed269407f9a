import type { Rule } from '../finding.ts';

export const twRecycleOn: Rule = {
  id: 'tw-recycle-on',
  summary: 'tcp_tw_recycle is on (kernels before 4.12): it drops connections of clients behind NAT.',
  severity: 'warning',
  advice: 'Turn it off.',
  evidence: 'tcp_tw_recycle',
  inspect: ({ settings: { tcpTwRecycle } }) =>
    tcpTwRecycle === undefined || tcpTwRecycle === 0
      ? []
      : [
          {
            severity: 'warning',
            title: 'tcp_tw_recycle is on',
            why: 'It compares timestamps per peer address, so that of several clients behind one NAT all but one may be refused. It was removed in Linux 4.12.',
            evidence: [{ name: 'net.ipv4.tcp_tw_recycle', value: tcpTwRecycle }],
            remedies: [{ title: 'Turn it off', command: 'sysctl -w net.ipv4.tcp_tw_recycle=0', risk: 'TIME_WAIT sockets live their full 60 seconds again.' }],
          },
        ],
};
