import { describe, expect, it } from 'vitest';
import { currentNamespace } from '../../src/kernel/index.ts';
import { hasOddSize } from '../../src/model/index.ts';
import { loadBpfReaders, measure } from '../../src/observe/index.ts';
import type { Evidence } from '../../src/usage/index.ts';
import { countTwins, socketsNow } from '../support/everything.ts';
import { fillBindPool, fillTuple } from '../support/fill.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { liveTestObstacle } from '../support/namespace.ts';
import { Population } from '../support/population.ts';
import { Random } from '../support/random.ts';

await loadBpfReaders();

const firstSeed = Number(process.env['FOURTUPLE_SEED'] ?? 1);

/** Ways to find out how ports are held. */
const ways = [
  { way: 'asking', probes: 'all', obstacle: liveTestObstacle(), usual: 500 },
  { way: 'reading bind buckets by BPF', probes: 'kernel', obstacle: bpfObstacle(), usual: 200 },
] as const;

/** How the kind of a port is known when nothing was asked or guessed. */
const certain: ReadonlySet<Evidence> = new Set(['kernel', 'listening', 'bound-idle', 'accepted']);

for (const { way, probes, obstacle, usual } of ways) describe(`exactness: the printed free is what the kernel allows, by ${way}`, () => {
  const populations = Number(process.env['FOURTUPLE_POPULATIONS'] ?? usual);

  it.skipIf(obstacle !== undefined)(`${populations} random populations${because(obstacle)}`, { timeout: populations * 2000 }, async () => {
    let tuples = 0;
    let pools = 0;
    let guessed = 0;
    const wrong: string[] = [];
    for (let seed = firstSeed; seed < firstSeed + populations; seed++) {
      const population = new Population(new Random(seed));
      if (population.settleMs > 0) await new Promise((resolve) => setTimeout(resolve, population.settleMs));
      try {
        const { usage } = measure(currentNamespace(), { owners: 'none', probes });
        if (probes === 'kernel') guessed += usage.limits.filter((limit) => limit.includes('inferred')).length + usage.poisoned.filter(({ evidence }) => !certain.has(evidence)).length;
        const sockets = socketsNow();
        const tolerance = hasOddSize(population.range) ? 1 : 0;
        const judge = (what: string, printed: number, allowed: number, unsure = 0): void => {
          if (Math.abs(printed - allowed) > tolerance + unsure) wrong.push(`seed ${seed}: ${what}: printed ${printed}, the kernel allows ${allowed}\n${population.story.join('\n')}`);
        };
        for (const pool of usage.bindPools) {
          judge(`bind pool ${pool.protocol} ${pool.source.toString()}`, pool.free, fillBindPool(pool));
          pools++;
        }
        for (const tuple of usage.tuples.top()) {
          judge(`tuple ${tuple.source.toString()} -> ${tuple.destination.toString()}:${tuple.destinationPort} device ${tuple.device}`, tuple.free, fillTuple(tuple), countTwins(tuple, sockets));
          tuples++;
        }
      } finally {
        population.close();
      }
      if (wrong.length >= 3) break;
    }
    console.log(`exactness by ${way}: ${populations} populations from seed ${firstSeed}, ${tuples} tuples and ${pools} bind pools compared`);
    expect(wrong.join('\n\n')).toBe('');
    expect(guessed).toBe(0);
    expect(tuples).toBeGreaterThan(populations);
  });
});
