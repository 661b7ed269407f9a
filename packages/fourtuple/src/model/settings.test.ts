import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../test/contract/hand-made.ts';
import { PortSet } from './port-set.ts';
import { usableCount, usablePorts } from './settings.ts';

describe('usable ports', () => {
  it.each([
    [[100, 109], '', 10],
    [[100, 109], '100,105-106', 7],
    [[100, 109], '50,99,110-120', 10],
    [[100, 109], '1-65535', 0],
    [[5, 5], '', 1],
    [[1, 65535], '', 65535],
    [[32768, 60999], '50051', 28231],
  ] as const)('%j with %j reserved are %i', (range, reserved, expected) => {
    const settings = settingsOf({ range, reserved });
    const usable = usablePorts(settings, new PortSet());
    expect(usable.size).toBe(expected);
    expect(usableCount(settings, usable)).toBe(expected);
  });

  it('forgets what the set held before', () => {
    const into = PortSet.of([1, 2, 3]);
    expect(usablePorts(settingsOf({ range: [100, 101] }), into).toString()).toBe('100-101');
  });
});
