import { describe, expect, it } from 'vitest';
import { kernelAtLeast } from './release.ts';

describe('kernelAtLeast', () => {
  it.each([
    ['6.18.44', true],
    ['6.8.0-45-generic', true],
    ['6.8', true],
    ['7.0-rc1', true],
    ['6.7.12', false],
    ['5.15.0', false],
    ['6.10.1', true],
    ['nonsense', false],
    ['', false],
  ])('6.8 of %j: %s', (text, expected) => {
    expect(kernelAtLeast(6, 8, text)).toBe(expected);
  });
});
