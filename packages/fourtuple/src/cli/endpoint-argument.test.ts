import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literalAddress, parseEndpoint, resolveHost } from './endpoint-argument.ts';
import { UsageError } from './errors.ts';

function isSound(text: string): boolean {
  try {
    const { host, port } = parseEndpoint(text, 'it');
    return typeof host === 'string' && Number.isInteger(port) && port >= 0 && port <= 65535;
  } catch (error) {
    return error instanceof UsageError;
  }
}

describe('parseEndpoint', () => {
  it.each([
    ['127.0.0.1:3306', '127.0.0.1', 3306],
    ['[::]:80', '::', 80],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['[fe80::1%eth0]:22', 'fe80::1%eth0', 22],
    [':8080', '', 8080],
    ['*:80', '*', 80],
    ['3306', '', 3306],
    ['0', '', 0],
    ['db.example:5432', 'db.example', 5432],
    ['65535', '', 65535],
  ])('%s', (text, host, port) => {
    expect(parseEndpoint(text, 'it')).toEqual({ host, port });
  });

  it.each(['', ':', 'http', '127.0.0.1', '127.0.0.1:', '::1:80', '::1', '[::1]', '[::1]80', '[]:80', '1:2:3', ':65536', ':-1', ':8e1', ': 80', '80 ', '127.0.0.1:80/tcp', '[::1:80'])('%j is refused, with an example', (text) => {
    expect(() => parseEndpoint(text, 'what to bind')).toThrow(UsageError);
    expect(() => parseEndpoint(text, 'what to bind')).toThrow(/^what to bind is an address and a port, such as/);
  });

  it('throws nothing but UsageError, and what it takes is a port', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom(':', '[', ']', '::', '*', '0', '65535', '%', '\n', '.', '127.0.0.1', '\u0000'), fc.nat(99_999).map(String));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        expect(isSound(pieces.join(''))).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('the address of a host', () => {
  it.each([
    ['', '0.0.0.0'],
    ['*', '0.0.0.0'],
    ['::', '::'],
    ['10.0.0.9', '10.0.0.9'],
    ['::ffff:10.0.0.9', '10.0.0.9'],
  ])('%j is %s, without asking anybody', async (host, address) => {
    expect(literalAddress(host)!.toString()).toBe(address);
    expect((await resolveHost(host)).toString()).toBe(address);
  });

  it('of a name is asked of the resolver', async () => {
    expect((await resolveHost('localhost')).isLoopback).toBe(true);
  });

  it.each(['no-such-name.invalid', 'a b', '\u0000', '-', '999.1.1.1', 'x'.repeat(300)])('%j is refused as no name', async (host) => {
    expect(literalAddress(host)).toBeUndefined();
    await expect(resolveHost(host)).rejects.toThrow(UsageError);
  });
});
