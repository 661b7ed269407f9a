import { readFileSync } from 'node:fs';
import { AF_INET, loadLibc, SOCK_CLOEXEC, SOCK_DGRAM } from './libc.ts';
import { HOST_LITTLE_ENDIAN } from './netlink/message.ts';

/** Ports of /etc/services by name, TCP's where both protocols have one. Empty without the file. */
export function readServices(path = '/etc/services'): Map<string, number> {
  const services = new Map<string, number>();
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return services;
  }
  for (const line of text.split('\n')) {
    const [entry = ''] = line.split('#');
    const [name, number, ...aliases] = entry.trim().split(/\s+/);
    const match = /^(\d{1,5})\/(tcp|udp)$/.exec(number ?? '');
    if (name === undefined || match === null) continue;
    for (const known of [name, ...aliases]) if (!services.has(known) || match[2] === 'tcp') services.set(known, Number(match[1]));
  }
  return services;
}

/** Name of a user id, from /etc/passwd. */
export function userName(uid: number, path = '/etc/passwd'): string | undefined {
  try {
    for (const line of readFileSync(path, 'latin1').split('\n')) {
      const fields = line.split(':');
      if (fields[2] === String(uid)) return fields[0];
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** User id of a name, from /etc/passwd. */
export function userId(name: string, path = '/etc/passwd'): number | undefined {
  try {
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const fields = line.split(':');
      if (fields[0] === name) return Number(fields[2]);
    }
  } catch {
    return undefined;
  }
  return undefined;
}

const SIOCGIFINDEX = 0x8933;

/** Index of a network interface of the calling thread's namespace, by ioctl: /sys shows the namespace that mounted it. */
export function interfaceIndex(name: string): number | undefined {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > 15) return undefined;
  const libc = loadLibc();
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    const request = new Uint8Array(40);
    request.set(bytes);
    if (libc.ioctl(fd, SIOCGIFINDEX, request) < 0) return undefined;
    return new DataView(request.buffer).getInt32(16, HOST_LITTLE_ENDIAN);
  } finally {
    libc.close(fd);
  }
}
