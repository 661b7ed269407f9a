import { readdirSync, readFileSync } from 'node:fs';

const FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

/** A systemd unit that would listen on a port. */
export interface SocketUnit {
  readonly name: string;
  /** Started at boot: some other unit wants or requires it. */
  readonly isEnabled: boolean;
}

/** systemd socket units that name a TCP or UDP port in ListenStream= or ListenDatagram=, those of the first folder before the others'. */
export function socketUnitsOf(port: number, folders: readonly string[] = FOLDERS): SocketUnit[] {
  const units: string[] = [];
  const seen = new Set<string>();
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      if (!name.endsWith('.socket') || seen.has(name)) continue;
      // The first folder's file hides those of the same name in the others.
      seen.add(name);
      if (listensOn(`${folder}/${name}`, port)) units.push(name);
    }
  }
  if (units.length === 0) return [];
  const enabled = new Set(folders.flatMap((folder) => namesIn(folder).filter((name) => /\.(?:wants|requires|upholds)$/.test(name)).flatMap((name) => namesIn(`${folder}/${name}`))));
  return units.map((name) => ({ name, isEnabled: enabled.has(name) }));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function listensOn(path: string, port: number): boolean {
  try {
    for (const match of readFileSync(path, 'utf8').matchAll(/^\s*Listen(?:Stream|Datagram)\s*=\s*(\S+)\s*$/gm)) {
      const written = /^(?:.*:)?(\d{1,5})$/.exec(match[1]!)?.[1];
      if (written !== undefined && Number(written) === port) return true;
    }
  } catch {
    return false;
  }
  return false;
}
