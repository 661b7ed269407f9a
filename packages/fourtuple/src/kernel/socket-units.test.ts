import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { socketUnitsOf, type SocketUnit } from './socket-units.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fourtuple-units-'));
  for (const name of ['etc', 'lib']) mkdirSync(join(root, name));
});
afterEach(() => rmSync(root, { recursive: true }));

const unit = (path: string, text: string): void => writeFileSync(join(root, path), text);
const unitsOf = (port: number): SocketUnit[] => socketUnitsOf(port, ['etc', 'missing', 'lib'].map((name) => join(root, name)));
const of = (port: number): string[] => unitsOf(port).map(({ name }) => name);

describe('socketUnitsOf', () => {
  it.each(['ListenStream=8080', 'ListenStream=0.0.0.0:8080', 'ListenStream = [::]:8080 ', '  ListenDatagram=8080', 'ListenStream=/run/x\nListenStream=8080', 'ListenStream=[fe80::1%eth0]:8080', 'ListenStream=127.0.0.1:8080\r'])('%j', (line) => {
    unit('lib/app.socket', `[Socket]\n${line}\n`);
    expect(of(8080)).toEqual(['app.socket']);
    expect(of(80)).toEqual([]);
  });

  it.each(['#ListenStream=8080', 'ListenStream=80801', 'ListenStream=18080', 'ListenStream=/run/8080', 'ListenStream=@8080', 'ListenFIFO=8080', 'XListenStream=8080', 'ListenStream='])('%j is not about the port', (line) => {
    unit('lib/app.socket', `[Socket]\n${line}\n`);
    expect(of(8080)).toEqual([]);
  });

  it('knows sockets alone, those of the administrator first', () => {
    unit('lib/a.socket', 'ListenStream=22\n');
    unit('etc/z.socket', 'ListenStream=22\n');
    unit('lib/a.service', 'ListenStream=22\n');
    expect(of(22)).toEqual(['z.socket', 'a.socket']);
  });

  it('a file of the administrator hides the one of the distribution', () => {
    unit('lib/ssh.socket', 'ListenStream=22\n');
    unit('etc/ssh.socket', 'ListenStream=2222\n');
    expect([of(22), of(2222)]).toEqual([[], ['ssh.socket']]);
  });

  it.each(['etc/sockets.target.wants', 'lib/app.service.requires'])('one that %s links to is enabled', (folder) => {
    unit('lib/ssh.socket', 'ListenStream=22\n');
    unit('lib/other.socket', 'ListenStream=22\n');
    mkdirSync(join(root, folder));
    symlinkSync(join(root, 'lib/ssh.socket'), join(root, folder, 'ssh.socket'));
    expect(unitsOf(22).toSorted((left, right) => left.name.localeCompare(right.name))).toEqual([
      { name: 'other.socket', isEnabled: false },
      { name: 'ssh.socket', isEnabled: true },
    ]);
  });

  it('a masked unit wants no port, a dangling link is passed over', () => {
    unit('lib/ssh.socket', 'ListenStream=22\n');
    symlinkSync('/dev/null', join(root, 'etc/ssh.socket'));
    symlinkSync('/nowhere', join(root, 'etc/gone.socket'));
    mkdirSync(join(root, 'etc/dir.socket'));
    expect(of(22)).toEqual([]);
  });
});
