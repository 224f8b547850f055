/**
 * Noise in shares (release kind `national`): each region adds so little that only the sum of many is private, in
 * components, so that what was planned for missing regions is taken away when they are not missing (the idea of
 * Dordis' XNoise, Jiang et al. 2024). Planned from public documents alone; exact throughout.
 */
import {
  add,
  compare,
  divide,
  multiply,
  type Rational,
  rational,
  subtract,
  sum,
  ZERO,
} from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import { closenessOf, costOfSum, fitsModulus, MAX_SIGMA, type Reach, shortUp, UNITS } from "./privacy.ts";

/** Shamir shares over GF(2^8) have so many names. */
export const MAX_NODES = 255;

/** No component of a region's noise has a smaller variance: τ of their sum is then below 10^−15. */
const LEAST_VARIANCE = rational(4n);

/** Of ρ, kept free for what the sum of discrete Gaussians costs beyond one of them. */
const MARGIN = rational(2n ** 20n - 1n, 2n ** 20n);

/** What one vector of the plan needs of its noise. */
export type NoiseShare = {
  /** Variance of each component of one region's noise, in units of 1/(60·scale) squared. */
  readonly components: readonly Rational[];
};

export type NoiseShares = {
  /** Regions the query is put to. */
  readonly n: number;
  /** Regions whose own noise is counted for nothing: they may tell the coordinator what they drew. */
  readonly noiseColluders: number;
  /** Regions that may hand all they hold to the coordinator before a mask opens. */
  readonly maskColluders: number;
  /** Shares that open a mask, and signatures that agree on a set. */
  readonly threshold: number;
  /** The least number of regions that a sum is opened for: the threshold or the query's minRegions. */
  readonly survivors: number;
  /** How many may be missing for the components up to this one to suffice: 0, 2 and all that may. */
  readonly steps: readonly number[];
  /** All integers are multiplied by this power of two, so that no component is narrower than σ = 2. */
  readonly scale: bigint;
  /** In the order of the plan's vectors. */
  readonly vectors: readonly NoiseShare[];
  /** ρ that each vector costs at worst, by the formula, for each period. */
  readonly costs: readonly Rational[];
};

export type NoiseNeed = {
  readonly reach: Reach;
  /** What one trusted curator's noise would have, in units of 1/3600. */
  readonly variance: Rational;
  /** Integers of the vector in one period. */
  readonly dimension: number;
};

/** Thresholds by size: 2t > n + c_mask and t > c_mask (trust design, "Log"); c_noise is 1 below ten regions, else 2. */
export function thresholdsOf(n: number): {
  threshold: number;
  maskColluders: number;
  noiseColluders: number;
} {
  const threshold = Math.floor((2 * n) / 3) + 1;
  return { threshold, maskColluders: 2 * threshold - n - 1, noiseColluders: n < 10 ? 1 : 2 };
}

/** The noise of a national release over n regions. Refuses a roster that no secure sum can be had of. */
export function noiseSharesOf(
  n: number,
  minRegions: number,
  needs: readonly NoiseNeed[],
  maxPersons: number,
): NoiseShares {
  if (n < 2 || n > MAX_NODES || minRegions > n) {
    throw new Refusal(
      "roster-unfit",
      `expected 2 to ${MAX_NODES} regions for a national release, and minRegions at most their number; ${n} are asked`,
    );
  }
  const limits = thresholdsOf(n);
  const survivors = Math.max(limits.threshold, minRegions);
  const most = n - survivors;
  const steps = [...new Set([0, 2, most])].filter((step) => step <= most).sort((a, b) => a - b);
  const honest = n - limits.noiseColluders;
  let scale = 1n;
  let vectors = needs.map((need) => noiseShareOf(need, scale, honest, steps));
  while (vectors.some(({ components }) => components.some((part) => compare(part, LEAST_VARIANCE) < 0))) {
    scale *= 2n;
    vectors = needs.map((need) => noiseShareOf(need, scale, honest, steps));
  }
  needs.forEach(({ reach }, index) => {
    const all = multiply(rational(BigInt(n)), sum(vectors[index]?.components ?? []));
    const largest = UNITS * reach.largest * scale * BigInt(maxPersons) * BigInt(n);
    if (!fitsModulus(largest, all) || compare(all, rational(MAX_SIGMA * MAX_SIGMA)) >= 0) {
      throw new Refusal(
        "column-unfit",
        "expected sums of all regions that fit 64 bits: the column's bounds, or ρ, are too extreme",
      );
    }
  });
  const costs = needs.map((need, index) =>
    costOf(need, vectors[index]?.components ?? [], scale, honest, steps),
  );
  return { n, ...limits, survivors, steps, scale, vectors, costs };
}

/**
 * With D of n missing, the n − D − c_noise honest regions must together add σ²: each σ²/(N − D), N = n − c_noise.
 * Component 0 is that for D = 0; each next one lifts the running sum to what the next step needs.
 */
function noiseShareOf(need: NoiseNeed, scale: bigint, honest: number, steps: readonly number[]): NoiseShare {
  const variance = shortUp(divide(multiply(need.variance, rational(scale * scale)), MARGIN));
  let before = ZERO;
  const components = steps.map((step) => {
    const goal = divide(variance, rational(BigInt(honest - step)));
    const part = shortUp(subtract(goal, before));
    before = add(before, part);
    return part;
  });
  return { components };
}

/** ρ at the worst step: D missing, c_noise counted for nothing, components up to D's kept. */
function costOf(
  { reach, dimension }: NoiseNeed,
  components: readonly Rational[],
  scale: bigint,
  honest: number,
  steps: readonly number[],
): Rational {
  const unit = UNITS * scale;
  const delta = { squared: reach.squared * unit * unit, sum: reach.sum * unit };
  return steps
    .map((step, last) => {
      const kept = components.slice(0, last + 1).map((variance) => ({ variance, count: honest - step }));
      // The widest first: the order is free, and this makes the bound the smallest.
      const parts = kept.toSorted((a, b) => -compare(a.variance, b.variance));
      const total = sum(parts.map(({ variance, count }) => multiply(variance, rational(BigInt(count)))));
      return costOfSum(delta, total, closenessOf(parts), dimension);
    })
    .reduce((a, b) => (compare(a, b) > 0 ? a : b));
}

/** The component up to which noise is kept when so many are missing: the least step that covers them. */
export function stepOf({ n, survivors, steps }: NoiseShares, missing: number): number {
  const step = steps.findIndex((covers) => covers >= missing);
  if (missing < 0 || step < 0) {
    throw new Refusal("round-unfit", `expected at most ${n - survivors} regions missing; ${missing} are`);
  }
  return step;
}

/**
 * The variance of the nation's noise in one vector, in persons squared, once so many are missing and `unopened` of
 * the others have left their surplus in.
 */
export function releasedVariance(
  noiseShares: NoiseShares,
  vector: number,
  missing: number,
  unopened: number,
): Rational {
  const { n, scale, vectors } = noiseShares;
  const step = stepOf(noiseShares, missing);
  const components = vectors[vector]?.components ?? [];
  const kept = multiply(sum(components.slice(0, step + 1)), rational(BigInt(n - missing)));
  const left = multiply(sum(components.slice(step + 1)), rational(BigInt(unopened)));
  return divide(add(kept, left), rational((UNITS * scale) ** 2n));
}
