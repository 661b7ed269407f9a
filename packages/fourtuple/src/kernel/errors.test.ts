import { describe, expect, it } from 'vitest';
import { errnoCode, errnoOf, KernelError, reasonOf, UnsupportedError } from './errors.ts';
import { probeFeature, type Feature } from './features.ts';

describe('errnoCode', () => {
  it.each([
    [1, 'EPERM'],
    [11, 'EAGAIN'],
    [16, 'EBUSY'],
    [95, 'EOPNOTSUPP'],
    [98, 'EADDRINUSE'],
    [99, 'EADDRNOTAVAIL'],
    [105, 'ENOBUFS'],
    [512, 'errno 512'],
  ])('%i is %s', (errno, code) => {
    expect(errnoCode(errno)).toBe(code);
  });
});

describe('reasonOf', () => {
  it.each<[string, unknown, string]>([
    ['a system call', new KernelError('bind', 98), 'EADDRINUSE'],
    ['a file', Object.assign(new Error('open'), { code: 'ENOENT' }), 'ENOENT'],
    ['anything else', new Error('words'), 'words'],
    ['no error at all', 'text', 'text'],
  ])('of %s', (_, error, expected) => {
    expect(reasonOf(error)).toBe(expected);
  });
});

describe('errnoOf', () => {
  it.each<[unknown, string | undefined]>([
    [Object.assign(new Error('x'), { code: 'EACCES' }), 'EACCES'],
    [Object.assign(new Error('x'), { code: 5 }), undefined],
    [new Error('x'), undefined],
    [null, undefined],
  ])('%s: %s', (error, expected) => {
    expect(errnoOf(error)).toBe(expected);
  });
});

describe('probeFeature', () => {
  const feature = (probe: () => string): Feature => ({ name: 'x', purpose: 'p', since: '6.8', needs: 'n', without: 'w', probe });

  it('reports what the probe says', () => {
    expect(probeFeature(feature(() => 'works'))).toEqual({ name: 'x', purpose: 'p', since: '6.8', needs: 'n', without: 'w', available: true, detail: 'works' });
  });

  it.each<[string, Error, string]>([
    ['the errno', new KernelError('setsockopt', 1), 'EPERM'],
    ['the cause of what is not supported', new UnsupportedError('x', 'y', Object.assign(new Error('z'), { code: 'MODULE_NOT_FOUND' })), 'MODULE_NOT_FOUND'],
    ['what is needed', new UnsupportedError('x', 'y'), 'x is not available here; it needs y'],
    ['the words', new Error('hidden'), 'hidden'],
  ])('reports %s when it fails', (_, error, detail) => {
    expect(probeFeature(feature(() => { throw error; }))).toMatchObject({ available: false, detail });
  });
});
