import { grouped, percent } from '../../model/index.ts';
import type { Rule } from '../finding.ts';

export const fileDescriptorsNearlyFull: Rule = {
  id: 'file-descriptors-nearly-full',
  summary: 'The host is near fs.file-max: socket() will fail with ENFILE before ports run out.',
  severity: 'warning from 80 %, critical from 95 % (--warning, --critical)',
  advice: 'Raise fs.file-max, or find the leak.',
  evidence: 'open files, fs.file-max',
  isHostWide: true,
  inspect: ({ settings }, { thresholds }) => {
    const { openFiles, fileMax } = settings;
    if (openFiles === undefined || fileMax === undefined || fileMax <= 0 || openFiles / fileMax < thresholds.warning) return [];
    return [
      {
        severity: openFiles / fileMax >= thresholds.critical ? 'critical' : 'warning',
        title: `Open files of the host: ${grouped(openFiles)} of ${grouped(fileMax)} (${percent(openFiles / fileMax)})`,
        why: 'Each socket with a process is an open file. At the limit socket() and accept() fail with ENFILE, in every container.',
        evidence: [
          { name: 'openFiles', value: openFiles, unit: 'files' },
          { name: 'fs.file-max', value: fileMax, unit: 'files' },
        ],
        remedies: [{ title: 'Raise the limit', command: `sysctl -w fs.file-max=${fileMax * 2}`, risk: 'More kernel memory may be taken by files.' }],
      },
    ];
  },
};
