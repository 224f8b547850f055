/**
 * From the residuals' noisy sums to every table's, in floats: post-processing, the same for a region's own answer,
 * their sum, the secure sum, and both reconciled. `protocol/privacy/residual.ts` does the same as fractions, to which
 * tests hold this.
 */
import type { Plan } from "../plan/plan.ts";
import { ROWS, type Statistic, vectorId } from "../plan/statistic.ts";
import { type PlannedTables, sizesOf, withOwn } from "../plan/tables.ts";
import { type AttributeSet, cellsIn, keyOf, spreadOf, subsetsOf } from "../privacy/marginals.ts";
import { eachLine, placesOf } from "../privacy/residual.ts";
import type { Area } from "./areas.ts";
import type { Noisy } from "./estimate.ts";

/** One residual, projected: in persons, with the variance of its noise. */
type Projected = { readonly values: Float64Array; readonly variance: number };

/** ⊗(I − J/n) along each attribute: takes away what noise put where no residual can be. */
function project(values: readonly number[], set: AttributeSet, sizes: readonly number[]): Float64Array {
  const next = Float64Array.from(values);
  eachLine(set, sizes, (cells) => {
    let line = 0;
    for (const cell of cells) line += next[cell] ?? 0;
    const mean = line / cells.length;
    for (const cell of cells) next[cell] = (next[cell] ?? 0) - mean;
  });
  return next;
}

/** What a statistic's residuals say; of a share, its own and the rows'. */
type Residuals = { readonly statistic: Statistic; readonly measured: Map<string, Projected> };

/** The residuals of one area and published period, by statistic. */
function residualsOf(
  plan: Plan & { readonly tables: PlannedTables },
  area: Area,
  period: number,
): Map<string, Residuals> {
  const projected = new Map<string, Residuals>();
  plan.vectors.forEach(({ of, statistic, residual }, index) => {
    if (residual === null) throw new RangeError("expected residuals alone");
    const sizes = sizesOf(plan.tables, statistic);
    const scale = cellsIn(residual, sizes);
    const sums = area.sums(period, 0, index);
    const values = project(
      sums.map(({ value }) => value / scale),
      residual,
      sizes,
    );
    const variance = (sums[0]?.variance ?? 0) / (scale * scale);
    const known = projected.get(of) ?? { statistic, measured: new Map<string, Projected>() };
    known.measured.set(keyOf(residual), { values, variance });
    projected.set(of, known);
  });
  const rows = projected.get(vectorId(ROWS, plan.dataset))?.measured ?? [];
  for (const { statistic, measured } of projected.values())
    if (statistic.of === "share") for (const [key, residual] of rows) measured.set(key, residual);
  return projected;
}

/** The sums of one area and published period: of a statistic, in every cell of a table; of a share, one a category. */
export function tablesOf(
  plan: Plan & { readonly tables: PlannedTables },
  area: Area,
  period: number,
): (set: AttributeSet) => ReadonlyMap<string, readonly Noisy[]> {
  const residuals = residualsOf(plan, area, period);
  return (columns) => {
    // The same for all statistics but shares, and for all shares of as many categories.
    const known = new Map<string, readonly Part[]>();
    return new Map(
      [...residuals].map(([id, { statistic, measured }]) => {
        const sizes = sizesOf(plan.tables, statistic);
        const set = withOwn(plan.tables, columns, statistic);
        const parts = known.get(sizes.join()) ?? partsOf(set, sizes);
        known.set(sizes.join(), parts);
        return [id, tableOf(plan.tables, parts, cellsIn(set, sizes), { statistic, measured })];
      }),
    );
  };
}

/** A residual's part in a table: where its cells come, over how many each is spread, and how its variance counts. */
type Part = {
  readonly subset: AttributeSet;
  readonly place: ReturnType<typeof placesOf>;
  readonly rest: number;
  readonly spread: number;
};

const partsOf = (set: AttributeSet, sizes: readonly number[]): Part[] =>
  subsetsOf(set).map((subset) => ({
    subset,
    place: placesOf(set, subset, sizes),
    rest: cellsIn(set, sizes) / cellsIn(subset, sizes),
    spread: spreadOf(set, new Set(subset), sizes),
  }));

function tableOf(
  { sizes }: PlannedTables,
  parts: readonly Part[],
  whole: number,
  { statistic, measured }: Residuals,
): Noisy[] {
  const categories = statistic.of === "share" ? statistic.categories : 1;
  const values = new Float64Array(whole);
  let variance = 0;
  let covariance = 0;
  for (const { subset, place, rest, spread } of parts) {
    const part = measured.get(keyOf(subset));
    if (part === undefined) throw new RangeError("expected a residual for each set within the table's");
    const own = spread * part.variance;
    variance += own;
    // Where a share's residual has too much in one category, the others have too little.
    covariance += subset.includes(sizes.length) ? -own / (categories - 1) : own;
    for (let cell = 0; cell < whole; cell++)
      values[cell] = (values[cell] ?? 0) + (part.values[place[cell] ?? 0] ?? 0) / rest;
  }
  return Array.from(values, (value) =>
    statistic.of === "share" ? { value, variance, covariance } : { value, variance },
  );
}
