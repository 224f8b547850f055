/**
 * The only place with privacy formulas: sensitivity, noise scale, cost, and what they mean as (ε, δ).
 *
 * Promise: for every person, dataset and period, all that a region releases from that person's rows of that
 * period satisfies ρ-zCDP (Bun and Steinke 2016, definition 1.1), with ρ at most the catalogue's rhoPerPeriod.
 * Neighbours differ by adding or removing *all* rows of one person within one region and one period. What a person's
 * calendar year comes to over all datasets is held by the accounts of `protocol/federation/accounts.ts`.
 */
import {
  add,
  ceilTo,
  compare,
  divide,
  gcd,
  least,
  multiply,
  type Rational,
  rational,
  sum,
} from "../values/rational.ts";

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
 * How far one person can move a vector, in persons times the rows' values: the squared L2 norm, the L1 norm, and the
 * most that one integer of it can be moved. By convexity it is enough to look at one row of weight 1.
 */
export type Reach = { readonly squared: bigint; readonly sum: bigint; readonly largest: bigint };

/** Of a sum over disjoint cells: a row falls into one. */
export const reachOf = (bound: bigint): Reach => ({ squared: bound * bound, sum: bound, largest: bound });

/** Rounded up to at most 20 binary decimals, and at most a thousandth too much: the sampler likes small denominators. */
export function shortUp(exact: Rational): Rational {
  let grid = 1n;
  while (grid < 2n ** 20n && exact.n * grid < exact.d * 1024n) grid *= 2n;
  return ceilTo(exact, grid);
}

/**
 * The variance, in units of 1/3600, of discrete Gaussian noise that makes a vector of this bound ρ-zCDP:
 * σ² = Δ²/(2ρ) (Canonne, Kamath and Steinke 2020, theorem 4), not rounded.
 */
export const exactVariance = (bound: bigint, rho: Rational): Rational =>
  divide(rational(sensitivity(bound) ** 2n), multiply(rational(2n), rho));

/** What noise of this variance, in units of 1/3600, really costs: ρ = Δ²/(2σ²). */
export const costOf = ({ squared }: Reach, variance: Rational): Rational =>
  divide(rational(UNITS * UNITS * squared), multiply(rational(2n), variance));

/** What a query charges each period it touches: what was really used, rounded up, and never above what was asked. */
export const chargeOf = (used: readonly Rational[], asked: Rational): Rational =>
  least(asked, ceilTo(sum(used), CHARGE_GRID));

/** True where a ρ lies on the grid, so that a balance never has more than 12 decimals. */
export const isShort = (rho: Rational): boolean => CHARGE_GRID % rho.d === 0n;

/** The sampler's plain numbers hold every draw below this standard deviation; a plan with a larger one is refused. */
export const MAX_SIGMA = 2n ** 45n;

/** True if σ is below MAX_SIGMA, and the largest possible sum with noise of twelve σ below 2^62. */
export function fitsVector({ largest: most }: Reach, variance: Rational, maxPersons: number): boolean {
  if (compare(variance, rational(MAX_SIGMA * MAX_SIGMA)) >= 0) return false;
  const largest = UNITS * most * BigInt(maxPersons);
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

/** 2π²·log₂e = 28.47765866…, from below: e^(−2π²x) = 2^(−28.47…x). */
const EXPONENT = rational(2_847_765n, 100_000n);
const PRECISION = 128n;

/**
 * 2^128·e^(−2π²·x) for x = n/d > 0, rounded up; never below 1. With y = 28.47…·x and f its fraction,
 * 2^(−y) ≤ 2^(−⌊y⌋)·(1 − f/2), since 2^(−f) is convex: at most 6.2 % too much, and the same on every machine.
 */
function expUp(n: bigint, d: bigint): bigint {
  const [top, bottom] = [EXPONENT.n * n, EXPONENT.d * d];
  const whole = top / bottom;
  if (whole >= PRECISION) return 1n;
  const rest = top - whole * bottom;
  const scaled = (1n << (PRECISION - whole)) * (2n * bottom - rest);
  return scaled / (2n * bottom) + 1n;
}

/** Independent discrete Gaussians of one variance. */
export type Equal = { readonly variance: Rational; readonly count: number };

/**
 * How far the sum of independent discrete Gaussians is from one discrete Gaussian, from above: for variances in the
 * order given, with partial sums S_k, τ = 10·Σ_k exp(−2π²/(1/S_k + 1/s²_{k+1})) (Kairouz, Liu and Steinke 2021,
 * theorem 1 and its proof, carried to unequal variances). Every s² ≥ 1/4.
 */
export function closenessOf(parts: readonly Equal[]): Rational {
  // Over one denominator, so that sums need no reduction.
  const d = parts.reduce((whole, { variance }) => whole * (variance.d / gcd(whole, variance.d)), 1n);
  let partial = 0n;
  let total = 0n;
  for (const { variance, count } of parts) {
    const own = variance.n * (d / variance.d);
    for (let each = 0; each < count; each++) {
      // 1/(1/S + 1/s²) = S·s²/(S + s²).
      if (partial > 0n) total += expUp(partial * own, (partial + own) * d);
      partial += own;
    }
  }
  return rational(10n * total, 1n << PRECISION);
}

const ceilDiv = (n: bigint, d: bigint): bigint => (n + d - 1n) / d;

/** Costs of sums are computed in units of 2^−96, every step rounded up: exact enough, and short. */
const UNIT = 1n << 96n;

/**
 * The zCDP of adding a sum of discrete Gaussians of total variance `variance` and closeness τ to a vector of
 * `dimension` integers with L1 sensitivity Δ₁ and squared L2 sensitivity Δ₂²: ½·min of the three bounds of Kairouz, Liu
 * and Steinke 2021, from above.
 */
export function costOfSum(
  { squared: square, sum: l1 }: Pick<Reach, "squared" | "sum">,
  variance: Rational,
  tau: Rational,
  dimension: number,
): Rational {
  const size = BigInt(dimension);
  const closeness = ceilDiv(tau.n * UNIT, tau.d);
  const squared = ceilDiv(closeness * closeness, UNIT);
  const ideal = ceilDiv(square * variance.d * UNIT, variance.n);
  const perDeviation = floorSqrt(ideal * UNIT) + 1n;
  const sumPerDeviation = floorSqrt(ceilDiv(l1 * l1 * variance.d * UNIT, variance.n) * UNIT) + 1n;
  const first = ideal + ceilDiv(2n * sumPerDeviation * closeness, UNIT) + squared * size;
  const root = perDeviation + ceilDiv(closeness * (floorSqrt(size * UNIT * UNIT) + 1n), UNIT);
  const second = ceilDiv(root * root, UNIT);
  const third = ideal + 2n * closeness * size;
  const smaller = first < second ? first : second;
  return rational(smaller < third ? smaller : third, 2n * UNIT);
}

/** True if the largest sum of all regions, with twelve σ of all their noise, lies within ±2^63: no sum can wrap. */
export function fitsModulus(largest: bigint, variance: Rational): boolean {
  const room = 2n ** 63n - largest;
  return room > 0n && compare(multiply(rational(144n), variance), rational(room * room)) < 0;
}

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
