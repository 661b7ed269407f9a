import { describe, expect, it } from 'vitest';
import { releaseAtLeast, traitsOfRelease } from './kernel-traits.ts';

describe('releaseAtLeast', () => {
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
    expect(releaseAtLeast(6, 8, text)).toBe(expected);
  });
});

describe('traitsOfRelease', () => {
  it.each([
    ['6.1.0', [false, false, false]],
    ['6.12.117', [false, true, false]],
    ['6.14.0-27-generic', [false, true, true]],
    ['6.17.7', [false, true, true]],
    ['6.17.8', [true, true, true]],
    ['6.18.44', [true, true, true]],
  ])('%s', (release, expected) => {
    const { portsRecover, rangeOptionTriesAll, hasReuseDelay } = traitsOfRelease(release);
    expect([portsRecover, rangeOptionTriesAll, hasReuseDelay]).toEqual(expected);
  });
});
