/**
 * Seeds of the evaluation suite. The rules were set on the tuning seeds alone; what is published comes from the held-out
 * seeds, on which no choice has been made. (Seeds 1001 to 1008 were held out at first, seen once during the work, and given up.)
 */
export const tuningSeeds: readonly number[] = seeds(1, 100);
export const heldOutSeeds: readonly number[] = seeds(2001, 100);
/** Some of the held-out seeds, for the short form in the tests. */
export const shortSeeds: readonly number[] = heldOutSeeds.slice(0, 20);

function seeds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
