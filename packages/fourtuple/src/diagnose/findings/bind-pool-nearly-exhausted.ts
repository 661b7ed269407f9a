import type { Rule } from '../finding.ts';
import { describePool, relevantPools } from './bind-pool-exhausted.ts';

export const bindPoolNearlyExhausted: Rule = {
  id: 'bind-pool-nearly-exhausted',
  summary: 'bind(source, 0) has few ports left.',
  severity: 'warning from 80 %, critical from 95 % when programs bind this way, or for UDP; info otherwise',
  advice: 'As for bind-pool-exhausted, before it happens.',
  evidence: 'used, capacity',
  inspect: (inspected, { thresholds }) =>
    relevantPools(inspected, (pool) => pool.free > 0 && pool.ratio >= thresholds.warning).map((pool) => describePool(inspected, pool, pool.ratio >= thresholds.critical ? 'critical' : 'warning', 'is nearly exhausted')),
};
