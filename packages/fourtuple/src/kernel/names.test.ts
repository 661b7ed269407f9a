import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readServices, userName } from './names.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourtuple-names-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('readServices', () => {
  const services = readServices(file('services', '# comment\nssh\t\t22/tcp\t\t\t# SSH\nhttp 80/tcp www www-http\ndomain 53/udp\ndomain 53/tcp\nsyslog 514/udp\nshell 514/tcp cmd syslog\nbroken\nbad x/tcp\nsctp 9/sctp\n'));

  it.each([
    ['ssh', 22],
    ['http', 80],
    ['www-http', 80],
    ['domain', 53],
    ['cmd', 514],
    ['syslog', 514],
    ['broken', undefined],
    ['bad', undefined],
    ['sctp', undefined],
    ['#', undefined],
  ])('%s: %s', (name, port) => {
    expect(services.get(name)).toBe(port);
  });

  it('is empty without the file', () => {
    expect(readServices('/nonexistent').size).toBe(0);
  });
});

describe('userName', () => {
  const path = file('passwd', 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n');

  it.each([
    [0, 'root'],
    [33, 'www-data'],
    [3, undefined],
  ])('%i: %s', (uid, name) => {
    expect(userName(uid, path)).toBe(name);
  });

  it('is undefined without the file', () => {
    expect(userName(0, '/nonexistent')).toBeUndefined();
  });
});
