/**
 * From noisy vectors to published figures: estimate, standard error, 95 % interval, flag. Post-processing, in this
 * one place, so it costs nothing and everyone computes the same: only + − × ÷ and √, which every engine rounds
 * alike. The intervals state the error of the noise alone.
 */
import { type Plan, type PlannedMeasure, vectorOf } from "../plan/plan.ts";
import { parseRational, toNumber } from "../values/rational.ts";

export type Flag = "unreliable" | ".." | null;
export type Figure = {
  readonly value: number | null;
  readonly se: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly flag: Flag;
};

/** The 0.975 quantile of the standard normal distribution. */
export const Z = 1.959963984540054;
const NO_VALUE: Figure = { value: null, se: null, low: null, high: null, flag: ".." };
const DECIMALS = { count: 4, sum: 4, mean: 4, variance: 4, share: 6, histogram: 4, quantile: 0 } as const;

/** A sum read off one vector in one cell, with the variance of its noise, both in persons rather than in 1/60. */
export type Noisy = {
  readonly value: number;
  readonly variance: number;
  /** With each other sum of the vector in the same cell; 0 unless said. */
  readonly covariance?: number;
};

/**
 * The figures of one measure in one cell: one, or one a bin or probability. `sums` gives what a vector says of that
 * cell, a sum a bin.
 */
export function figuresOf(
  plan: Plan,
  planned: PlannedMeasure,
  sums: (vector: string) => readonly Noisy[],
): Figure[] {
  const { measure } = planned;
  const decimals = DECIMALS[measure.kind];
  const noisy = planned.vectors.map(sums);
  const at = (index: number): Noisy => noisy[index]?.[0] ?? NOTHING;
  switch (measure.kind) {
    case "count":
    case "sum":
      return [total(at(0), decimals)];
    case "histogram":
      return (noisy[0] ?? []).map((bin) => total(bin, decimals));
    case "share":
      return [plan.edition === 1 ? ratio(at(0), at(1), 0, decimals) : share(noisy[0] ?? [], decimals)];
    case "mean":
      return [ratio(at(0), at(1), centreOf(plan, planned), decimals)];
    case "variance":
      return [variance(at(0), at(1), at(2), halfOf(plan, planned), decimals)];
    case "quantile": {
      const least = leastOf(plan, measure.column);
      return measure.probabilities.map((p) => quantile(noisy[0] ?? [], toNumber(parseRational(p)), least));
    }
  }
}

function total({ value, variance }: Noisy, decimals: number): Figure {
  const se = Math.sqrt(variance);
  return figure(value, se, value - Z * se, value + Z * se, se > 0.3 * Math.abs(value), decimals);
}

/** yes/(yes + no), which have noises of their own in one vector: what is too much in yes is too much in both. */
function share([yes = NOTHING, no = NOTHING]: readonly Noisy[], decimals: number): Figure {
  const between = yes.covariance ?? 0;
  const known = { value: yes.value + no.value, variance: yes.variance + no.variance + 2 * between };
  return ratio(yes, known, 0, decimals, yes.variance + between);
}

const NOTHING: Noisy = { value: 0, variance: 0 };

/** shift + a/b, by Fieller (1954); the covariance of a and b is 0 where they carry noises of their own. */
function ratio(a: Noisy, b: Noisy, shift: number, decimals: number, covariance = 0): Figure {
  const set = fieller(a.value, b.value, a.variance, b.variance, covariance, Z);
  if (set.kind !== "interval" || b.value <= 0) return NO_VALUE;
  const estimate = a.value / b.value;
  const variance = a.variance + estimate * estimate * b.variance - 2 * estimate * covariance;
  const se = Math.sqrt(Math.max(0, variance)) / b.value;
  const unreliable = Math.sqrt(b.variance) > 0.3 * b.value;
  return figure(shift + estimate, se, shift + set.low, shift + set.high, unreliable, decimals);
}

/** Fieller's confidence set for a/b: an interval, the outside of one, or the whole line. */
export type FiellerSet =
  | { readonly kind: "interval" | "outside"; readonly low: number; readonly high: number }
  | { readonly kind: "line" };

/** {θ : (a − θb)² ≤ z²·(va − 2θ·cov + θ²·vb)}, for variances va, vb and covariance cov of a and b. */
export function fieller(a: number, b: number, va: number, vb: number, cov: number, z: number): FiellerSet {
  const z2 = z * z;
  const lead = b * b - z2 * vb;
  const middle = a * b - z2 * cov;
  const discriminant = middle * middle - lead * (a * a - z2 * va);
  if (lead > 0) {
    const root = Math.sqrt(Math.max(0, discriminant));
    return { kind: "interval", low: (middle - root) / lead, high: (middle + root) / lead };
  }
  if (lead === 0 || discriminant <= 0) return { kind: "line" };
  const root = Math.sqrt(discriminant);
  return { kind: "outside", low: (middle + root) / lead, high: (middle - root) / lead };
}

/** s/n + half − (a/n)²: the population variance; its error by the delta method, no value where the mean has none. */
function variance(s: Noisy, a: Noisy, n: Noisy, half: number, decimals: number): Figure {
  if (fieller(a.value, n.value, a.variance, n.variance, 0, Z).kind !== "interval" || n.value <= 0)
    return NO_VALUE;
  const mean = a.value / n.value;
  const square = s.value / n.value;
  const slopes = { s: 1 / n.value, a: (-2 * mean) / n.value, n: (2 * mean * mean - square) / n.value };
  const se = Math.sqrt(slopes.s ** 2 * s.variance + slopes.a ** 2 * a.variance + slopes.n ** 2 * n.variance);
  const value = square + half - mean * mean;
  return figure(value, se, value - Z * se, value + Z * se, Math.sqrt(n.variance) > 0.3 * n.value, decimals);
}

/**
 * The least value v with F(v) ≥ p·N, from a histogram with one bin a value. T(v) = (1−p)·Σ_{≤v} − p·Σ_{>v} has
 * known variance; a value stays in the interval unless T(v) is surely negative or T(v−1) surely not (Woodruff's
 * inversion, 1952, each side at 2.5 %). The estimate is where T, made monotone by isotonic regression, turns.
 */
function quantile(bins: readonly Noisy[], p: number, least: number): Figure {
  const each = bins[0]?.variance ?? 0;
  const all = bins.reduce((sum, { value }) => sum + value, 0);
  const seAll = Math.sqrt(each * bins.length);
  if (all <= Z * seAll || all <= 0) return NO_VALUE;
  let below = 0;
  const turns = bins.map(({ value }, index) => {
    below += value;
    const spread = (1 - p) ** 2 * (index + 1) + p * p * (bins.length - index - 1);
    // A billionth is rounding of the doubles, not data.
    return { t: below - p * all + all * 1e-9, margin: Z * Math.sqrt(each * spread) };
  });
  const possible = turns.map(({ t, margin }, index) => {
    const before = turns[index - 1];
    const reaches = index === turns.length - 1 || t + margin >= 0;
    return reaches && (before === undefined || before.t - before.margin < 0);
  });
  const turn = isotonic(turns.map(({ t }) => t)).findIndex((t) => t >= 0);
  const estimate = turn < 0 ? bins.length - 1 : turn;
  const low = Math.min(estimate, ...[possible.indexOf(true)].filter((index) => index >= 0));
  const high = Math.max(estimate, possible.lastIndexOf(true));
  const se = (high - low) / (2 * Z);
  return figure(
    least + estimate,
    Math.ceil(se * 1e4) / 1e4,
    least + low,
    least + high,
    seAll > 0.3 * all,
    null,
  );
}

/** The closest rising sequence in least squares: pool adjacent violators. */
function isotonic(values: readonly number[]): number[] {
  const blocks: Array<{ sum: number; count: number }> = [];
  for (const value of values) {
    let block = { sum: value, count: 1 };
    for (
      let last = blocks.at(-1);
      last !== undefined && last.sum * block.count > block.sum * last.count;
      last = blocks.at(-1)
    ) {
      blocks.pop();
      block = { sum: block.sum + last.sum, count: block.count + last.count };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
}

/** On a fixed public grid, so that low digits tell nothing; limits and errors rounded outward. */
function figure(
  value: number,
  se: number,
  low: number,
  high: number,
  unreliable: boolean,
  decimals: number | null,
): Figure {
  const flag = unreliable ? "unreliable" : null;
  if (decimals === null) return { value, se, low, high, flag };
  return { ...onGrid({ value, se, low, high }, decimals), flag };
}

type Numbers = { readonly value: number; readonly se: number; readonly low: number; readonly high: number };

/** With so many decimals; limits and errors rounded outward. */
export function onGrid({ value, se, low, high }: Numbers, decimals: number): Numbers {
  const grid = 10 ** decimals;
  const on = (x: number, round: (x: number) => number) => round(x * grid) / grid + 0;
  return {
    value: on(value, Math.round),
    se: on(se, Math.ceil),
    low: on(low, Math.floor),
    high: on(high, Math.ceil),
  };
}

function centreOf(plan: Plan, planned: PlannedMeasure): number {
  const statistic = vectorOf(plan, planned.vectors[0] ?? "").statistic;
  return statistic.of === "centred" ? statistic.centre : 0;
}

function halfOf(plan: Plan, planned: PlannedMeasure): number {
  const statistic = vectorOf(plan, planned.vectors[0] ?? "").statistic;
  return statistic.of === "square" ? Number(statistic.half) : 0;
}

function leastOf(plan: Plan, name: string): number {
  const column = plan.dataset.columns[name];
  return column?.kind === "integer" ? column.min : 0;
}
