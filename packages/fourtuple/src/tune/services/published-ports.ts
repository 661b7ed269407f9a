import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = '/var/lib/docker/containers';

/** A port of the host that Docker publishes for a container, running or not. */
export interface PublishedPort {
  readonly port: number;
  readonly container: string;
}

/** Published ports of all containers that Docker knows; none where there is no Docker, or it may not be read. */
export function publishedPorts(folder = FOLDER): PublishedPort[] {
  let ids: string[];
  try {
    ids = readdirSync(folder);
  } catch {
    return [];
  }
  return ids.flatMap((id) => {
    const host = readJson(`${folder}/${id}/hostconfig.json`) as { PortBindings?: Record<string, readonly { HostPort?: string }[] | null> } | undefined;
    const about = readJson(`${folder}/${id}/config.v2.json`) as { Name?: string } | undefined;
    const container = about?.Name?.replace(/^\//, '') ?? id.slice(0, 12);
    return Object.values(host?.PortBindings ?? {}).flatMap((bindings) => (bindings ?? []).flatMap(({ HostPort = '' }) => portsOf(HostPort).map((port) => ({ port, container }))));
  });
}

/** `8080` or `8000-8010`; empty is one that the kernel chooses. */
function portsOf(text: string): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return [];
  const low = Number(match[1]);
  const high = Number(match[2] ?? low);
  return low < 1 || high > 65535 || high < low ? [] : Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
