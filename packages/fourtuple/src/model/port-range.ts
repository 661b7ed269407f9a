/** Inclusive range of ports, 1..65535, low <= high: the shape of `net.ipv4.ip_local_port_range`. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

/** The kernel's compiled default (Documentation/networking/ip-sysctl.rst). */
export const defaultLocalPortRange: PortRange = { low: 32768, high: 60999 };

/** Number of ports, reserved ones included. */
export function rangeSize(range: PortRange): number {
  return range.high - range.low + 1;
}

export function rangeContains(range: PortRange, port: number): boolean {
  return port >= range.low && port <= range.high;
}

/**
 * Low and high end of the same parity make an odd number of ports; the kernel's search may then miss one port per call
 * (`__inet_hash_connect` rounds the remaining ports down to even).
 */
export function hasOddSize(range: PortRange): boolean {
  return rangeSize(range) % 2 === 1;
}

/** Reads two whole numbers separated by blanks, `-`, `,` or `:`. @returns undefined when they are not a legal range. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^\s*(\d{1,5})[\s,:-]+(\d{1,5})\s*$/.exec(text);
  return match === null ? undefined : legalRange(Number(match[1]), Number(match[2]));
}

/** Reads the range as the kernel writes it: two numbers with a tab between. */
export function parseKernelRange(text: string): PortRange | undefined {
  const [low, high] = text.split('\t');
  return legalRange(Number(low), Number(high));
}

function legalRange(low: number, high: number): PortRange | undefined {
  return low >= 1 && high <= 65535 && low <= high ? { low, high } : undefined;
}
