/**
 * Standing releases ask for many tables of one dataset at once. Each statistic is then measured through its residuals
 * (`protocol/privacy/marginals.ts`), every residual a vector of the plan with a noise of its own, and every table
 * rebuilt from them: so what two tables share is the same number in both.
 */

import {
  type AttributeSet,
  areMarginals,
  cellsIn,
  costOf,
  type MarginalPlan,
  planLeastLargest,
  planLeastSum,
  varianceOf,
} from "../privacy/marginals.ts";
import { type Reach, UNITS } from "../privacy/privacy.ts";
import { covarianceOf } from "../privacy/residual.ts";
import type { Dataset } from "../question/catalogue.ts";
import type { Tables } from "../question/query.ts";
import {
  ceilTo,
  compare,
  format,
  multiply,
  parseRational,
  type Rational,
  rational,
  toNumber,
  ZERO,
} from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import { type Dimension, dimensionOf, UNKNOWN_CODE } from "./cells.ts";
import type { Statistic } from "./statistic.ts";

export type PlannedTables = MarginalPlan & {
  /** The columns that the sets' places stand for. */
  readonly attributes: readonly Dimension[];
};

const ONE = rational(1n);

/** All columns of a query's tables together, crossed: a node holds as many places, and no more. */
const MOST_CELLS = 1_000_000;

/**
 * The tables of a query: their sets of columns in the catalogue's order, and the noise on their residuals, for a count at
 * ρ = 1. Refuses (`column-unfit`, `schema-mismatch`, `rho-out-of-range`) sets and noise that do not belong together, or
 * that would cost more than ρ = 1.
 */
export function plannedTables(tables: Tables, dataset: Dataset): PlannedTables {
  const order = Object.keys(dataset.columns);
  const used = new Set(tables.marginals.flat());
  const names = order.filter((name) => used.has(name));
  const attributes = [...used].length === names.length ? names.map((name) => dimensionOf(name, dataset)) : [];
  const unknown = [...used].find((name) => !order.includes(name));
  if (unknown !== undefined) dimensionOf(unknown, dataset);
  const placed = (columns: readonly string[]): AttributeSet => columns.map((name) => names.indexOf(name));
  const sizes = attributes.map(({ values }) => values.length);
  const wanted = tables.marginals.map(placed);
  const residuals = tables.noise.map(({ on, variance }) => ({
    set: placed(on),
    variance: parseRational(variance),
  }));
  const plan = { attributes, sizes, wanted, residuals };
  const cells = sizes.reduce((product, size) => product * size, 1);
  if (cells > MOST_CELLS)
    throw new Refusal(
      "answer-too-long",
      `expected tables whose columns cross in at most ${MOST_CELLS} cells`,
    );
  areMarginals(plan);
  if (residuals.some(({ variance }) => compare(variance, ZERO) <= 0) || compare(costOf(plan), ONE) > 0)
    throw new Refusal("rho-out-of-range", "expected noise on residuals that costs at most ρ = 1 for a count");
  return plan;
}

/**
 * How many categories each attribute has of which a statistic's residuals are: the columns', and last, of a share, its own,
 * so that each row stands in one cell of the rows by columns and by whether the share's predicate holds.
 */
export const sizesOf = ({ sizes }: Pick<PlannedTables, "sizes">, statistic: Statistic): readonly number[] =>
  statistic.of === "share" ? [...sizes, statistic.categories] : sizes;

/** What a table by these columns is of a statistic: of a share, it is by the share as well. */
export const withOwn = (
  { sizes }: Pick<PlannedTables, "sizes">,
  set: AttributeSet,
  statistic: Statistic,
): AttributeSet => (statistic.of === "share" ? [...set, sizes.length] : set);

/** How far one person can move the contrast on a residual, if a row's value is at most `bound`. */
export function reachOn(set: AttributeSet, sizes: readonly number[], bound: bigint): Reach {
  const others = set.map((at) => BigInt(sizes[at] ?? 1) - 1n);
  const product = (factors: readonly bigint[]): bigint => factors.reduce((all, each) => all * each, 1n);
  const n = product(set.map((at) => BigInt(sizes[at] ?? 1)));
  return {
    // Along each attribute one cell moves by n − 1 and n − 1 cells by 1.
    squared: bound * bound * n * product(others),
    sum: bound * product(others) * 2n ** BigInt(set.length),
    largest: bound * product(others),
  };
}

/** The variance of noise on the contrast, in units of 1/3600: (60·M·bound)²·σ²/ρ, σ² being that of a count at ρ = 1. */
export function varianceOn(
  { set, variance }: MarginalPlan["residuals"][number],
  sizes: readonly number[],
  bound: bigint,
  rho: Rational,
): Rational {
  const scale = UNITS * BigInt(cellsIn(set, sizes)) * bound;
  return multiply(rational(scale * scale * rho.d, rho.n), variance);
}

/** A table of the release: its columns, and how many cells it has. */
export type Tabled = {
  readonly set: AttributeSet;
  readonly dimensions: readonly Dimension[];
  readonly cells: number;
};

export const tableOf = ({ attributes, sizes }: PlannedTables, set: AttributeSet): Tabled => ({
  set,
  dimensions: set.flatMap((at) => attributes[at] ?? []),
  cells: cellsIn(set, sizes),
});

/** The table by these columns, and its cell of these codes; null where there is no such column, or it has no such code. */
export function cellAt(
  { attributes }: PlannedTables,
  codes: ReadonlyMap<string, string>,
): { readonly set: AttributeSet; readonly cell: number } | null {
  const set: number[] = [];
  let cell = 0;
  for (const [at, { column, values }] of attributes.entries()) {
    const code = codes.get(column);
    if (code === undefined) continue;
    const place = values.findIndex((value) => (value ?? UNKNOWN_CODE) === code);
    if (place < 0) return null;
    set.push(at);
    cell = cell * values.length + place;
  }
  return set.length < codes.size ? null : { set, cell };
}

/** A marginal that is wanted, by its columns; how much its cells' variance matters, 1/cells unless said. */
export type WantedTable = { readonly columns: readonly string[]; readonly weight?: number | undefined };

/**
 * What is signed: the wanted marginals and the noise on their residuals that gives the least weighted sum of variances, or
 * the least largest. Refuses (`column-unfit`, `schema-mismatch`) columns that no table can have.
 */
export function planTables(
  dataset: Dataset,
  wanted: readonly WantedTable[],
  objective: "least-sum" | "least-largest",
): Tables {
  const used = new Set(wanted.flatMap(({ columns }) => columns));
  for (const name of used) dimensionOf(name, dataset);
  const names = Object.keys(dataset.columns).filter((name) => used.has(name));
  const sizes = names.map((name) => dimensionOf(name, dataset).values.length);
  const sets = wanted.map(({ columns, weight }) => {
    const set = columns.map((name) => names.indexOf(name)).sort((a, b) => a - b);
    return { set, weight: weight ?? 1 / cellsIn(set, sizes) };
  });
  const plan =
    objective === "least-sum"
      ? planLeastSum(sizes, sets, ONE)
      : planLeastLargest(
          sizes,
          sets.map(({ set }) => set),
          ONE,
        );
  const named = (set: AttributeSet) => set.flatMap((at) => names[at] ?? []);
  return {
    marginals: plan.wanted.map(named),
    noise: plan.residuals.map(({ set, variance }) => ({ on: named(set), variance: format(variance) })),
  };
}

/** Rounded up so that many fractions add up to a short one. */
const GRID = 10n ** 24n;
export const shortCost = (cost: Rational): Rational => ceilTo(cost, GRID);

/**
 * The correlation of the errors of two groups of a column, or 0 where it is above: two cells of one table share what was
 * measured of their total, and what one has too much in its residual the others have too little. For ratios, whose
 * errors are correlated no more strongly than their parts', it makes intervals at worst too wide.
 */
export function groupCorrelation(tables: PlannedTables, column: string): number {
  const at = tables.attributes.findIndex((attribute) => attribute.column === column);
  if (at < 0) return 0;
  const covariance = toNumber(covarianceOf(tables, [[at], [0]], [[at], [1]]));
  return Math.min(0, covariance / toNumber(varianceOf(tables, [at])));
}
