import { grouped, plural } from '../../model/index.ts';
import type { PortlessConnects, Rule } from '../finding.ts';
import { present, widenRange } from '../remedies.ts';
import { ownerText, tupleText } from '../texts.ts';

const MOST = 10;
const MOST_OWNERS = 3;

export const connectsWithoutPort: Rule = {
  id: 'connects-without-port',
  summary: 'connect() calls found no source port, as they were counted while fourtuple looked on: no counter of the kernel tells it.',
  severity: 'critical when it happened since the last look; told under --watch alone, where counting is allowed',
  advice: 'Reuse connections to that destination; add a source or destination address; see the tuple\'s own finding.',
  evidence: 'failures, failuresInAll',
  inspect: ({ settings, usage }, { portless = [], elapsedMs }) =>
    byTuple(portless).slice(0, MOST).map((own) => {
      const [first] = own;
      const recent = sum(own, 'recent');
      const owners = own.slice(0, MOST_OWNERS).map(({ owner, recent: count }) => `${ownerText(owner)} ${grouped(count)}`);
      return {
        severity: 'critical' as const,
        title: `${plural(recent, 'connect')} found no port${elapsedMs === undefined ? '' : ` in the last ${(elapsedMs / 1000).toFixed(elapsedMs < 10_000 ? 1 : 0)} s`}: ${tupleText(first!)}`,
        why: `Each failed with EADDRNOTAVAIL ("Cannot assign requested address"). By ${owners.join(', ')}${own.length > MOST_OWNERS ? ` and ${plural(own.length - MOST_OWNERS, 'more process', 'more processes')}` : ''}.`,
        evidence: [
          { name: 'failures', value: recent, unit: 'connects' },
          { name: 'failuresInAll', value: sum(own, 'total'), unit: 'connects' },
        ],
        remedies: [
          { title: 'Reuse connections to that destination (a pool, keep-alive) instead of opening one for each request', risk: 'None for the host; the program must bound its pool.' },
          ...present(widenRange(settings, usage)),
          { title: 'Give the program more source addresses (fourtuple spread, or fourtuple/pool in Node.js)', risk: 'The addresses must be this host\'s, and known to firewalls and to the destination.' },
        ],
      };
    }),
};

/** Of one tuple each, the busiest first; without those that did not fail lately. */
function byTuple(portless: readonly PortlessConnects[]): PortlessConnects[][] {
  const groups = new Map<string, PortlessConnects[]>();
  for (const one of portless) {
    if (one.recent === 0) continue;
    const key = tupleText(one);
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [one]);
    else own.push(one);
  }
  return [...groups.values()].map((own) => own.sort((left, right) => right.recent - left.recent)).sort((left, right) => sum(right, 'recent') - sum(left, 'recent'));
}

function sum(own: readonly PortlessConnects[], field: 'recent' | 'total'): number {
  return own.reduce((total, one) => total + one[field], 0);
}
