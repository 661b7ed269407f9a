import { release } from 'node:os';
import { traitsOfRelease, type PortRange } from '../model/index.ts';
import { SourceError } from './errors.ts';

/** The range that sockets are given as theirs (IP_LOCAL_PORT_RANGE), if any. */
export interface OwnPortRange {
  /** Value of the option, low in the low half; undefined to leave it away. */
  readonly option: number | undefined;
  /** The range as it was asked for; undefined for all ports. */
  readonly range: PortRange | undefined;
  /** Whether connect() goes through it port by port (Linux 6.8), so that it costs the same up to the last one. */
  readonly isSearchedByOnes: boolean;
}

/** A bound outside the range of the namespace counts as that range's own: this one is all of it. */
const ALL: PortRange = { low: 1, high: 65_535 };

/** @throws SourceError for what is no range */
export function ownPortRange(asked: PortRange | null | undefined): OwnPortRange {
  const byOnes = process.platform === 'linux' && traitsOfRelease(release()).rangeOptionTriesAll;
  if (asked === null) return { option: undefined, range: undefined, isSearchedByOnes: false };
  if (asked === undefined) return byOnes ? { option: valueOf(ALL), range: undefined, isSearchedByOnes: true } : { option: undefined, range: undefined, isSearchedByOnes: false };
  const { low, high } = asked;
  if (!(Number.isInteger(low) && Number.isInteger(high) && low >= 1 && low <= high && high <= 65_535)) throw new SourceError(`a range of ports is two of 1 to 65535, the lower first, not ${low} to ${high}`);
  return { option: valueOf(asked), range: asked, isSearchedByOnes: byOnes };
}

function valueOf({ low, high }: PortRange): number {
  return (low | (high << 16)) >>> 0;
}
