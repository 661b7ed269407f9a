import { grouped, plural } from '../../model/index.ts';
import type { TupleUsage } from '../../usage/index.ts';
import type { Finding, Inspected, Rule, Severity } from '../finding.ts';
import { lessConnections, present, reuseTimeWait, widenRange } from '../remedies.ts';
import { tupleText, usedText } from '../texts.ts';

export const tupleExhausted: Rule = {
  id: 'tuple-exhausted',
  summary: 'No source port is left for a (source, destination, port): every further connect() fails with EADDRNOTAVAIL.',
  severity: 'critical when a tuple has no free port',
  advice: 'Reuse connections to that destination; let TIME_WAIT be reused where it fills the pool; widen the range with service ports reserved; add a source or destination address.',
  evidence: 'used, capacity, timeWait, reusableTimeWait, poisonedPorts',
  inspect: (inspected) =>
    fullest(inspected, (tuple) => tuple.free <= 0).map((tuple) =>
      describeTuple(inspected, tuple, 'critical', `${tupleText(tuple)} is exhausted: ${usedText(tuple)}`, 'The next connect() of any program to this destination from this address fails at once with EADDRNOTAVAIL ("Cannot assign requested address"). No kernel counter records it.'),
    ),
};

/** The fullest tuples that satisfy a condition; rows come fullest first. */
export function fullest({ usage }: Inspected, condition: (tuple: TupleUsage) => boolean, most = 10): TupleUsage[] {
  const found: TupleUsage[] = [];
  for (let rank = 0; rank < usage.tuples.length && found.length < most; rank++) {
    const tuple = usage.tuples.at(rank);
    if (!condition(tuple)) {
      // Capacity is the same for all tuples of a namespace, so the first that is not full enough ends the search.
      if (tuple.used < (usage.tuples.at(0)?.used ?? 0) / 4) break;
      continue;
    }
    found.push(tuple);
  }
  return found;
}

export function describeTuple(inspected: Inspected, tuple: TupleUsage, severity: Severity, title: string, why: string): Omit<Finding, 'id' | 'namespace' | 'reference'> {
  const holders = tuple.holders.slice(0, 3).map((holder) => `${holder.owner.command}/${holder.owner.pid}: ${holder.isEstimate ? 'about ' : ''}${plural(holder.ports, 'connection')}${holder.explicit > 0 ? `, ${grouped(holder.explicit)} of them explicit` : ''}`);
  if (tuple.timeWait > 0) holders.push(`${grouped(tuple.timeWait)} in TIME_WAIT, without a process`);
  return {
    severity,
    title,
    why: holders.length > 0 ? `${why} Held by ${holders.join('; ')}.` : why,
    evidence: [
      { name: 'used', value: tuple.used, unit: 'ports' },
      { name: 'capacity', value: tuple.capacity, unit: 'ports' },
      { name: 'timeWait', value: tuple.timeWait, unit: 'sockets' },
      { name: 'reusableTimeWait', value: tuple.reusableTimeWait, unit: 'sockets' },
      { name: 'poisonedPorts', value: inspected.usage.poisonedPorts, unit: 'ports' },
    ],
    remedies: [...lessConnections(tuple).slice(0, 1), ...present(reuseTimeWait(inspected.settings, tuple), widenRange(inspected.settings, inspected.usage)), ...lessConnections(tuple).slice(1)],
  };
}
