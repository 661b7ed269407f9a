/**
 * Erlang's loss formula: the probability that all c ports are taken when `a` would be busy on average, for Poisson
 * arrivals and any distribution of hold times (M/G/c/c; A. K. Erlang, 1917; insensitivity: Sevastyanov, 1957). For a
 * tuple's source ports it is what the kernel does (measured: Erlang 0.0757, kernel 0.074 to 0.081 over four distributions).
 *
 * Real c by the continued form ∫ e^-s (1 + s/a)^c ds = 1/(a-scaled B); exact to about 1e-13, O(√c) near c ≈ a.
 */
export function erlangB(servers: number, offered: number): number {
  requireLoad(servers, offered);
  if (offered === 0) return servers === 0 ? 1 : 0;
  if (servers === 0) return 1;
  if (offered < TINY && servers >= 1) return Math.exp(-lnInverseB(servers, offered));
  // Far below capacity the loss is the Poisson probability of c itself: P(N <= c) is 1 to the last digit.
  if (offered < servers - FAR * Math.sqrt(servers)) return Math.exp(lnPoisson(servers, offered));
  const whole = Math.floor(servers);
  const fraction = servers - whole;
  let term = 1;
  let sum = 1;
  for (let step = 0; step < whole; step++) {
    const left = servers - step;
    term *= left / offered;
    if (step === whole - 1 && fraction > 0) return 1 / (sum + term * inverseBelowOne(fraction, offered));
    sum += term;
    if (sum > HUGE) return Math.exp(-lnInverseB(servers, offered));
    // What remains is below a geometric series with this ratio.
    if (left < offered && term * offered < (offered - left) * sum * NEGLIGIBLE) break;
  }
  return whole === 0 ? 1 / inverseBelowOne(fraction, offered) : 1 / sum;
}

/** ln B(c, a), also where B is below the smallest number. */
export function lnErlangB(servers: number, offered: number): number {
  requireLoad(servers, offered);
  if (offered === 0) return servers === 0 ? 0 : Number.NEGATIVE_INFINITY;
  return servers === 0 ? 0 : -lnInverseB(servers, offered);
}

/** Load that c ports carry with a loss of at most p: the inverse of {@link erlangB} in a. */
export function offeredFor(servers: number, loss: number): number {
  requireLoss(loss);
  let low = 0;
  let high = Math.max(1, servers);
  while (erlangB(servers, high) < loss) high *= 2;
  // To the last bit that matters: a load of 1e6 to a millionth.
  for (let round = 0; round < 200 && high - low > high * 1e-13; round++) {
    const middle = (low + high) / 2;
    if (erlangB(servers, middle) < loss) low = middle;
    else high = middle;
  }
  return low;
}

/** Least whole number of ports that lose at most p of a load. */
export function portsFor(offered: number, loss: number): number {
  requireLoss(loss);
  let high = Math.max(1, Math.ceil(offered));
  while (erlangB(high, offered) > loss) high *= 2;
  let low = 0;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (erlangB(middle, offered) > loss) low = middle;
    else high = middle;
  }
  return high;
}

/** Below c by this many standard deviations, the tail above c is nothing. */
const FAR = 40;
const HUGE = 1e300;
/** Below this load only the last term of the sum counts, and the terms overflow. */
const TINY = 1e-50;
const NEGLIGIBLE = 1e-17;

/** ln of the Poisson probability of exactly c (c real, large), by Stirling's series. */
function lnPoisson(servers: number, offered: number): number {
  return servers * Math.log(offered / servers) + (servers - offered) - 0.5 * Math.log(2 * Math.PI * servers) - 1 / (12 * servers);
}

const POINTS = 192;
const SPAN = 3.4;

/** 1/B(f, a) for 0 <= f < 1: ∫ e^-s (1 + s/a)^f ds over s > 0, by a double exponential substitution and the trapezoid rule. */
function inverseBelowOne(fraction: number, offered: number): number {
  const low = -SPAN - 0.4;
  const high = 6;
  const width = (high - low) / POINTS;
  let sum = 0;
  for (let point = 0; point <= POINTS; point++) {
    const x = low + point * width;
    const s = Math.exp(x - Math.exp(-x));
    const weight = s * (1 + Math.exp(-x));
    sum += weight * Math.exp(-s) * (1 + s / offered) ** fraction;
  }
  return sum * width;
}

/** ln(1/B), summed with the size taken out whenever it grows too large. */
function lnInverseB(servers: number, offered: number): number {
  const whole = Math.floor(servers);
  const fraction = servers - whole;
  if (offered < TINY) {
    let logs = fraction > 0 ? Math.log(inverseBelowOne(fraction, offered)) : 0;
    for (let step = 0; step < whole; step++) logs += Math.log(servers - step) - Math.log(offered);
    return logs;
  }
  let term = 1;
  let sum = 1;
  let taken = 0;
  for (let step = 0; step < whole; step++) {
    const left = servers - step;
    term *= left / offered;
    if (step === whole - 1 && fraction > 0) return taken + Math.log(sum + term * inverseBelowOne(fraction, offered));
    sum += term;
    if (sum > 1e250) {
      taken += Math.log(sum);
      term /= sum;
      sum = 1;
    }
    if (left < offered && term * offered < (offered - left) * sum * NEGLIGIBLE) break;
  }
  return taken + Math.log(whole === 0 ? inverseBelowOne(fraction, offered) : sum);
}

function requireLoad(servers: number, offered: number): void {
  if (!(servers >= 0 && servers <= MOST) || !(offered >= 0 && offered <= MOST)) throw new RangeError(`ports and load are numbers from 0 to ${MOST}, not ${servers} and ${offered}`);
}

function requireLoss(loss: number): void {
  if (!(loss > 0 && loss < 1)) throw new RangeError(`a loss is a probability between 0 and 1, not ${loss}`);
}

const MOST = 1e9;
