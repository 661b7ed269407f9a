import type { PortRange } from '../../model/index.ts';
import { readVector } from './number.ts';
import { harmful, misread, refused, taken, type KeyState, type Reader } from './outcome.ts';
import { readPortList } from './port-list.ts';
import { octalTrap, restTrap } from './scalars.ts';

export const RANGE = 'net.ipv4.ip_local_port_range';
export const RESERVED = 'net.ipv4.ip_local_reserved_ports';
export const UNPRIVILEGED = 'net.ipv4.ip_unprivileged_port_start';

const DEFAULT_RANGE: PortRange = { low: 32768, high: 60999 };
const DEFAULT_START = 1024;

/** @source ipv4_local_port_range() */
export const localPortRange: Reader = (text, state) => {
  const read = readVector(text, 2, true);
  if (read === undefined) return refused(/^\s*\d+\s*[-,:]\s*\d+\s*$/.test(text) ? 'the two ports stand apart by blanks' : 'it is not two ports');
  const before = rangeOf(state(RANGE)) ?? DEFAULT_RANGE;
  const [low = before.low, high = before.high] = read.numbers;
  if (read.numbers.some((port) => port < 1 || port > 65535)) return refused('ports are from 1 to 65535');
  if (low > high) return refused(read.numbers.length === 1 ? `one number is the low end alone, and the high end is ${high}` : 'the low end is above the high end');
  const start = startOf(state(UNPRIVILEGED));
  if (low < start) return refused(`the low end is below ip_unprivileged_port_start, which is ${start}`);
  return taken(
    `${low}\t${high}`,
    read.numbers.length === 1 ? misread(`one number alone changes only the low end: the range becomes ${low} to ${high}`) : undefined,
    restTrap(read),
    octalTrap(text, read),
  );
};

/** @source ipv4_privileged_ports() */
export const unprivilegedPortStart: Reader = (text, state) => {
  const read = readVector(text, 1, true);
  const value = read?.numbers[0];
  if (read === undefined || value === undefined) return refused('it is no whole number');
  if (value < 0 || value > 65535) return refused('it is not from 0 to 65535');
  const { low } = rangeOf(state(RANGE)) ?? DEFAULT_RANGE;
  if (value > low) return refused(`it is above the low end of ip_local_port_range, which is ${low}`);
  return taken(String(value), restTrap(read), octalTrap(text, read));
};

export const reservedPorts: Reader = (text, state) => {
  const read = readPortList(text);
  if (read === undefined) return refused(whyNoList(text));
  const { low, high } = rangeOf(state(RANGE)) ?? DEFAULT_RANGE;
  let isWhole = true;
  for (let port = low; port <= high && isWhole; port++) isWhole = read.ports.has(port);
  return taken(
    read.ports.toString(),
    isWhole ? harmful(`every port of the range ${low} to ${high} is reserved: no connect() finds one`) : undefined,
    read.isCut ? misread('sysctl writes once, and the kernel takes no more than 4,095 bytes of a write: the rest of the list is dropped without a word') : undefined,
    octalTrap(text, read),
  );
};

function whyNoList(text: string): string {
  const list = text.trim();
  if (/\s/.test(list) && /^[\d\s,-]+$/.test(list)) return 'ports stand apart by commas alone, without blanks';
  if (/^[\d;,-]+$/.test(list) && list.includes(';')) return 'ports stand apart by commas, not semicolons';
  return 'it is not a list of ports from 0 to 65535 and ranges such as 3306,8000-8010';
}

/** `32768	60999`, as the kernel shows it. */
export function rangeOf(text: string | undefined): PortRange | undefined {
  const match = /^\s*(\d+)\s+(\d+)/.exec(text ?? '');
  return match === null ? undefined : { low: Number(match[1]), high: Number(match[2]) };
}

function startOf(text: string | undefined): number {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isNaN(value) ? DEFAULT_START : value;
}

/** A state of which nothing is known: the kernel's defaults. */
export const defaultState: KeyState = () => undefined;
