import { describe, expect, it } from 'vitest';
import { severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { fileDescriptorsNearlyFull } from './file-descriptors-nearly-full.ts';

const host = (openFiles: number | undefined, fileMax: number | undefined): ReturnType<typeof inspectedOf> => inspectedOf([], { settings: { openFiles, fileMax } });

describe('file-descriptors-nearly-full', () => {
  it.each([
    [799, []],
    [800, ['warning']],
    [949, ['warning']],
    [950, ['critical']],
  ])('%i of 1,000 files: %j', (open, expected) => {
    expect(severities(fileDescriptorsNearlyFull, host(open, 1_000))).toEqual(expected);
  });

  it('takes the thresholds that it is given', () => {
    expect(severities(fileDescriptorsNearlyFull, host(500, 1_000), { thresholds: { warning: 0.5, critical: 0.6 } })).toEqual(['warning']);
  });

  it.each([
    [undefined, 1_000],
    [1_000, undefined],
    [10, 0],
  ])('is silent without numbers: %s of %s', (open, max) => {
    expect(severities(fileDescriptorsNearlyFull, host(open, max))).toEqual([]);
  });

  it('doubles the limit', () => {
    expect(told(fileDescriptorsNearlyFull, host(900, 1_000))[0]!.remedies[0]!.command).toBe('sysctl -w fs.file-max=2000');
  });
});
