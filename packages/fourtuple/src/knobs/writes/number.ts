/** A number at the start of a text, as proc_get_long() of the kernel reads it. */
export interface ReadNumber {
  /** Without its sign. */
  readonly magnitude: bigint;
  readonly isNegative: boolean;
  /** Characters taken. */
  readonly length: number;
  /** As the digits say it: `010` is 8. */
  readonly base: 8 | 10 | 16;
}

/** TMPBUFLEN - 1: a number of so many characters is refused. */
const LONGEST = 21;

const SPELLED = /^(-?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))/;

/**
 * Reads a number in C's spelling: decimal, 0x…, or octal after a 0.
 * @param separators what may follow it; the end of the text always may
 * @returns undefined where the kernel says EINVAL
 * @source proc_get_long(), strtoul_lenient(), kernel/sysctl.c
 */
export function readNumber(text: string, separators: string): ReadNumber | undefined {
  const match = SPELLED.exec(text.slice(0, LONGEST));
  if (match === null) return undefined;
  const [all, sign, hexadecimal, octal, decimal] = match;
  if (all.length === LONGEST) return undefined;
  const follower = text.charAt(all.length);
  if (follower !== '' && !separators.includes(follower)) return undefined;
  const magnitude = hexadecimal !== undefined ? BigInt(`0x${hexadecimal}`) : octal !== undefined ? BigInt(octal === '0' ? 0 : `0o${octal}`) : BigInt(decimal!);
  if (magnitude >= 1n << 64n) return undefined;
  return { magnitude, isNegative: sign === '-', length: all.length, base: hexadecimal !== undefined ? 16 : octal !== undefined && octal.length > 1 ? 8 : 10 };
}

/** What is read of a write of several numbers. */
export interface ReadVector {
  /** Signed. */
  readonly numbers: readonly number[];
  /** True when a number was spelled in octal: `010`. */
  readonly hasOctal: boolean;
  /** What follows the last number that was wanted, and is dropped. */
  readonly rest: string;
}

const BLANKS = ' \t\n';

/**
 * Up to `most` numbers between blanks, as proc_dointvec() (signed) and proc_douintvec() (of which one) read them.
 * @returns undefined where the kernel says EINVAL: no number at all, or something else than one where one may stand
 */
export function readVector(text: string, most: number, isSigned: boolean): ReadVector | undefined {
  let rest = text.slice(0, 4095);
  const numbers: number[] = [];
  let hasOctal = false;
  while (numbers.length < most) {
    // isspace() of the kernel knows U+00A0 too, as a byte of its own: in UTF-8 it never stands so.
    rest = rest.replace(/^[ \t\n\v\f\r]+/, '');
    if (rest === '') break;
    const read = readNumber(rest, BLANKS);
    if (read === undefined) return undefined;
    const limit = isSigned ? (read.isNegative ? 1n << 31n : (1n << 31n) - 1n) : (1n << 32n) - 1n;
    if (read.magnitude > limit || (read.isNegative && !isSigned)) return undefined;
    // Adding 0 makes 0 of -0.
    numbers.push((read.isNegative ? -Number(read.magnitude) : Number(read.magnitude)) + 0);
    hasOctal ||= read.base === 8;
    rest = rest.slice(read.length);
  }
  return numbers.length === 0 ? undefined : { numbers, hasOctal, rest: rest.trim() };
}
