import { spawnSync } from 'node:child_process';
import { stateLabel, type SocketCursor } from '../../src/model/index.ts';

const AF_INET = 2;

/** Why ss cannot be compared with, or undefined when it can. */
export function ssObstacle(): string | undefined {
  const { error, status } = spawnSync('ss', ['-V']);
  return error === undefined && status === 0 ? undefined : 'ss of iproute2 is not installed';
}

export interface SsAnswer {
  /** One line a socket, `STATE local remote`, as {@link ssLine} writes it, sorted. */
  readonly lines: string[];
  /** What ss complained about; empty when it did not. */
  readonly complaint: string;
}

/** Runs `ss -anH` in this thread's namespace. @param onlyState the one state asked for: ss leaves its column out then. */
export function runSs(protocol: 'tcp' | 'udp', words: readonly string[] = [], onlyState?: number): SsAnswer {
  const { stdout, stderr, status } = spawnSync('ss', [protocol === 'tcp' ? '-tanH' : '-uanH', ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const lines = stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const fields = line.trim().split(/\s+/);
      const hasState = !/^\d+$/.test(fields[0]!);
      if (!hasState && onlyState === undefined) throw new Error(`ss printed no state although several were asked for by ${words.join(' ')}: ${line}`);
      const [local, remote] = fields.slice(hasState ? 3 : 2);
      return `${hasState ? fields[0]! : stateLabel(onlyState!)} ${local} ${remote}`;
    });
  return { lines: lines.toSorted(), complaint: status === 0 ? '' : `${stderr.trim()} (exit code ${status})` };
}

/** A socket as ss prints it. @param deviceName of its SO_BINDTODEVICE interface, if it has one. */
export function ssLine(socket: SocketCursor, deviceName = 'lo'): string {
  const isWild = socket.family !== AF_INET && socket.v6Only !== 1;
  const host = (address: ReturnType<SocketCursor['localAddress']>): string => {
    if (socket.family === AF_INET) return address.toString();
    return isWild && address.isUnspecified && !address.isIpv4 ? '*' : `[${address.toMappedString()}]`;
  };
  const device = socket.interfaceIndex === 0 ? '' : `%${deviceName}`;
  const port = (number: number): string => (number === 0 ? '*' : String(number));
  return `${stateLabel(socket.state)} ${host(socket.localAddress())}${device}:${port(socket.localPort)} ${host(socket.remoteAddress())}:${port(socket.remotePort)}`;
}
