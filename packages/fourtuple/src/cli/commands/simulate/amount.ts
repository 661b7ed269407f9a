import { QuantityError } from '../../../plan/errors.ts';
import { quantity } from '../../../plan/quantity.ts';
import { UsageError } from '../../errors.ts';

/** A parser of a flag that takes a number, a time or a share. */
export function amount(name: string, unit: 'number' | 'seconds' | 'share', low: number, high: number): (text: string) => number {
  return (text) => {
    try {
      return quantity(text, unit, { name, low, high });
    } catch (error) {
      if (error instanceof QuantityError) throw new UsageError(error.message);
      throw error;
    }
  };
}
