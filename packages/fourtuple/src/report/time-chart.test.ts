import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderTimeChart } from './time-chart.ts';

const options = { title: 'A & B', formatStep: (step: number) => `step ${step}` };
const panel = (values: ArrayLike<number>, name = 'api') => ({ title: 'ports', lines: [{ name, values }], format: (value: number) => value.toFixed(2) });

describe('charts over time', () => {
  it('have a title, axes with round numbers, a line and a legend', () => {
    const svg = renderTimeChart([panel([0, 3, 7])], options);
    expect(svg).toContain('<title>A &amp; B</title>');
    expect([...svg.matchAll(/text-anchor="end">([\d.]+)</g)].map(([, text]) => text)).toEqual(['0.00', '2.00', '4.00', '6.00', '8.00']);
    expect(svg).toMatch(/points="84\.0,[\d.]+ 370\.7,[\d.]+ 657\.3,[\d.]+"/);
    expect(svg).toContain('>api</text>');
    expect(svg).toContain('>step 3</text>');
  });

  it('keep every peak of a long run', () => {
    const values = new Float64Array(1_000_000);
    values[777_777] = 100;
    const svg = renderTimeChart([panel(values)], options);
    expect(svg.length).toBeLessThan(100_000);
    // The top of the panel: the highest value there is.
    expect(svg).toMatch(/points="[^"]*,60\.0/);
  });

  it('are well-formed whatever is drawn', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.double({ min: 0, max: 1e15, noNaN: true })), { maxLength: 4 }), fc.string({ unit: 'binary' }), (lines, name) => {
        const svg = renderTimeChart(lines.map((values) => panel(values, name)), { ...options, title: name });
        expect(svg).not.toMatch(/NaN|Infinity|undefined|[\u0000-\u0009\u000B-\u001F]/);
        const text = svg.replaceAll(/<[a-z/][^<>]*>/g, '');
        expect(text).not.toMatch(/[<>]/);
        expect(svg.match(/<svg/g)).toHaveLength(1);
      }),
      { examples: [[[[5e-324]], '']] },
    );
  });
});
