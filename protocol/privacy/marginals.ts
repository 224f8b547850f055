/**
 * Tables that agree: which noise to add to what, so that many marginals of one dataset cost least and contradict each
 * other nowhere. ResidualPlanner (Xiao, He, Zhang, Kifer, NeurIPS 2023), closed form. Variances are chosen here in
 * floats and fixed as fractions; what they cost is computed exactly, from the fractions alone.
 */
import { add, ceil, compare, multiply, type Rational, rational, toNumber, ZERO } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";

/** A set of attributes, by their places, rising. The empty set is the total. */
export type AttributeSet = readonly number[];
export type Wanted = { readonly set: AttributeSet; readonly weight: number };

export type MarginalPlan = {
  /** How many categories each attribute has. */
  readonly sizes: readonly number[];
  readonly wanted: readonly AttributeSet[];
  /** Every set that is contained in one that is wanted, smaller ones first, each with its noise's variance σ². */
  readonly residuals: ReadonlyArray<{ readonly set: AttributeSet; readonly variance: Rational }>;
};

const MOST_RESIDUALS = 1_000_000;
/** A set by name: its places joined by commas. */
export const keyOf = (set: AttributeSet): string => set.join();

/** p_A = Π (1 − 1/n_i): what one person can change of the residual on A, squared. */
const shareOf = (set: AttributeSet, sizes: readonly number[]): number =>
  set.reduce((product, at) => product * (1 - 1 / (sizes[at] ?? 1)), 1);

const exactShareOf = (set: AttributeSet, sizes: readonly number[]): Rational => {
  const n = set.map((at) => BigInt(sizes[at] ?? 1));
  return rational(productOf(n.map((each) => each - 1n)), productOf(n));
};

const productOf = (factors: readonly bigint[]): bigint =>
  factors.reduce((product, each) => product * each, 1n);

/** How many cells the marginal on a set has. */
export const cellsIn = (set: AttributeSet, sizes: readonly number[]): number =>
  set.reduce((product, at) => product * (sizes[at] ?? 1), 1);

/**
 * Refuses (`schema-mismatch`) a plan whose residuals are not just the sets contained in wanted ones, each once, of
 * attributes of at least two categories in rising order.
 */
export function areMarginals({ sizes, wanted, residuals }: MarginalPlan): void {
  const needed = new Set(layOut(sizes, wanted).sets.map(keyOf));
  const given = new Set(residuals.map(({ set }) => keyOf(set)));
  if (
    given.size !== residuals.length ||
    given.size !== needed.size ||
    [...given].some((set) => !needed.has(set))
  )
    throw new Refusal("schema-mismatch", "expected noise on each set contained in a wanted one, once");
}

/** Every set contained in this one, itself among them, smaller ones first. */
export function subsetsOf(set: AttributeSet): AttributeSet[] {
  const all: AttributeSet[] = [[]];
  for (const at of set) all.push(...all.map((subset) => [...subset, at]));
  return all.sort((a, b) => a.length - b.length);
}

/** The variance that noise of variance 1 on the residual A gives each cell of the marginal on S ⊇ A. */
export const spreadOf = (of: AttributeSet, residual: ReadonlySet<number>, sizes: readonly number[]): number =>
  of.reduce((product, at) => {
    const n = sizes[at] ?? 1;
    return product * (residual.has(at) ? 1 - 1 / n : 1 / (n * n));
  }, 1);

function exactSpreadOf(of: AttributeSet, residual: ReadonlySet<number>, sizes: readonly number[]): Rational {
  const factors = of.map((at) => {
    const n = BigInt(sizes[at] ?? 1);
    return residual.has(at) ? rational(n - 1n, n) : rational(1n, n * n);
  });
  return factors.reduce(multiply, rational(1n));
}

/** The problem laid out in numbers: each wanted set with its residuals' places and their spreads. */
type Laid = {
  readonly sets: AttributeSet[];
  readonly shares: Float64Array;
  readonly wanted: ReadonlyArray<{
    readonly at: Int32Array;
    readonly spread: Float64Array;
    readonly cells: number;
  }>;
};

/** Refuses (`schema-mismatch`) sets that are not rising places of attributes, or stand twice; and too many residuals. */
function layOut(sizes: readonly number[], wanted: readonly AttributeSet[]): Laid {
  const places = new Map<string, number>();
  const sets: AttributeSet[] = [];
  const names = new Set(wanted.map(keyOf));
  const fits = (set: AttributeSet) =>
    set.every((at, index) => sizes[at] !== undefined && (index === 0 || (set[index - 1] ?? 0) < at));
  if (wanted.length === 0 || names.size !== wanted.length || !wanted.every(fits))
    throw new Refusal("schema-mismatch", "expected marginals, each once, of attributes in rising order");
  if (sizes.some((size) => !Number.isSafeInteger(size) || size < 2))
    throw new Refusal("schema-mismatch", "expected attributes of at least two categories");
  const laid = wanted.map((set) => {
    const subsets = subsetsOf(set);
    const at = Int32Array.from(subsets, (subset) => {
      const name = keyOf(subset);
      const known = places.get(name);
      if (known !== undefined) return known;
      if (sets.length >= MOST_RESIDUALS)
        throw new Refusal("answer-too-long", `expected at most ${MOST_RESIDUALS} residuals`);
      places.set(name, sets.length);
      sets.push(subset);
      return sets.length - 1;
    });
    const spread = Float64Array.from(subsets, (subset) => spreadOf(set, new Set(subset), sizes));
    return { at, spread, cells: cellsIn(set, sizes) };
  });
  return { sets, shares: Float64Array.from(sets, (set) => shareOf(set, sizes)), wanted: laid };
}

/** q_A = Σ over wanted S ⊇ A of weight(S)·v_{S,A}: what a residual's variance weighs. */
function wantsOf({ sets, wanted }: Laid, weights: Float64Array): Float64Array {
  const wants = new Float64Array(sets.length);
  for (const [index, { at, spread }] of wanted.entries()) {
    const weight = weights[index] ?? 0;
    at.forEach((place, part) => {
      wants[place] = (wants[place] ?? 0) + weight * (spread[part] ?? 0);
    });
  }
  return wants;
}

/** Σ √(p_A·q_A): squared and over 2ρ, the least Σ q_A·σ_A² that any plan can reach. */
function rootSum(shares: Float64Array, wants: Float64Array): number {
  let total = 0;
  for (let at = 0; at < shares.length; at++) total += Math.sqrt((shares[at] ?? 0) * (wants[at] ?? 0));
  return total;
}

/** σ_A² ∝ √(p_A/q_A), scaled so that all of it costs ρ: the least Σ q_A·σ_A² that can be had (Cauchy–Schwarz). */
function variancesFor(shares: Float64Array, wants: Float64Array, rho: number): Float64Array {
  const total = rootSum(shares, wants);
  return Float64Array.from(shares, (share, at) => (total * Math.sqrt(share / (wants[at] ?? 1))) / (2 * rho));
}

/** Cells' variances, one a wanted set. */
const variancesOf = ({ wanted }: Laid, variances: Float64Array): Float64Array =>
  Float64Array.from(wanted, ({ at, spread }) =>
    at.reduce((sum, place, index) => sum + (variances[place] ?? 0) * (spread[index] ?? 0), 0),
  );

/** Least Σ w_S · cells(S) · variance(S), at ρ. With w_S = 1/cells(S) totals do not starve. */
export function planLeastSum(
  sizes: readonly number[],
  wanted: readonly Wanted[],
  rho: Rational,
): MarginalPlan {
  const laid = layOut(
    sizes,
    wanted.map(({ set }) => set),
  );
  const weights = Float64Array.from(laid.wanted, ({ cells }, index) => (wanted[index]?.weight ?? 1) * cells);
  return fixed(sizes, laid, variancesFor(laid.shares, wantsOf(laid, weights), toNumber(rho)), rho);
}

/** How near the least largest variance, as a part of it; and the rounds after which that is given up. */
const NEAR = 1e-7;
const MOST_ROUNDS = 200;

/** Least largest variance of any cell, at ρ: multiplicative updates towards the sets that are worst off. */
export function planLeastLargest(
  sizes: readonly number[],
  wanted: readonly AttributeSet[],
  rho: Rational,
): MarginalPlan {
  const laid = layOut(sizes, wanted);
  const number = toNumber(rho);
  let weights = Float64Array.from(wanted, () => 1 / wanted.length);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const wants = wantsOf(laid, weights);
    const variances = variancesFor(laid.shares, wants, number);
    const cells = variancesOf(laid, variances);
    const largest = cells.reduce((most, each) => Math.max(most, each), 0);
    const root = rootSum(laid.shares, wants);
    // The dual's value bounds what any plan can reach from below.
    if (largest / ((root * root) / (2 * number)) - 1 < NEAR) return fixed(sizes, laid, variances, rho);
    const next = weights.map((weight, index) => weight * ((cells[index] ?? 0) / largest) ** 0.9);
    const sum = next.reduce((total, each) => total + each, 0);
    weights = next.map((weight) => weight / sum);
  }
  throw new Refusal("unavailable", `expected the largest variance to settle within ${MOST_ROUNDS} rounds`);
}

/** A variance is rounded up to so many significant bits, and by so much above that, so that a plan never costs more. */
const BITS = 40;
const ABOVE = 1 + 1e-11;

function roundedUp(variance: number): Rational {
  const above = variance * ABOVE;
  const shift = BITS - Math.ceil(Math.log2(above));
  const parts = BigInt(Math.ceil(above * 2 ** shift));
  return shift >= 0 ? rational(parts, 2n ** BigInt(shift)) : rational(parts * 2n ** BigInt(-shift));
}

function fixed(sizes: readonly number[], laid: Laid, variances: Float64Array, rho: Rational): MarginalPlan {
  const residuals = laid.sets
    .map((set, at) => ({ set, variance: roundedUp(variances[at] ?? 0) }))
    .sort((a, b) => a.set.length - b.set.length);
  const wanted = laid.wanted.map(({ at }) => laid.sets[at.at(-1) ?? 0] ?? []);
  const plan = { sizes, wanted, residuals };
  if (compare(costOf(plan), rho) > 0) throw new Error("a plan that is rounded up costs no more than it may");
  return plan;
}

/** The grid on which each residual's cost is rounded up: sums of fractions would grow without end. */
const GRID = 10n ** 24n;

/**
 * ρ of a plan: Σ p_A / (2σ_A²), each term rounded up to 10^-24; for one person added or taken away, who stands in one
 * cell. From the plan's fractions alone.
 */
export const costOf = ({ residuals, sizes }: Pick<MarginalPlan, "residuals" | "sizes">): Rational => {
  let total = 0n;
  for (const { set, variance } of residuals) {
    const share = exactShareOf(set, sizes);
    total += ceil(rational(share.n * variance.d * GRID, share.d * variance.n * 2n));
  }
  return rational(total, GRID);
};

/** The variance of each cell of the marginal on a wanted set, exactly: Σ over A ⊆ S of v_{S,A}·σ_A². */
export function varianceOf({ residuals, sizes }: MarginalPlan, set: AttributeSet): Rational {
  return subsetsOf(set).reduce(
    (sum, residual) =>
      add(sum, multiply(exactSpreadOf(set, new Set(residual), sizes), noiseOn({ residuals }, residual))),
    ZERO,
  );
}

const indexes = new WeakMap<MarginalPlan["residuals"], ReadonlyMap<string, Rational>>();

/** σ² of the residual on a set. Refuses one that the plan has not. */
export function noiseOn({ residuals }: Pick<MarginalPlan, "residuals">, set: AttributeSet): Rational {
  const index =
    indexes.get(residuals) ?? new Map(residuals.map((residual) => [keyOf(residual.set), residual.variance]));
  indexes.set(residuals, index);
  const variance = index.get(keyOf(set));
  if (variance === undefined)
    throw new Refusal("schema-mismatch", "expected a marginal that is wanted, or contained in one");
  return variance;
}
