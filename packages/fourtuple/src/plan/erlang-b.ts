/**
 * Erlang's loss formula: the probability that all c ports are taken when `a` would be busy on average, for Poisson
 * arrivals and any distribution of hold times (M/G/c/c; A. K. Erlang, 1917; insensitivity: Sevastyanov, 1957). For a
 * tuple's source ports it is what the kernel does (measured: Erlang 0.0757, kernel 0.074 to 0.081 over four distributions).
 *
 * Real c by the continued form ∫ e^-s (1 + s/a)^c ds = 1/B; exact to about 1e-13, O(√c) near c ≈ a.
 * @param servers ports c, real, 0 to 1e9.
 * @param offered load a in Erlang, finite.
 * @throws RangeError for others.
 */
export function erlangB(servers: number, offered: number): number {
  requireLoad(servers, offered);
  if (offered === 0) return servers === 0 ? 1 : 0;
  if (servers === 0) return 1;
  // Below e^-800 there: less than the smallest number.
  if (isFarBelow(servers, offered)) return 0;
  if (offered < TINY) return Math.exp(-lnInverseB(servers, offered));
  const whole = Math.floor(servers);
  const fraction = servers - whole;
  let term = 1;
  let sum = 1;
  for (let step = 0; step < whole; step++) {
    const left = servers - step;
    term *= left / offered;
    sum += step === whole - 1 && fraction > 0 ? term * inverseBelowOne(fraction, offered) : term;
    if (sum > HUGE) return Math.exp(-lnInverseB(servers, offered));
    // What remains is below a geometric series with this ratio.
    if (left < offered && term * offered < (offered - left) * sum * NEGLIGIBLE) break;
  }
  return whole === 0 ? 1 / inverseBelowOne(fraction, offered) : 1 / sum;
}

/** ln B(c, a), also where B is below the smallest number. Arguments as of {@link erlangB}. */
export function lnErlangB(servers: number, offered: number): number {
  requireLoad(servers, offered);
  if (offered === 0) return servers === 0 ? 0 : Number.NEGATIVE_INFINITY;
  if (servers === 0) return 0;
  return isFarBelow(servers, offered) ? lnPoisson(servers, offered) : -lnInverseB(servers, offered);
}

/** Load that c ports carry with a loss of at most p: the inverse of {@link erlangB} in a. @throws RangeError unless 0 < p < 1. */
export function offeredFor(servers: number, loss: number): number {
  requireLoss(loss);
  requireLoad(servers, 0);
  if (servers === 0) return 0;
  const wanted = Math.log(loss);
  // Newton's rule on ln B over ln a, whose slope is c - a + aB: nearly straight where B is small. B >= 1 - c/a is the upper end.
  let low = LEAST_LOG;
  let high = Math.log(servers) - Math.log1p(-loss);
  let at = Math.min(high, Math.log(servers));
  for (let round = 0; round < ROUNDS; round++) {
    const offered = Math.exp(at);
    const reached = lnErlangB(servers, offered);
    if (reached > wanted) high = at;
    else low = at;
    let next = at - (reached - wanted) / (servers - offered + offered * Math.exp(reached));
    if (!(next >= low && next <= high)) next = (low + high) / 2;
    if (Math.abs(next - at) <= LAST_BIT * Math.max(1, Math.abs(next))) break;
    at = next;
  }
  // "At most" holds for the number that is returned, too.
  let offered = Math.exp(at);
  for (let step = LAST_BIT; offered > 0 && erlangB(servers, offered) > loss; step *= 2) offered *= 1 - step;
  return offered;
}

/** Least whole number of ports that lose at most p of a load. @throws RangeError unless 0 < p < 1, and above 1e9 ports. */
export function portsFor(offered: number, loss: number): number {
  requireLoss(loss);
  requireLoad(0, offered);
  let high = Math.min(MOST_PORTS, Math.max(1, Math.ceil(offered)));
  while (erlangB(high, offered) > loss) {
    if (high === MOST_PORTS) throw new RangeError(`a load of ${offered} with a loss of ${loss} takes more than ${MOST_PORTS} ports`);
    high = Math.min(MOST_PORTS, high * 2);
  }
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
const MOST_PORTS = 1e9;
const ROUNDS = 200;
const LAST_BIT = 2 ** -52;
/** ln of the smallest number. */
const LEAST_LOG = Math.log(Number.MIN_VALUE);

function isFarBelow(servers: number, offered: number): boolean {
  return offered < servers - FAR * Math.sqrt(servers);
}

/** ln of the Poisson probability of exactly c (c real, above 1600), by Stirling's series; that of B where P(N <= c) is 1. */
function lnPoisson(servers: number, offered: number): number {
  const above = (offered - servers) / servers;
  // log1p where the quotient is near 1: its rounding would count c times.
  const log = above > -0.5 ? Math.log1p(above) : Math.log(offered / servers);
  return servers * (log - above) - 0.5 * Math.log(2 * Math.PI * servers) - 1 / (12 * servers) + 1 / (360 * servers ** 3);
}

const POINTS = 192;
const SPAN = 3.4;

/** ∫ e^-s f(s) ds over s > 0, by a double exponential substitution and the trapezoid rule. */
function integrate(f: (s: number) => number): number {
  const low = -SPAN - 0.4;
  const high = 6;
  const width = (high - low) / POINTS;
  let sum = 0;
  for (let point = 0; point <= POINTS; point++) {
    const x = low + point * width;
    const s = Math.exp(x - Math.exp(-x));
    const weight = s * (1 + Math.exp(-x));
    sum += weight * Math.exp(-s) * f(s);
  }
  return sum * width;
}

/** 1/B(f, a) for 0 <= f < 1. */
function inverseBelowOne(fraction: number, offered: number): number {
  return integrate((s) => (1 + s / offered) ** fraction);
}

/** ln(1/B), summed with the size taken out whenever it grows too large. */
function lnInverseB(servers: number, offered: number): number {
  const whole = Math.floor(servers);
  const fraction = servers - whole;
  if (offered < TINY) {
    // a^-f taken out: s/a may be above the largest number.
    let logs = fraction > 0 ? Math.log(integrate((s) => (offered + s) ** fraction)) - fraction * Math.log(offered) : 0;
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
  if (!(servers >= 0 && servers <= MOST_PORTS)) throw new RangeError(`ports are a number from 0 to ${MOST_PORTS}, not ${servers}`);
  if (!(offered >= 0 && offered <= Number.MAX_VALUE)) throw new RangeError(`a load is a finite number from 0 on, not ${offered}`);
}

function requireLoss(loss: number): void {
  if (!(loss > 0 && loss < 1)) throw new RangeError(`a loss is a probability between 0 and 1, not ${loss}`);
}
