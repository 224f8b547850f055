/** The published table of ResidualPlanner, to every printed digit, both objectives (skipped where ../shared is missing). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type AttributeSet,
  cellsIn,
  costOf,
  type MarginalPlan,
  planLeastLargest,
  planLeastSum,
  varianceOf,
} from "../../protocol/privacy/marginals.ts";
import { compare, rational, toNumber } from "../../protocol/values/rational.ts";

const FILE = join(import.meta.dirname, "../../../shared/vectors/residual-planner.json");
const has = existsSync(FILE);
type Published = Record<string, Record<string, number>>;
const vectors = has
  ? (JSON.parse(readFileSync(FILE, "utf8")) as {
      datasets: Record<string, number[]>;
      rmse: Published;
      maxVariance: Published;
    })
  : { datasets: {}, rmse: {}, maxVariance: {} };

export const choose = (from: number, count: number): number[][] =>
  count === 0
    ? [[]]
    : from < count
      ? []
      : [...choose(from - 1, count), ...choose(from - 1, count - 1).map((set) => [...set, from - 1])];

const HALF = rational(1n, 2n); // The published privacy cost of 1.

const variancesOf = (plan: MarginalPlan, sets: readonly AttributeSet[]): number[] =>
  sets.map((set) => toNumber(varianceOf(plan, set)));

describe.skipIf(!has)("ResidualPlanner, as published", () => {
  const cases = Object.keys(vectors.datasets).flatMap((name) =>
    ["1", "2", "3", "<=3"].map((k) => [name, k] as const),
  );
  test.each(cases)("%s, marginals of %s attributes", (name, k) => {
    const sizes = vectors.datasets[name] ?? [];
    const sets =
      k === "<=3"
        ? [0, 1, 2, 3].flatMap((count) => choose(sizes.length, count))
        : choose(sizes.length, Number(k));
    const sum = planLeastSum(
      sizes,
      sets.map((set) => ({ set, weight: 1 })),
      HALF,
    );
    const cells = sets.map((set) => cellsIn(set, sizes));
    const total = variancesOf(sum, sets).reduce((all, variance, at) => all + variance * (cells[at] ?? 0), 0);
    const count = cells.reduce((all, each) => all + each, 0);
    expect(Math.sqrt(total / count).toFixed(3)).toBe(vectors.rmse[name]?.[k]?.toFixed(3));
    const largest = planLeastLargest(sizes, sets, HALF);
    expect(Math.max(...variancesOf(largest, sets)).toFixed(3)).toBe(
      vectors.maxVariance[name]?.[k]?.toFixed(3),
    );
    for (const plan of [sum, largest]) {
      expect(compare(costOf(plan), HALF)).toBeLessThanOrEqual(0);
      expect(toNumber(costOf(plan))).toBeCloseTo(0.5, 9);
    }
  });
});
