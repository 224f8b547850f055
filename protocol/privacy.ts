/**
 * The only place with privacy formulas: sensitivity, noise scale, cost, and what they mean as (ε, δ).
 *
 * Promise: for every person, dataset and period, all that a region releases from that person's rows of that
 * period satisfies ρ-zCDP (Bun and Steinke 2016, definition 1.1), with ρ at most the catalogue's rhoPerPeriod.
 * Neighbours differ by adding or removing *all* rows of one person within one region and one period.
 */
import { add, ceilTo, compare, divide, least, multiply, type Rational, rational, sum } from "./rational.ts";

/** Weights are in whole units of 1/60 (60 = lcm 1..5); all of a person's weights in a period come to at most 60. */
export const UNITS = 60n;

/** Charges are rounded up to this grid, so that ledgers stay short fractions for ever. */
const CHARGE_GRID = 10n ** 12n;

/**
 * L2 sensitivity, in units of 1/60, of Σ weight·value over disjoint cells, where |value| ≤ bound for each row:
 * a person's contribution is a convex combination of 60·(value at one cell), so its norm is at most 60·bound.
 */
export const sensitivity = (bound: bigint): bigint => UNITS * bound;

/**
 * The variance, in units of 1/3600, of discrete Gaussian noise that makes a vector of this bound ρ-zCDP:
 * σ² = Δ²/(2ρ) (Canonne, Kamath and Steinke 2020, theorem 4), rounded *up* to at most 20 binary decimals.
 */
export function noiseVariance(bound: bigint, rho: Rational): Rational {
  const exact = divide(rational(sensitivity(bound) ** 2n), multiply(rational(2n), rho));
  let grid = 1n;
  while (grid < 2n ** 20n && exact.n * grid < exact.d * 1024n) grid *= 2n;
  return ceilTo(exact, grid);
}

/** What noise of this variance really costs: ρ = Δ²/(2σ²). */
export const costOf = (bound: bigint, variance: Rational): Rational =>
  divide(rational(sensitivity(bound) ** 2n), multiply(rational(2n), variance));

/** What a query charges each period it touches: what was really used, rounded up, and never above what was asked. */
export const chargeOf = (used: readonly Rational[], asked: Rational): Rational =>
  least(asked, ceilTo(sum(used), CHARGE_GRID));

/** True where a ρ lies on the grid, so that a balance never has more than 12 decimals. */
export const isShort = (rho: Rational): boolean => CHARGE_GRID % rho.d === 0n;

/** The sampler's plain numbers hold every draw below this standard deviation; a plan with a larger one is refused. */
export const MAX_SIGMA = 2n ** 45n;

/** True if σ is below MAX_SIGMA, and the largest possible sum with noise of twelve σ below 2^62. */
export function fitsVector(bound: bigint, variance: Rational, maxPersons: number): boolean {
  if (compare(variance, rational(MAX_SIGMA * MAX_SIGMA)) >= 0) return false;
  const largest = UNITS * bound * BigInt(maxPersons);
  const room = 2n ** 62n - largest;
  return room > 0n && compare(multiply(rational(144n), variance), rational(room * room)) < 0;
}

/** ⌊√n⌋ for n ≥ 0, exactly. */
export function floorSqrt(n: bigint): bigint {
  if (n < 2n) return n;
  let guess = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + n / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** What the ledger holds after charges add up: zCDP composes by addition, adaptively (Bun and Steinke 2016, 2.3). */
export const compose = (spent: Rational, charge: Rational): Rational => add(spent, charge);

// Shown to people: floats, rounded outward.

/** ln δ of the best bound at ε (Canonne, Kamath and Steinke 2020, proposition 12). Any α > 1 gives a valid one. */
function logDelta(rho: number, epsilon: number): number {
  const slope = (alpha: number) => (2 * alpha - 1) * rho - epsilon + Math.log1p(-1 / alpha);
  let [low, high] = [1 + 1e-12, 2];
  while (slope(high) < 0) high *= 2;
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  const alpha = high;
  return (alpha - 1) * (alpha * rho - epsilon) + alpha * Math.log1p(-1 / alpha) - Math.log(alpha - 1);
}

/** δ for which ρ-zCDP implies (ε, δ)-DP. Rounded up by 1e-9 of itself. */
export const deltaAt = (rho: number, epsilon: number): number =>
  Math.min(1, Math.exp(logDelta(rho, epsilon)) * (1 + 1e-9));

/** ε for which ρ-zCDP implies (ε, δ)-DP. Rounded up by 1e-9 of itself. */
export function epsilonAt(rho: number, delta: number): number {
  let [low, high] = [0, 1];
  while (logDelta(rho, high) > Math.log(delta)) high *= 2;
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (logDelta(rho, middle) > Math.log(delta)) low = middle;
    else high = middle;
  }
  return high * (1 + 1e-9);
}

/** The largest ρ that implies (ε, δ)-DP by the bound above. Rounded down by 1e-9 of itself. */
export function rhoAt(epsilon: number, delta: number): number {
  let [low, high] = [0, epsilon];
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (logDelta(middle, epsilon) > Math.log(delta)) high = middle;
    else low = middle;
  }
  return low * (1 - 1e-9);
}

/**
 * How far the sum of m discrete Gaussians, each of standard deviation σ ≥ 1/2, is from one (Kairouz, Liu and
 * Steinke 2021, theorem 1): τ. And the zCDP of that sum for sensitivities Δ₁, Δ₂ in `dimension` coordinates.
 */
export function sumCloseness(sigma: number, m: number): number {
  let total = 0;
  for (let k = 1; k < m; k++) total += Math.exp((-2 * Math.PI ** 2 * sigma ** 2 * k) / (k + 1));
  return 10 * total;
}

export function rhoOfSum(sigma: number, m: number, d1: number, d2: number, dimension: number): number {
  const tau = sumCloseness(sigma, m);
  const ideal = d2 ** 2 / (m * sigma ** 2);
  const first = ideal + (2 * d1 * tau) / (Math.sqrt(m) * sigma) + tau ** 2 * dimension;
  const second = (d2 / (Math.sqrt(m) * sigma) + tau * Math.sqrt(dimension)) ** 2;
  const third = ideal + 2 * tau * dimension;
  return Math.min(first, second, third) / 2;
}
