import { UseSeries } from '../../src/plan/forecast/use-series.ts';

/** A series of one sample a minute; undefined is a gap. */
export function seriesOf(minutes: number, used: (minute: number) => number | undefined): UseSeries {
  const series = new UseSeries();
  for (let minute = 0; minute < minutes; minute++) {
    const value = used(minute);
    if (value !== undefined) series.add(60 * minute, value);
  }
  return series;
}
