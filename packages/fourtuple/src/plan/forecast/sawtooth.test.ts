import { describe, expect, it } from 'vitest';
import { seriesOf } from '../../../test/support/series-of.ts';
import { usualPeakBeforeRestart } from './sawtooth.ts';

const CAPACITY = 1000;
const DAYS = 2880;
const sawtooth = (peaks: readonly number[], period: number) => (minute: number): number => 100 + ((peaks[Math.floor(minute / period) % peaks.length]! - 100) * (minute % period)) / period;

describe('usualPeakBeforeRestart', () => {
  it('is the median of the peaks of the last two days', () => {
    expect(usualPeakBeforeRestart(seriesOf(DAYS, sawtooth([700], 360)), CAPACITY)).toBeCloseTo(700, -1.2);
    const mixed = usualPeakBeforeRestart(seriesOf(DAYS, sawtooth([600, 700, 800], 240)), CAPACITY);
    expect(mixed).toBeGreaterThan(670);
    expect(mixed).toBeLessThan(710);
  });

  it('forgets peaks older than that', () => {
    const peak = usualPeakBeforeRestart(seriesOf(3 * DAYS, (minute) => sawtooth([minute < DAYS ? 900 : 500], 360)(minute)), CAPACITY);
    expect(peak).toBeGreaterThan(480);
    expect(peak).toBeLessThan(510);
  });

  it.each([
    ['a flat series', () => 500],
    ['a day that rises and falls', (minute: number) => 500 + 400 * Math.sin((2 * Math.PI * minute) / 1440)],
    ['spikes', (minute: number) => (minute % 300 < 12 ? 900 : 300)],
    ['small falls', (minute: number) => 500 + (minute % 300) / 3],
    ['no samples', () => undefined],
  ])('is NaN for %s', (_, used) => {
    expect(usualPeakBeforeRestart(seriesOf(DAYS, used), CAPACITY)).toBeNaN();
  });

  it('sees a restart whose first minutes are a gap', () => {
    const peak = usualPeakBeforeRestart(seriesOf(DAYS, (minute) => (minute % 360 < 8 ? undefined : sawtooth([700], 360)(minute))), CAPACITY);
    expect(peak).toBeGreaterThan(680);
  });
});
