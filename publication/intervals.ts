/**
 * Comparison done right: two figures are called different only where noise cannot be the reason; ranks are ranges; what
 * is picked out of many is judged as such. Post-processing of published figures: costs nothing. Errors are of the noise
 * alone, independent between cells unless a covariance is given.
 */
/** A published figure, in its unit, with its standard error above 0. */
export type Estimate = { readonly value: number; readonly se: number };
export type Interval = { readonly low: number; readonly high: number };
/** Which way is good: from the indicator's catalogue. */
export type Direction = "higher" | "lower" | "neither";
export type Verdict = "better" | "worse" | "differs" | "no certain difference";

/**
 * The quantile of the standard normal distribution for 0.5 ≤ p < 1, rounded up to 4 decimals, so that engines that
 * differ in the last bit of a logarithm give the same intervals. Wichura (1988), algorithm AS 241, PPND7.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0.5 && p < 1)) throw new RangeError("expected a probability from 0.5 to below 1");
  const q = p - 0.5;
  const up = (z: number) => Math.ceil(z * 10_000 - 1e-6) / 10_000;
  if (q <= 0.425) {
    const r = 0.180625 - q * q;
    return up(
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
        (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1),
    );
  }
  const r = Math.sqrt(-Math.log(1 - p));
  if (r <= 5) {
    const s = r - 1.6;
    return up(
      (((0.17023821103 * s + 1.3067284816) * s + 2.75681539) * s + 1.4234372777) /
        ((0.12021132975 * s + 0.7370016425) * s + 1),
    );
  }
  const s = r - 5;
  return up(
    (((0.017337203997 * s + 0.42868294337) * s + 3.081226386) * s + 6.657905115) /
      ((0.012258202635 * s + 0.24197894225) * s + 1),
  );
}

const LEVEL = 0.95;

/**
 * How many standard errors make an interval, where one of `comparisons` may be picked out: at least 95 % that none of
 * them misses its truth. Šidák (1967): holds for any correlation between them.
 */
export function criticalFor(comparisons: number): number {
  if (!Number.isSafeInteger(comparisons) || comparisons < 1)
    throw new RangeError("expected a number of comparisons from 1");
  return normalQuantile((1 + LEVEL ** (1 / comparisons)) / 2);
}

export type Difference = Estimate & Interval & { readonly verdict: Verdict };

/** a − b with its error, and in words whether a is better: `comparisons` as many as are shown beside each other. */
export function differenceOf(
  a: Estimate,
  b: Estimate,
  direction: Direction,
  { comparisons = 1, covariance = 0 } = {},
): Difference {
  const value = a.value - b.value;
  const se = Math.sqrt(Math.max(0, a.se * a.se + b.se * b.se - 2 * covariance));
  const reach = criticalFor(comparisons) * se;
  const interval = { low: value - reach, high: value + reach };
  return { value, se, ...interval, verdict: verdictOf(interval, direction) };
}

/** Certain only where the whole interval lies on one side of 0. */
function verdictOf({ low, high }: Interval, direction: Direction): Verdict {
  if (low <= 0 && high >= 0) return "no certain difference";
  if (direction === "neither") return "differs";
  return low > 0 === (direction === "higher") ? "better" : "worse";
}

/**
 * A margin for each cell, such that any two of them whose margins do not touch differ with certainty at this many
 * comparisons: what a reader does with bars anyway, made right. Goldstein and Healy (1995), for the widest pair instead
 * of the average one, and so never too narrow.
 */
export function comparisonMargins(cells: readonly Estimate[]): number[] {
  const pairs = (cells.length * (cells.length - 1)) / 2;
  const z = criticalFor(Math.max(1, pairs));
  let widest = Math.SQRT1_2;
  for (const [at, a] of cells.entries())
    for (const b of cells.slice(at + 1)) {
      const sum = a.se + b.se;
      if (sum > 0) widest = Math.max(widest, Math.sqrt(a.se * a.se + b.se * b.se) / sum);
    }
  return cells.map(({ se }) => z * widest * se);
}

/** The first and the last place that a cell may truly have, 1 the best. */
export type Places = { readonly first: number; readonly last: number };

/**
 * The range of places of each cell, all of them right at once with at least 95 %: as many are surely before it as
 * differ with certainty, among all pairs. Mohamad, Goeman and van Zwet (2019), with Šidák's critical value in place of
 * Tukey's, since errors are unequal.
 */
export function placesOf(cells: readonly Estimate[], direction: "higher" | "lower"): Places[] {
  const comparisons = Math.max(1, (cells.length * (cells.length - 1)) / 2);
  return cells.map((cell, own) => {
    let [before, after] = [0, 0];
    for (const [at, other] of cells.entries()) {
      if (at === own) continue;
      const { verdict } = differenceOf(other, cell, direction, { comparisons });
      if (verdict === "better") before++;
      if (verdict === "worse") after++;
    }
    return { first: 1 + before, last: cells.length - after };
  });
}

/** Which of the classes between rising bounds (so many + 1 of them) holds the whole interval; null where none does. */
export function classOf({ low, high }: Interval, bounds: readonly number[]): number | null {
  const placeOf = (value: number) => bounds.filter((bound) => value >= bound).length;
  return placeOf(low) === placeOf(high) ? placeOf(low) : null;
}

/**
 * Funnel limits about the nation's figure for a cell with this standard error: within them nothing but noise is needed
 * to explain it, with 95 and with 99.8 %. Spiegelhalter (2005).
 */
export const funnelOf = (
  nation: number,
  se: number,
): { readonly warning: Interval; readonly alarm: Interval } => {
  const within = (z: number): Interval => ({ low: nation - z * se, high: nation + z * se });
  return { warning: within(normalQuantile(0.975)), alarm: within(normalQuantile(0.999)) };
};

/** Points that a trend needs: with fewer a line says nothing. */
export const LEAST_POINTS = 5;

export type Trend = Estimate &
  Interval & {
    /** Per step of time, rising or falling with certainty; and what that means by the indicator's direction. */
    readonly verdict: Verdict;
    /** χ² of what a straight line leaves, with so many degrees of freedom: large where it is no line. */
    readonly misfit: { readonly chiSquare: number; readonly degrees: number };
  };

/** The slope per step through points equally far apart, weighted by their errors; null with fewer than five of them. */
export function trendOf(
  points: readonly Estimate[],
  direction: Direction,
  { comparisons = 1 } = {},
): Trend | null {
  if (points.length < LEAST_POINTS || points.some(({ se }) => se <= 0)) return null;
  const weights = points.map(({ se }) => 1 / (se * se));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: (at: number) => number) =>
    weights.reduce((sum, weight, at) => sum + weight * of(at), 0) / total;
  const time = mean((at) => at);
  const level = mean((at) => points[at]?.value ?? 0);
  const spread = weights.reduce((sum, weight, at) => sum + weight * (at - time) ** 2, 0);
  const value =
    weights.reduce((sum, weight, at) => sum + weight * (at - time) * ((points[at]?.value ?? 0) - level), 0) /
    spread;
  const se = 1 / Math.sqrt(spread);
  const reach = criticalFor(comparisons) * se;
  const interval = { low: value - reach, high: value + reach };
  const chiSquare = points.reduce(
    (sum, point, at) => sum + ((point.value - level - value * (at - time)) / point.se) ** 2,
    0,
  );
  const misfit = { chiSquare, degrees: points.length - 2 };
  return { value, se, ...interval, verdict: verdictOf(interval, direction), misfit };
}

export type Gap = Interval & {
  /** Between the groups that look furthest apart: too large by chance, and so never shown without its interval. */
  readonly value: number;
  readonly certain: boolean;
};

/**
 * The equity gap, largest less smallest of the groups' true figures: with at least 95 % between `low` and `high`, from
 * the intervals of all pairs at once. `correlation` is that of any two groups' errors,
 * `families` how many such gaps stand beside each other. Null with fewer than two groups.
 */
export function gapOf(groups: readonly Estimate[], { correlation = 0, families = 1 } = {}): Gap | null {
  if (groups.length < 2) return null;
  const comparisons = ((groups.length * (groups.length - 1)) / 2) * families;
  let [low, high, value] = [0, 0, 0];
  for (const [at, a] of groups.entries())
    for (const b of groups.slice(at + 1)) {
      const covariance = correlation * a.se * b.se;
      const pair = differenceOf(a, b, "neither", { comparisons, covariance });
      value = Math.max(value, Math.abs(pair.value));
      low = Math.max(low, pair.low, -pair.high);
      high = Math.max(high, pair.high, -pair.low);
    }
  return { value, low, high, certain: low > 0 };
}
