import { describe, expect, it } from 'vitest';
import { currentNamespace } from '../../src/kernel/index.ts';
import { hasOddSize } from '../../src/model/index.ts';
import { measure } from '../../src/observe/index.ts';
import { countTwins, socketsNow } from '../support/everything.ts';
import { fillBindPool, fillTuple } from '../support/fill.ts';
import { liveTestObstacle } from '../support/namespace.ts';
import { Population } from '../support/population.ts';
import { Random } from '../support/random.ts';

const populations = Number(process.env['FOURTUPLE_POPULATIONS'] ?? 500);
const firstSeed = Number(process.env['FOURTUPLE_SEED'] ?? 1);
const obstacle = liveTestObstacle();

describe(`exactness: the printed free is what the kernel allows${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  it.skipIf(obstacle !== undefined)(`${populations} random populations`, { timeout: populations * 2000 }, async () => {
    let tuples = 0;
    let pools = 0;
    const wrong: string[] = [];
    for (let seed = firstSeed; seed < firstSeed + populations; seed++) {
      const population = new Population(new Random(seed));
      if (population.settleMs > 0) await new Promise((resolve) => setTimeout(resolve, population.settleMs));
      try {
        const { usage } = measure(currentNamespace(), { owners: 'none', probes: 'all' });
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
    console.log(`exactness: ${populations} populations from seed ${firstSeed}, ${tuples} tuples and ${pools} bind pools compared`);
    expect(wrong.join('\n\n')).toBe('');
    expect(tuples).toBeGreaterThan(populations);
  });
});
