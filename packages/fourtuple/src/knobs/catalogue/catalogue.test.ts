import { describe, expect, it } from 'vitest';
import { findKnob, knobPath, knobs } from './index.ts';

describe('the catalogue of knobs', () => {
  it.each([
    ['net.ipv4.tcp_tw_reuse', 'net.ipv4.tcp_tw_reuse'],
    ['net/ipv4/tcp_tw_reuse', 'net.ipv4.tcp_tw_reuse'],
    ['/proc/sys/net/ipv4/tcp_tw_reuse', 'net.ipv4.tcp_tw_reuse'],
    [' tcp_tw_reuse ', 'net.ipv4.tcp_tw_reuse'],
    ['file-max', 'fs.file-max'],
    ['rlimit_nofile', 'RLIMIT_NOFILE'],
    ['tw_reuse', 'net.ipv4.tcp_tw_reuse'],
    ['fin_timeout', 'net.ipv4.tcp_fin_timeout'],
    ['reuse', undefined],
    ['max', undefined],
    ['', undefined],
    ['net.ipv4', undefined],
  ])('finds %j: %j', (name, key) => {
    expect(findKnob(name)?.key).toBe(key);
  });

  it.each([...knobs.values()].map((knob) => [knob.key, knob] as const))('%s: says what it does and does not, and contradicts itself nowhere', (key, knob) => {
    expect(knobPath(key)).not.toContain('.');
    expect(knob.does.length + knob.doesNot.length).toBeGreaterThan(1);
    for (const sentence of [knob.brief, ...knob.does, ...knob.doesNot, ...knob.interactions, ...knob.claims.flatMap(({ claim, truth }) => [claim, truth])]) expect(sentence).toMatch(/^[A-Z0-9IE].*\.$|^[a-z_0-9()]+.*\.$/);
    // A trap is accepted; what is refused is none.
    expect(knob.examples.filter(({ reads, trap }) => reads === undefined && trap !== undefined)).toEqual([]);
    expect(new Set(knob.examples.map(({ value }) => value)).size).toBe(knob.examples.length);
    expect(knob.defaultValue === undefined && knob.defaultNote === '').toBe(false);
  });
});
