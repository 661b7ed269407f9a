import { describe, expect, it } from 'vitest';
import { SpreadWordsError } from './errors.ts';
import { parseSpread, type SpreadWords } from './spec.ts';

describe('parseSpread', () => {
  it('takes addresses, ranges and prefixes, of both families, each once', () => {
    const { addresses, destinations, ports, includesLoopback } = parseSpread({ from: ['10.0.0.5-7, 10.0.0.6', '2001:db8::4/127,198.51.100.8/30'], to: ['10.1.0.0/16, 2001:db8::/32', '192.0.2.1'], ports: ['443, 8000-8099', '5432'], includesLoopback: true });
    expect(addresses.map(String)).toEqual(['10.0.0.5', '10.0.0.6', '10.0.0.7', '2001:db8::4', '2001:db8::5', '198.51.100.9', '198.51.100.10']);
    expect(destinations.map(({ address, bits }) => `${address.toString()}/${bits}`)).toEqual(['10.1.0.0/16', '2001:db8::/32', '192.0.2.1/32']);
    expect(ports).toEqual([{ low: 443, high: 443 }, { low: 8000, high: 8099 }, { low: 5432, high: 5432 }]);
    expect(includesLoopback).toBe(true);
  });

  it('is of every destination and port, but not of the host itself, when nothing else is said', () => {
    expect(parseSpread({ from: ['10.0.0.5'] })).toMatchObject({ destinations: [], ports: [], includesLoopback: false });
  });

  it.each<[Partial<SpreadWords>, RegExp]>([
    [{ from: [] }, /^--from: no source address is given\.$/],
    [{ from: [' , '] }, /^--from: no source address is given\.$/],
    [{ from: ['eth0'] }, /^--from: "eth0" is no address, range or prefix\.$/],
    [{ from: ['10.0.0.9-5'] }, /lowest first/],
    [{ from: ['0.0.0.0'] }, /every address/],
    [{ from: ['239.1.1.1'] }, /^--from: no connection can come from 239\.1\.1\.1\.$/],
    [{ from: ['255.255.255.255'] }, /255\.255\.255\.255/],
    [{ from: ['ff02::1'] }, /ff02::1/],
    [{ from: ['10.0.0.0/19'] }, /8,190 addresses; 4,096 are the most/],
    [{ from: ['10.0.0.0/8'] }, /65,536/],
    [{ to: ['example.com'] }, /^--to: "example\.com" is no address or prefix\.$/],
    [{ to: ['10.0.0.0/33'] }, /10\.0\.0\.0\/33/],
    [{ to: ['2001:db8::/32'] }, /^A destination of IPv6 is named, but no address of IPv6 to come from\.$/],
    [{ ports: ['http'] }, /^--port: "http" is no port or range of ports\.$/],
    [{ ports: ['0'] }, /"0"/],
    [{ ports: ['65536'] }, /"65536"/],
    [{ ports: ['9-8'] }, /"9-8"/],
    [{ ports: Array.from({ length: 65 }, (_, index) => String(index + 1)) }, /more than 64/],
  ])('%j is refused', (words, message) => {
    expect(() => parseSpread({ from: ['10.0.0.5'], ...words })).toThrow(SpreadWordsError);
    expect(() => parseSpread({ from: ['10.0.0.5'], ...words })).toThrow(message);
  });
});
