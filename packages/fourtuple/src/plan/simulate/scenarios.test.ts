import { describe, expect, it } from 'vitest';
import { agrees, scenarios } from '../../../test/support/simulate-scenarios.ts';

/* The others stand in docs/concepts/simulation.md: scripts/simulate-table.mjs plays them all. */
const quick = scenarios.filter(({ isQuick }) => isQuick);

describe('formulas against simulation', () => {
  it('has thirty scenarios, a third of them quick ones', () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(30);
    expect(quick.length).toBeGreaterThanOrEqual(10);
    expect(new Set(scenarios.map(({ group, name }) => `${group} ${name}`)).size).toBe(scenarios.length);
  });

  it.each(quick)('$group: $name', (scenario) => {
    const played = scenario.play(0.25);
    expect({ ...played, agrees: agrees(scenario, played) }).toEqual({ ...played, agrees: true });
  });
});
