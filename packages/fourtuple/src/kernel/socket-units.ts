import { readdirSync, readFileSync } from 'node:fs';

const FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

/** A systemd unit that would listen on a port. */
export interface SocketUnit {
  readonly name: string;
  /** Started at boot: some other unit wants or requires it. */
  readonly isEnabled: boolean;
}

/** A port that a systemd socket unit names in ListenStream= or ListenDatagram=. */
export interface SocketUnitPort extends SocketUnit {
  readonly port: number;
}

/** systemd socket units that name a TCP or UDP port, those of the first folder before the others'. */
export function socketUnitsOf(port: number, folders: readonly string[] = FOLDERS): SocketUnit[] {
  return socketUnitPorts(folders).filter((unit) => unit.port === port).map(({ name, isEnabled }) => ({ name, isEnabled }));
}

/** Every port that a systemd socket unit names. */
export function socketUnitPorts(folders: readonly string[] = FOLDERS): SocketUnitPort[] {
  const units: { name: string; port: number }[] = [];
  const seen = new Set<string>();
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      if (!name.endsWith('.socket') || seen.has(name)) continue;
      // The first folder's file hides those of the same name in the others.
      seen.add(name);
      for (const port of portsIn(`${folder}/${name}`)) units.push({ name, port });
    }
  }
  if (units.length === 0) return [];
  const enabled = new Set(folders.flatMap((folder) => namesIn(folder).filter((name) => /\.(?:wants|requires|upholds)$/.test(name)).flatMap((name) => namesIn(`${folder}/${name}`))));
  return units.map((unit) => ({ ...unit, isEnabled: enabled.has(unit.name) }));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function portsIn(path: string): Set<number> {
  const ports = new Set<number>();
  try {
    for (const match of readFileSync(path, 'utf8').matchAll(/^\s*Listen(?:Stream|Datagram)\s*=\s*(\S+)\s*$/gm)) {
      const port = Number(/^(?:.*:)?(\d{1,5})$/.exec(match[1]!)?.[1] ?? 0);
      if (port > 0 && port <= 65535) ports.add(port);
    }
  } catch {
    return ports;
  }
  return ports;
}
