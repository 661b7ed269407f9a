/**
 * exp and ln from additions, multiplications and divisions alone: IEEE 754 fixes those to the last bit, whereas engines
 * differ in the last bit of Math.exp and Math.log. With them a seed gives the same run everywhere.
 */
const LN2_HIGH = 0.693147180369123816490;
const LN2_LOW = 1.90821492927058770002e-10;
const SMALLEST_EXPONENT = -1074;
const LARGEST_EXPONENT = 1023;

const powersOfTwo = new Float64Array(LARGEST_EXPONENT - SMALLEST_EXPONENT + 1);
powersOfTwo[-SMALLEST_EXPONENT] = 1;
for (let exponent = 1; exponent <= LARGEST_EXPONENT; exponent++) powersOfTwo[exponent - SMALLEST_EXPONENT] = powersOfTwo[exponent - 1 - SMALLEST_EXPONENT]! * 2;
for (let exponent = -1; exponent >= SMALLEST_EXPONENT; exponent--) powersOfTwo[exponent - SMALLEST_EXPONENT] = powersOfTwo[exponent + 1 - SMALLEST_EXPONENT]! / 2;

/** e^x, relative error below 1e-15. */
export function exp(x: number): number {
  if (x > 709.78) return Number.POSITIVE_INFINITY;
  if (!(x > -745)) return Number.isNaN(x) ? x : 0;
  const exponent = Math.round(x / LN2_HIGH);
  const rest = x - exponent * LN2_HIGH - exponent * LN2_LOW;
  let sum = 1;
  for (let degree = 14; degree > 0; degree--) sum = 1 + (sum * rest) / degree;
  // In two steps, since 2^1024 is no number.
  return exponent > LARGEST_EXPONENT ? sum * 2 * powersOfTwo[LARGEST_EXPONENT - SMALLEST_EXPONENT]! : sum * powersOfTwo[exponent - SMALLEST_EXPONENT]!;
}

/** Natural logarithm of a positive number, relative error below 1e-15. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  // The exponent by halving the distance to it.
  let low = SMALLEST_EXPONENT;
  let high = LARGEST_EXPONENT + 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (powersOfTwo[middle - SMALLEST_EXPONENT]! <= x) low = middle;
    else high = middle;
  }
  let mantissa = low < -LARGEST_EXPONENT ? (x * powersOfTwo[60 - SMALLEST_EXPONENT]!) / powersOfTwo[low + 60 - SMALLEST_EXPONENT]! : x / powersOfTwo[low - SMALLEST_EXPONENT]!;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    low++;
  }
  // ln m = 2·artanh((m - 1)/(m + 1)).
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let degree = 25; degree > 0; degree -= 2) sum = sum * square + 1 / degree;
  return low * LN2_HIGH + (2 * s * sum + low * LN2_LOW);
}
