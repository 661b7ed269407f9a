import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineChartSvg, type LineChart } from './line-chart.ts';

const chart = (fields: Partial<LineChart> = {}): LineChart => ({ title: 'Loss', x: { title: 'rate' }, y: { title: 'loss', scale: 'log' }, series: [{ name: 'web', points: [[0, 0], [100, 1e-6], [200, 1e-2]] }], marks: [], ...fields });

const pointsOf = (svg: string): string[] => [...svg.matchAll(/points="([^"]*)"/g)].map((match) => match[1]!);

describe('lineChartSvg', () => {
  it('draws what a log scale can show, higher losses higher', () => {
    const [points] = pointsOf(lineChartSvg(chart()));
    const heights = points!.split(' ').map((point) => Number(point.split(',')[1]));
    expect(heights).toHaveLength(2);
    expect(heights[0]!).toBeGreaterThan(heights[1]!);
  });

  it('names its axes by powers of ten', () => {
    const svg = lineChartSvg(chart());
    for (const power of ['1e-6', '1e-4', '0.001', '0.01']) expect(svg).toContain(`>${power}<`);
  });

  it('has a legend for several series only, and its marks', () => {
    const two = chart({ series: [{ name: 'web', points: [[0, 1]] }, { name: 'db <1>', points: [[0, 2]] }], marks: [{ axis: 'x', at: 150, text: 'now' }, { axis: 'y', at: 0, text: 'never' }] });
    expect(lineChartSvg(two)).toContain('db &lt;1&gt;');
    expect(lineChartSvg(two)).toContain('>now<');
    expect(lineChartSvg(two)).not.toContain('never');
    expect(lineChartSvg(chart())).not.toContain('>web<');
  });

  it('is well formed and without NaN whatever the numbers', () => {
    const number = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number)), fc.constantFrom('linear', 'log'), fc.string(), (points, scale, title) => {
        const svg = lineChartSvg(chart({ title, series: [{ name: title, points }], y: { title: 'y', scale } }));
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        expect(svg.match(/</g)?.length).toBe(svg.match(/>/g)?.length);
      }),
    );
  });
});
