/** What error to expect of a planned query, before asking: from the plan alone, without touching data. */
import { Z } from "./estimate.ts";
import { type Plan, vectorOf } from "./plan.ts";
import { UNITS } from "./privacy.ts";
import { toNumber } from "./rational.ts";

export type Expected = {
  readonly measure: string;
  readonly kind: string;
  /** Half the width of the 95 % interval; for ratios with this many persons in the cell; null: none can be said. */
  readonly halfWidth: number | null;
  readonly persons: number | null;
};

const PER_UNIT = Number(UNITS);

/**
 * Half-widths of 95 % intervals for one region's cell, or for the sum of `regions` of them. Counts and sums have the
 * same error whatever the data; a ratio's depends on the persons in the cell, so several sizes are given, at worst.
 */
export function expectedErrors(plan: Plan, regions: number, sizes: readonly number[]): Expected[] {
  const copies = regions * (plan.pool ? plan.periods.length : 1);
  const spread = (id: string | undefined) =>
    id === undefined ? 0 : (Z * Math.sqrt(toNumber(vectorOf(plan, id).variance) * copies)) / PER_UNIT;
  return plan.measures.flatMap(({ measure, vectors }): Expected[] => {
    const { id, kind } = measure;
    const [first, second, third] = vectors.map(spread);
    const bound = Number(vectorOf(plan, vectors[0] ?? "").bound);
    if (kind === "count" || kind === "sum" || kind === "histogram") {
      return [{ measure: id, kind, halfWidth: first ?? null, persons: null }];
    }
    return sizes.map((persons) => {
      // At worst the ratio is at the edge of its range, where the denominator's noise counts most.
      const worst =
        kind === "mean"
          ? Math.hypot(first ?? 0, bound * (second ?? 0)) / persons
          : kind === "share"
            ? Math.hypot(first ?? 0, second ?? 0) / persons
            : kind === "variance"
              ? Math.hypot(first ?? 0, 2 * Math.sqrt(2 * bound) * (second ?? 0), bound * (third ?? 0)) /
                persons
              : null;
      return { measure: id, kind, halfWidth: worst, persons };
    });
  });
}
