import { readVector, type ReadVector } from './number.ts';
import { misread, refused, taken, type Reader, type Trap } from './outcome.ts';

export interface NumberRules {
  readonly isSigned: boolean;
  readonly low: number;
  readonly high: number;
  /** What is to be said of a value that is taken. */
  readonly trap?: (value: number) => Trap | undefined;
}

/** One whole number. @source proc_dointvec_minmax(), proc_dou8vec_minmax(), proc_douintvec_minmax() */
export function wholeNumber({ isSigned, low, high, trap }: NumberRules): Reader {
  return (text) => {
    const read = readVector(text, 1, isSigned);
    const value = read?.numbers[0];
    if (read === undefined || value === undefined) return refused('it is no whole number');
    if (value < low || value > high) return refused(`it is not from ${low} to ${high}`);
    return taken(String(value), trap?.(value), octalTrap(text, read), restTrap(read));
  };
}

export const INT_MAX = 2 ** 31 - 1;

/** Kernels have 100, 250, 300 or 1,000 timer ticks a second; between these bounds it depends on that. */
const SECONDS_TAKEN_BY_ALL = Math.floor(INT_MAX / 1000);
const SECONDS_TAKEN_BY_SOME = Math.floor(INT_MAX / 100);

/** Whole seconds, kept as timer ticks. @source proc_dointvec_jiffies() */
export function seconds(trap?: (value: number) => Trap | undefined): Reader {
  return (text) => {
    const read = readVector(text, 1, true);
    const value = read?.numbers[0];
    if (read === undefined || value === undefined) return refused('it is no whole number');
    if (Math.abs(value) > SECONDS_TAKEN_BY_SOME) return refused('it is too large');
    if (Math.abs(value) > SECONDS_TAKEN_BY_ALL) return { kind: 'unknown' };
    return taken(String(value), trap?.(value), octalTrap(text, read), restTrap(read));
  };
}

/** What is not tried on a machine that others use: a plain decimal number is taken to be taken, of any other nothing is said. */
export function plainNumber(text: string): ReturnType<Reader> {
  const digits = /^\d{1,18}$/.exec(text.trim())?.[0];
  if (digits === undefined || (digits.length > 1 && digits.startsWith('0'))) return { kind: 'unknown' };
  return taken(digits);
}

/** Three of these. */
export function plainTriple(text: string): ReturnType<Reader> {
  const parts = text.trim().split(/[ \t]+/);
  if (parts.length !== 3 || parts.some((part) => plainNumber(part).kind !== 'ok')) return { kind: 'unknown' };
  return taken(parts.join('\t'));
}

export function octalTrap(text: string, { hasOctal }: Pick<ReadVector, 'hasOctal'>): Trap | undefined {
  return hasOctal ? misread(`a number that begins with 0 is octal: ${text.trim().replace(/[\s,-].*$/s, '')}${/[\s,-]/.test(text.trim()) ? ' …' : ''}`) : undefined;
}

export function restTrap({ rest, numbers }: ReadVector): Trap | undefined {
  return rest === '' ? undefined : misread(`what follows the ${numbers.length === 2 ? 'second ' : ''}number is dropped: "${rest}"`);
}
