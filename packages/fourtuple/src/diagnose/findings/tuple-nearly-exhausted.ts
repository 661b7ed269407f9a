import { plural } from '../../model/index.ts';
import type { Rule } from '../finding.ts';
import { tupleText, usedText } from '../texts.ts';
import { describeTuple, fullest } from './tuple-exhausted.ts';

export const tupleNearlyExhausted: Rule = {
  id: 'tuple-nearly-exhausted',
  summary: 'A (source, destination, port) has few source ports left.',
  severity: 'warning from 80 %, critical from 95 % used (--warning, --critical)',
  advice: 'As for tuple-exhausted, before it happens.',
  evidence: 'used, capacity, timeWait, reusableTimeWait, poisonedPorts',
  inspect: (inspected, { thresholds }) =>
    fullest(inspected, (tuple) => tuple.free > 0 && tuple.ratio >= thresholds.warning).map((tuple) =>
      describeTuple(
        inspected,
        tuple,
        tuple.ratio >= thresholds.critical ? 'critical' : 'warning',
        `${tupleText(tuple)}: ${usedText(tuple)}, ${plural(tuple.free, 'port')} left`,
        'When the last port is taken, every further connect() to this destination from this address fails with EADDRNOTAVAIL.',
      ),
    ),
};
