/**
 * Marginals through their residuals: what is measured of a table, in integers, and every wanted table rebuilt from it,
 * as fractions. Rebuilt tables agree exactly on whatever they share, since they share what was measured.
 */
import { add, multiply, type Rational, rational, ZERO } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import { type AttributeSet, cellsIn, keyOf, type MarginalPlan, noiseOn, subsetsOf } from "./marginals.ts";
import { UNITS } from "./privacy.ts";

/** Whole numbers, the last attribute fastest. */
export type Table = readonly bigint[];

/** Each residual's measurement, by its set's key. */
export type Measured = ReadonlyMap<string, Table>;

/** Each line of a table along each attribute, one attribute after the other: the cells that differ in it alone. */
export function eachLine(
  set: AttributeSet,
  sizes: readonly number[],
  line: (cells: readonly number[], n: number) => void,
): void {
  const cells = cellsIn(set, sizes);
  let stride = 1;
  for (const at of [...set].reverse()) {
    const n = sizes[at] ?? 1;
    const along = Array.from({ length: n }, (_, step) => step * stride);
    for (let start = 0; start < cells; start += n * stride)
      for (let first = start; first < start + stride; first++)
        line(
          along.map((step) => first + step),
          n,
        );
    stride *= n;
  }
}

/** ⊗ over the set of (n·I − J): along each attribute, n times each cell less the sum of its line. */
export function contrast(table: Table, set: AttributeSet, sizes: readonly number[]): bigint[] {
  if (table.length !== cellsIn(set, sizes))
    throw new Refusal("schema-mismatch", `expected a table of ${cellsIn(set, sizes)} cells`);
  const values = [...table];
  eachLine(set, sizes, (cells, n) => {
    const line = cells.reduce((sum, cell) => sum + (values[cell] ?? 0n), 0n);
    for (const cell of cells) values[cell] = BigInt(n) * (values[cell] ?? 0n) - line;
  });
  return values;
}

/** The sums of a table over what is not in `onto`, which is contained in `of`. */
export function marginalOf(
  table: Table,
  of: AttributeSet,
  onto: AttributeSet,
  sizes: readonly number[],
): bigint[] {
  const sums = new Array<bigint>(cellsIn(onto, sizes)).fill(0n);
  const place = placesOf(of, onto, sizes);
  table.forEach((value, cell) => {
    const to = place[cell] ?? 0;
    sums[to] = (sums[to] ?? 0n) + value;
  });
  return sums;
}

/** For each cell of a table, the cell of the marginal on `onto` that it belongs to. */
export function placesOf(of: AttributeSet, onto: AttributeSet, sizes: readonly number[]): Int32Array {
  const within = new Set(onto);
  const strides = new Map<number, number>();
  let stride = 1;
  for (const at of [...onto].reverse()) {
    strides.set(at, stride);
    stride *= sizes[at] ?? 1;
  }
  const places = new Int32Array(cellsIn(of, sizes));
  let block = 1;
  for (const at of [...of].reverse()) {
    const n = sizes[at] ?? 1;
    const step = within.has(at) ? (strides.get(at) ?? 0) : 0;
    for (let cell = 0; cell < places.length; cell++)
      places[cell] = (places[cell] ?? 0) + (Math.floor(cell / block) % n) * step;
    block *= n;
  }
  return places;
}

/**
 * The variance of the whole-number noise that is added to each cell of the contrast on a residual's set: (60·M)²·σ²,
 * M = Π n_i, since the table counts sixtieths of a person and the contrast is M times the residual.
 */
export function noiseOf(
  { set, variance }: MarginalPlan["residuals"][number],
  sizes: readonly number[],
): Rational {
  const scale = UNITS * BigInt(cellsIn(set, sizes));
  return multiply(rational(scale * scale), variance);
}

/** What is measured of a marginal on a residual's set, noise drawn by the caller to `noiseOf`. */
export const measure = (
  table: Table,
  set: AttributeSet,
  sizes: readonly number[],
  noise: readonly bigint[],
): bigint[] => contrast(table, set, sizes).map((value, cell) => value + (noise[cell] ?? 0n));

export type Rebuilt = {
  /** Cells in persons are these over `denominator`. */
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
};

/** The marginal on S in persons: Σ over A ⊆ S of the residual, projected once more, spread evenly over the rest of S. */
export function rebuild(plan: Pick<MarginalPlan, "sizes">, set: AttributeSet, measured: Measured): Rebuilt {
  const { sizes } = plan;
  const whole = BigInt(cellsIn(set, sizes));
  const numerators = new Array<bigint>(Number(whole)).fill(0n);
  for (const subset of subsetsOf(set)) {
    const values = measured.get(keyOf(subset));
    if (values === undefined)
      throw new Refusal("schema-mismatch", "expected a marginal that is wanted, or contained in one");
    const projected = contrast(values, subset, sizes);
    const rest = whole / BigInt(cellsIn(subset, sizes));
    const place = placesOf(set, subset, sizes);
    for (let cell = 0; cell < numerators.length; cell++)
      numerators[cell] = (numerators[cell] ?? 0n) + (projected[place[cell] ?? 0] ?? 0n) * rest;
  }
  return { numerators, denominator: UNITS * whole * whole };
}

/**
 * The covariance of two cells, in persons squared, of marginals on S and T: Σ over A ⊆ S ∩ T of
 * σ_A² · Π_{i∈A}(δ − 1/n_i) · Π_{i∈S∖A} 1/n_i · Π_{i∈T∖A} 1/n_i, where δ is 1 if the cells agree on i. Exact.
 */
export function covarianceOf(
  plan: MarginalPlan,
  [set, cell]: readonly [AttributeSet, readonly number[]],
  [other, otherCell]: readonly [AttributeSet, readonly number[]],
): Rational {
  const { sizes } = plan;
  const shared = set.filter((at) => other.includes(at));
  const size = (at: number): bigint => BigInt(sizes[at] ?? 1);
  const without = (of: AttributeSet, subset: AttributeSet): bigint =>
    of.reduce((product, at) => (subset.includes(at) ? product : product * size(at)), 1n);
  let sum = ZERO;
  for (const subset of subsetsOf(shared)) {
    const product = subset.reduce(
      (factor, at) => {
        const same = cell[set.indexOf(at)] === otherCell[other.indexOf(at)];
        return multiply(factor, rational(same ? size(at) - 1n : -1n, size(at)));
      },
      noiseOn(plan, subset),
    );
    sum = add(sum, multiply(product, rational(1n, without(set, subset) * without(other, subset))));
  }
  return sum;
}
