import { PortSet } from '../../model/index.ts';
import { readNumber } from './number.ts';

/**
 * PAGE_SIZE - 1: what is taken of one write(2). sysctl(8) writes no second one; libuv and the shells go on with the rest, which is
 * then added, and bash cuts a number in two on the way.
 */
const PAGE = 4095;

export interface ReadPortList {
  readonly ports: PortSet;
  readonly hasOctal: boolean;
  /** True when the list is longer than one write(2) takes: of what sysctl(8) writes the rest is dropped without a word. */
  readonly isCut: boolean;
}

/**
 * A list of ports and ranges as the kernel takes it.
 * @returns undefined where it says EINVAL
 * @source proc_do_large_bitmap(), kernel/sysctl.c
 */
export function readPortList(text: string): ReadPortList | undefined {
  const isCut = text.length > PAGE;
  let rest = text.slice(0, PAGE);
  const ports = new PortSet();
  let hasOctal = false;
  const skipNewlines = (): void => void (rest = rest.replace(/^\n+/, ''));
  skipNewlines();
  while (rest !== '') {
    const before = rest;
    const low = readNumber(rest, ',-\n');
    // A number that the cut may have shortened is left out, and so is what is behind it.
    if (isCut && rest.length - (low?.length ?? rest.length) <= 1) break;
    if (low === undefined || low.isNegative || low.magnitude > 65535n) return undefined;
    rest = rest.slice(low.length);
    hasOctal ||= low.base === 8;
    let high = low;
    if (rest.startsWith('-')) {
      rest = rest.slice(1);
      // The kernel's separators behind a range have the NUL byte among them.
      const second = readNumber(rest, ',\n\0');
      if (isCut && rest.length === (second?.length ?? rest.length)) {
        rest = before;
        break;
      }
      if (second === undefined || second.isNegative || second.magnitude > 65535n || second.magnitude < low.magnitude) return undefined;
      rest = rest.slice(second.length);
      hasOctal ||= second.base === 8;
      high = second;
    }
    ports.addRange(Number(low.magnitude), Number(high.magnitude));
    // One separator, which may be the last character.
    rest = rest.slice(1);
    skipNewlines();
  }
  return { ports, hasOctal, isCut };
}
