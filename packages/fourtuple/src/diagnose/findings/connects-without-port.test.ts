import { describe, expect, it } from 'vitest';
import { evidence, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { Address } from '../../model/index.ts';
import type { PortlessConnects } from '../finding.ts';
import { connectsWithoutPort } from './connects-without-port.ts';

const portless = (port: number, pid: number, recent: number, total = recent): PortlessConnects => ({ source: Address.parse('10.0.0.5')!, destination: Address.parse('10.0.0.9')!, destinationPort: port, owner: { pid, command: 'app', uid: 0, unit: undefined, container: undefined }, recent, total });

describe('connects-without-port', () => {
  it('is silent where nothing is counted, and where nothing failed lately', () => {
    expect(severities(connectsWithoutPort, inspectedOf([]))).toEqual([]);
    expect(severities(connectsWithoutPort, inspectedOf([]), { portless: [portless(80, 1, 0, 500)], elapsedMs: 5000 })).toEqual([]);
  });

  it('is critical for each tuple, the busiest first, and names who failed most', () => {
    const found = told(connectsWithoutPort, inspectedOf([]), { portless: [portless(80, 1, 3), portless(443, 2, 5, 50), portless(443, 3, 1000, 2000), portless(443, 4, 1), portless(443, 5, 2)], elapsedMs: 5000 });
    expect(found.map(({ severity, title }) => `${severity}: ${title}`)).toEqual(['critical: 1,008 connects found no port in the last 5.0 s: 10.0.0.5:many → 10.0.0.9:443', 'critical: 3 connects found no port in the last 5.0 s: 10.0.0.5:many → 10.0.0.9:80']);
    expect(found[0]!.why).toContain('By app/3 1,000, app/2 5, app/5 2 and 1 more process.');
    expect([evidence(found[0], 'failures'), evidence(found[0], 'failuresInAll')]).toEqual([1008, 2053]);
  });

  it('tells ten tuples at most', () => {
    expect(told(connectsWithoutPort, inspectedOf([]), { portless: Array.from({ length: 30 }, (_, index) => portless(index + 1, 1, 1)) })).toHaveLength(10);
  });
});
