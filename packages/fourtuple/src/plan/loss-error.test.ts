import { describe, expect, it } from 'vitest';
import { Random } from '../../test/support/random.ts';
import { erlangB } from './erlang-b.ts';
import { lossStandardError } from './loss-error.ts';

/** Plays the chain of c ports for some holds, after as many to forget its start. */
function play(ports: number, offered: number, holds: number, random: Random): { attempts: number; lost: number } {
  let busy = Math.min(ports, Math.round(offered));
  let attempts = 0;
  let lost = 0;
  for (let time = -holds / 10; time < holds; ) {
    const rate = offered + busy;
    time -= Math.log(1 - random.next()) / rate;
    if (random.next() * rate >= offered) {
      busy--;
    } else {
      if (time >= 0) attempts++;
      if (busy < ports) busy++;
      else if (time >= 0) lost++;
    }
  }
  return { attempts, lost };
}

describe('lossStandardError', () => {
  it.each([
    [1, 1],
    [10, 10],
    [10, 20],
    [100, 90],
    [100, 100],
  ])('of %d ports and a load of %d is what runs scatter by', (ports, offered) => {
    const random = new Random(3);
    const loss = erlangB(ports, offered);
    const runs = 1000;
    let squares = 0;
    let all = 0;
    for (let run = 0; run < runs; run++) {
      const { attempts, lost } = play(ports, offered, 100, random);
      squares += (lost - loss * attempts) ** 2;
      all += attempts;
    }
    // A variance of 1,000 runs is off by 4.5 % (one standard deviation), and of few losses by more.
    const variance = lossStandardError(ports, offered, 1) ** 2;
    expect(Math.abs(squares / all / variance - 1)).toBeLessThan(0.15);
  });

  it('is larger than that of independent losses, and falls with the square root of the attempts', () => {
    expect(lossStandardError(100, 100, 1) ** 2 / erlangB(100, 100)).toBeCloseTo(9.95, 1);
    expect(lossStandardError(100, 100, 400_000)).toBeCloseTo(lossStandardError(100, 100, 100_000) / 2, 12);
  });

  it.each([[0, 1, 1], [1.5, 1, 1], [10, 1, 0], [10, 1, Number.NaN], [10, -1, 1]])('refuses (%d, %d, %d)', (ports, offered, attempts) => {
    expect(() => lossStandardError(ports, offered, attempts)).toThrow(RangeError);
  });
});
