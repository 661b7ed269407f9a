import { grouped, percent } from '../../model/index.ts';
import type { Rule } from '../finding.ts';
import { tupleText } from '../texts.ts';
import { describeTuple, fullest } from './tuple-exhausted.ts';

/** Cost of one port tried by connect(), Linux 6.18, cache-warm; measured, machine dependent. */
const NANOSECONDS_PER_PORT = 49;
/** Below this pool size the search costs too little to matter. */
const SMALLEST_POOL = 2000;
const CLIFF = 0.5;

export const connectCliff: Rule = {
  id: 'connect-cliff',
  summary: 'More than half of the ports to a destination are taken: every connect() now searches half the range first.',
  severity: 'warning from 50 % used up to the warning threshold, for pools of at least 2,000 ports',
  advice: 'Set the socket option IP_LOCAL_PORT_RANGE in the program (Linux 6.8 and later), or bring the tuple below half by the remedies of tuple-exhausted. See concepts/cliff.md.',
  evidence: 'used, capacity, portsScannedPerConnect',
  inspect: (inspected, { thresholds }) =>
    fullest(inspected, (tuple) => tuple.ratio > CLIFF && tuple.ratio < thresholds.warning && tuple.capacity >= SMALLEST_POOL, 3).map((tuple) => {
      const scanned = Math.floor(tuple.capacity / 2);
      const found = describeTuple(
        inspected,
        tuple,
        'warning',
        `${tupleText(tuple)} is past the 50 % cliff (${percent(tuple.ratio)} used): each connect() tries about ${grouped(scanned)} ports`,
        `connect() prefers one parity of ports; once those are gone it scans all of them at every call, about ${grouped((scanned * NANOSECONDS_PER_PORT) / 1000)} microseconds of CPU where it was 10 to 30 before. A program that sets IP_LOCAL_PORT_RANGE on its sockets (Linux 6.8 and later) does not pay this.`,
      );
      return {
        ...found,
        evidence: [...found.evidence, { name: 'portsScannedPerConnect', value: scanned, unit: 'ports' }],
        remedies: [{ title: 'In the program: set the socket option IP_LOCAL_PORT_RANGE to the whole range before connect() (Linux 6.8 and later)', risk: 'None known; older kernels ignore the benefit.' }, ...found.remedies],
      };
    }),
};
