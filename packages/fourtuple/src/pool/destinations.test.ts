import { describe, expect, it } from 'vitest';
import { Destination, Destinations } from './destinations.ts';

const names = (destinations: Destinations, now: number): string[] => [...destinations.entries(now)].map(([name]) => name);

describe('Destination', () => {
  it('counts open connections and TIME_WAIT by source, each until its time is over', () => {
    const destination = new Destination(2);
    for (const source of [0, 0, 1]) destination.opened(source);
    expect([[...destination.used], destination.open, destination.waiting]).toEqual([[2, 1], 3, 0]);
    destination.closed(0, 100);
    destination.closed(1, undefined);
    expect([[...destination.used], destination.open, destination.waiting]).toEqual([[2, 0], 1, 1]);
    destination.expire(99);
    expect([...destination.used]).toEqual([2, 0]);
    destination.expire(100);
    expect([[...destination.used], destination.open, destination.waiting]).toEqual([[1, 0], 1, 0]);
  });

  it('keeps the order of thousands of TIME_WAIT, while they come and go', () => {
    const destination = new Destination(3);
    let waiting: { source: number; until: number }[] = [];
    for (let now = 0; now < 5000; now++) {
      // Waves: more come than go, then fewer.
      for (let index = 0; index < (now % 1000 < 500 ? 3 : 0); index++) {
        const source = (now + index) % 3;
        destination.opened(source);
        destination.closed(source, now + 600);
        waiting.push({ source, until: now + 600 });
      }
      destination.expire(now);
      waiting = waiting.filter(({ until }) => until > now);
      if (now % 97 !== 0) continue;
      const bySource = [0, 1, 2].map((source) => waiting.filter((one) => one.source === source).length);
      expect([[...destination.used], [...destination.waitingBySource()], destination.waiting]).toEqual([bySource, bySource, waiting.length]);
    }
    destination.expire(10_000);
    expect([[...destination.used], destination.isIdle]).toEqual([[0, 0, 0], true]);
  });

  it('knows a source that had no port, until the time that was named, or until one comes back', () => {
    const destination = new Destination(2);
    expect(destination.isEmpty(0, 0)).toBe(false);
    destination.markEmpty(0, 50);
    expect([destination.isEmpty(0, 49), destination.isEmpty(1, 49), destination.isEmpty(0, 50)]).toEqual([true, false, false]);
    destination.opened(1);
    destination.opened(0);
    destination.closed(1, undefined);
    expect(destination.isEmpty(0, 49)).toBe(true);
    destination.closed(0, undefined);
    expect(destination.isEmpty(0, 49)).toBe(false);
  });

  it('still has no port from a source whose connection left a TIME_WAIT', () => {
    const destination = new Destination(1);
    destination.opened(0);
    destination.markEmpty(0, 50);
    destination.closed(0, 60_000);
    expect(destination.isEmpty(0, 49)).toBe(true);
  });

  it('is idle when nothing is open, in TIME_WAIT, or known to be empty', () => {
    const destination = new Destination(1);
    expect(destination.isIdle).toBe(true);
    destination.opened(0);
    expect(destination.isIdle).toBe(false);
    destination.closed(0, 10);
    expect(destination.isIdle).toBe(false);
    destination.expire(10);
    expect(destination.isIdle).toBe(true);
    destination.markEmpty(0, 30);
    destination.expire(29);
    expect(destination.isIdle).toBe(false);
    destination.expire(30);
    expect(destination.isIdle).toBe(true);
  });
});

describe('Destinations', () => {
  it('forget one of which nothing is left', () => {
    const destinations = new Destinations(1);
    const one = destinations.at('192.0.2.1 80', 0);
    expect(destinations.at('192.0.2.1 80', 0)).toBe(one);
    one.opened(0);
    destinations.settle('192.0.2.1 80', one);
    expect(names(destinations, 0)).toEqual(['192.0.2.1 80']);
    one.closed(0, undefined);
    destinations.settle('192.0.2.1 80', one);
    expect(names(destinations, 0)).toEqual([]);
    expect(destinations.at('192.0.2.1 80', 0)).not.toBe(one);
  });

  it('do not forget one for another of the same name', () => {
    const destinations = new Destinations(1);
    const old = destinations.at('192.0.2.1 80', 0);
    destinations.settle('192.0.2.1 80', old);
    const fresh = destinations.at('192.0.2.1 80', 0);
    fresh.opened(0);
    destinations.settle('192.0.2.1 80', old);
    expect(destinations.at('192.0.2.1 80', 0)).toBe(fresh);
  });

  it('forget those whose TIME_WAIT is over when others come, and tell none of them', () => {
    const destinations = new Destinations(1);
    for (let index = 0; index < 1000; index++) {
      const destination = destinations.at(`192.0.2.1 ${index + 1}`, 0);
      destination.opened(0);
      destination.closed(0, 60_000);
      destinations.settle(`192.0.2.1 ${index + 1}`, destination);
    }
    expect(names(destinations, 59_999).length).toBe(1000);
    destinations.at('192.0.2.2 80', 60_000).opened(0);
    expect(names(destinations, 60_000)).toEqual(['192.0.2.2 80']);
  });
});
