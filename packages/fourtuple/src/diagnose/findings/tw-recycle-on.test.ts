import { describe, expect, it } from 'vitest';
import { severities } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { twRecycleOn } from './tw-recycle-on.ts';

describe('tw-recycle-on', () => {
  it.each([
    [undefined, []],
    [0, []],
    [1, ['warning']],
  ])('tcp_tw_recycle=%s: %j', (tcpTwRecycle, expected) => {
    expect(severities(twRecycleOn, inspectedOf([], { settings: { tcpTwRecycle } }))).toEqual(expected);
  });
});
