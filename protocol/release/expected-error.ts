/** What error to expect of a planned query, before asking: from the plan alone, without touching data. */
import { type Plan, vectorOf } from "../plan/plan.ts";
import { ROWS, vectorId } from "../plan/statistic.ts";
import { sizesOf, withOwn } from "../plan/tables.ts";
import { type AttributeSet, cellsIn, keyOf, spreadOf, subsetsOf } from "../privacy/marginals.ts";
import { nationalVariances, regionalVariances } from "./areas.ts";
import { Z } from "./estimate.ts";
import { reconciledVariances } from "./reconcile.ts";

export type Expected = {
  readonly measure: string;
  readonly kind: string;
  /** Half the width of the 95 % interval; for ratios with this many persons in the cell; null: none can be said. */
  readonly halfWidth: number | null;
  readonly persons: number | null;
};

/**
 * Half-widths of 95 % intervals for a cell (with tables, of the table with the largest error) whose vectors have the variances given (by their place in the plan, for
 * one published period, in persons squared). Counts and sums have the same error whatever the data; a ratio's depends on the
 * persons in the cell, so several sizes are given, at worst.
 */
export function expectedErrors(
  plan: Plan,
  variances: readonly number[],
  sizes: readonly number[],
): Expected[] {
  const spread = (id: string) => Z * Math.sqrt(cellVariance(plan, variances, id));
  return plan.measures.flatMap(({ measure, vectors }): Expected[] => {
    const { id, kind } = measure;
    const [first, second, third] = vectors.map(spread);
    const bound = Number(vectorOf(plan, vectors[0] ?? "").bound);
    if (kind === "count" || kind === "sum" || kind === "histogram") {
      return [{ measure: id, kind, halfWidth: first ?? null, persons: null }];
    }
    return sizes.map((persons) => {
      // At worst the ratio is at the edge of its range, where the denominator's noise counts most: for a variance
      // with mean m and mean square q about the middle, m² = q = 2·bound, where its slope is 2m² − q + bound.
      const worst =
        kind === "mean"
          ? Math.hypot(first ?? 0, bound * (second ?? 0)) / persons
          : kind === "share"
            ? // In the second edition yes alone: with all or none of them, the error of the sum of yes and no is none.
              Math.hypot(first ?? 0, second ?? 0) / persons
            : kind === "variance"
              ? Math.hypot(first ?? 0, 2 * Math.sqrt(2 * bound) * (second ?? 0), 3 * bound * (third ?? 0)) /
                persons
              : null;
      return { measure: id, kind, halfWidth: worst, persons };
    });
  });
}

/** The variance of one statistic in a cell; with tables, in the table where it is largest. */
function cellVariance(plan: Plan, variances: readonly number[], id: string): number {
  const { tables, vectors } = plan;
  if (tables === null) return variances[vectors.findIndex((vector) => vector.of === id)] ?? 0;
  const { statistic } = vectorOf(plan, id);
  const sizes = sizesOf(tables, statistic);
  const rows = statistic.of === "share" ? vectorId(ROWS, plan.dataset) : id;
  const residuals = new Map(
    vectors.flatMap(({ of, residual }, index) => {
      if ((of !== id && of !== rows) || residual === null) return [];
      const scale = cellsIn(residual, sizes);
      return [[keyOf(residual), (variances[index] ?? 0) / (scale * scale)] as const];
    }),
  );
  const inTable = (columns: AttributeSet): number => {
    const set = withOwn(tables, columns, statistic);
    return subsetsOf(set).reduce(
      (sum, subset) => sum + spreadOf(set, new Set(subset), sizes) * (residuals.get(keyOf(subset)) ?? 0),
      0,
    );
  };
  return Math.max(...tables.wanted.map(inTable));
}

/** Errors to expect of one question in each way that it can be asked, at the same ρ; null where it cannot be. */
export type ExpectedByKind = {
  /** Release kind regions: one region's cell, and the nation's as their sum. */
  readonly region: readonly Expected[];
  readonly nation: readonly Expected[];
  /** Release kind national, with all regions there and with as many missing as may be. */
  readonly secure: readonly Expected[] | null;
  readonly secureAtWorst: readonly Expected[] | null;
};

/** What to expect of a question that is asked in both ways at once, its ρ split: estimates reconciled, none missing. */
export function expectedOfBoth(
  plan: Plan,
  regions: number,
  sizes: readonly number[],
): { readonly region: readonly Expected[]; readonly nation: readonly Expected[] } {
  const own = regionalVariances(plan);
  const totals = nationalVariances(plan, 0, 0);
  const { region, nation } = reconciledVariances({ own, totals, m: regions });
  return { region: expectedErrors(plan, region, sizes), nation: expectedErrors(plan, nation, sizes) };
}

export function expectedByKind(
  regional: Plan,
  national: Plan | null,
  regions: number,
  sizes: readonly number[],
): ExpectedByKind {
  const own = regionalVariances(regional);
  const least = national?.noiseShares?.survivors ?? 0;
  const secure = (plan: Plan, count: number) =>
    expectedErrors(plan, nationalVariances(plan, regions - count, 0), sizes);
  return {
    region: expectedErrors(regional, own, sizes),
    nation: expectedErrors(
      regional,
      own.map((variance) => variance * regions),
      sizes,
    ),
    secure: national === null ? null : secure(national, regions),
    secureAtWorst: national === null ? null : secure(national, least),
  };
}
