import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../golden/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourtuple-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('fourtuple plan', () => {
  it('says what limits, in figures that the mathematics gives', async () => {
    const { exitCode: code, stdout: out } = await runInProcess('plan', '--rate', '470');
    expect(code).toBe(1);
    for (const words of ['TOO MUCH', '28,741 would be in use', '1.9 % of the connections fail (1 in 52)', 'safe up to 450.9 a second', 'Then the rates may be 2.21 x today', '2 source addresses instead of 1']) expect(out).toContain(words);
  });

  it('holds, and says until when', async () => {
    const { exitCode: code, stdout: out } = await runInProcess('plan', '--rate', '300', '--growth', '5%');
    expect(code).toBe(0);
    expect(out).toMatch(/^HOLDS .*1\.5 x today's.*8\.35 months/);
  });

  it('quiet is one line', async () => {
    expect((await runInProcess('plan', '--rate', '470', '--quiet')).stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('reads services from YAML and from JSON, alike', async () => {
    const yaml = file('services.yaml', 'host: { sources: 2 }\nservices:\n  - name: web\n    rate: 300   # a second\n    lifetime: 50ms\n  - { name: db, rate: 20, close: peer, bindsFirst: true }\n');
    const json = file('services.json', JSON.stringify({ host: { sources: 2 }, services: [{ name: 'web', rate: 300, lifetime: '50ms' }, { name: 'db', rate: 20, close: 'peer', bindsFirst: true }] }));
    const [one, other] = [await runInProcess('plan', '--services', yaml), await runInProcess('plan', '--services', json)];
    expect(one).toEqual(other);
    expect(one.stdout).toContain('db: 20 new connections');
  });

  it.each([
    ['broken.yaml', 'services: [', /broken\.yaml is not YAML or JSON: .* line 1/],
    ['wrong.yaml', 'services:\n  - rate: many\n', /"rate" of services\[0\] is such as 470, not "many"/],
    ['empty.yaml', '', /the plan has fields: services/],
    ['bomb.yaml', `a: &a [x]\nb: &b [${'*a,'.repeat(120)}]\nservices: [*b]\n`, /alias/],
  ])('refuses %s in one sentence', async (name, text, message) => {
    const { exitCode: code, stderr: err, stdout: out } = await runInProcess('plan', '--services', file(name, text));
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('writes a chart', async () => {
    const path = join(folder, 'loss.svg');
    await runInProcess('plan', '--rate', '470', '--svg', path);
    const svg = readFileSync(path, 'utf8');
    expect(svg).toMatch(/^<svg [^>]*>/);
    for (const words of ['planned', 'allowed', 'polyline']) expect(svg).toContain(words);
  });

  it.each([
    [['pool', '--rate', '500', '--request-time', '20ms'], 'Ports: 20.5 on average'],
    [['nat', 'gcp-nat-static', '--rate', '0.3', '--loss', '0.1%'], 'holds'],
    [['sources', '--rate', '1000', '--sources', '3'], '3 source addresses of 28,232 ports'],
  ])('%j', async (args, words) => {
    const { exitCode: code, stdout: out } = await runInProcess('plan', ...args);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(words) as string });
  });
});
