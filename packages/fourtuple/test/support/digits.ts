import { expect } from 'vitest';

/** Expects a number to be what is written, to the last digit that is written: 4.3596e-3 is from 4.35955e-3 to 4.35965e-3. */
export function expectDigits(value: number, written: string): void {
  expect(agrees(value, written), `${value} is ${written} to its last digit`).toBe(true);
}

export function agrees(value: number, written: string): boolean {
  const [mantissa, exponent = '0'] = written.toLowerCase().split('e');
  const decimals = mantissa!.split('.')[1]?.length ?? 0;
  const lastPlace = 10 ** (Number(exponent) - decimals);
  // A last digit beyond the 15th is not the number's own.
  return Math.abs(value - Number(written)) <= 0.5001 * lastPlace + 4 * Number.EPSILON * Math.abs(value);
}
