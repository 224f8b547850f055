/** In the second edition a mean's ρ is split by how far the mean is expected from the middle of its bounds: what that is worth. */
import { describe, expect, test } from "vitest";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { EDITIONS, type Measure } from "../../protocol/question/query.ts";
import { cellsOf, readCells } from "../../protocol/release/cells.ts";
import { toNumber, ZERO } from "../../protocol/values/rational.ts";
import { CARE } from "../support/federation.ts";
import { queryOf } from "../support/generate.ts";

const B = 50;
const measures: Measure[] = [{ id: "m", kind: "mean", column: "score" }];

/** Plans of both editions, of a mean on 0–100 that may be said to lie so far from 50. */
function plansOf(meanFromMiddle: number | undefined, tabled: boolean): Plan[] {
  const said = meanFromMiddle === undefined ? {} : { meanFromMiddle };
  const { dataset } = writeDataset({
    ...CARE,
    columns: {
      sex: { kind: "category", values: ["1", "2"] },
      score: { kind: "integer", min: 0, max: 2 * B, nullable: true, ...said },
    },
  });
  const tables = planTables(dataset, [{ columns: [] }, { columns: ["sex"] }], "least-sum");
  return EDITIONS.map((edition) =>
    planOf(queryOf({ edition, rho: "1/10", measures, ...(tabled ? { tables } : {}) }), dataset),
  );
}

/** The variance of the mean's error where 1,000 persons' mean lies so far from the middle. */
function errorAt(plan: Plan, distance: number): number {
  const total = (of: string) => (of === "centred" ? 60_000n * BigInt(distance) : 60_000n);
  const answer = plan.vectors.flatMap(({ statistic, width }) =>
    Array.from({ length: width }, () => (width === 1 ? total(statistic.of) : 0n)),
  );
  const [cell] = readCells(plan, cellsOf(plan, { answers: new Map([["01", answer]]), national: null }));
  return (cell?.se ?? Number.NaN) ** 2;
}

const root = (plan: Plan, of: string): number =>
  toNumber(plan.vectors.find(({ statistic }) => statistic.of === of)?.variance ?? ZERO);

describe.each([false, true])("in tables: %s", (tabled) => {
  test.each([
    [undefined, B / 4],
    [0, B / 4],
    [20, 20],
    [50, 50],
    [80, 80],
  ])("said to lie %s from the middle, it is split as B : %d", (said, c) => {
    const [, plan] = plansOf(said, tabled);
    const parts = root(plan ?? expect.fail(), "known") / (root(plan ?? expect.fail(), "centred") / (B * B));
    expect(parts / (B / c)).toBeGreaterThan(0.998);
    expect(parts / (B / c)).toBeLessThan(1.002);
  });

  test("where it lies as expected, its error is (B + c)²/2ρN² instead of 2(B² + c²)/2ρN²", () => {
    for (const c of [13, 20, 30]) {
      const [equal, split] = plansOf(c, tabled).map((plan) => errorAt(plan, c));
      const gain = (equal ?? 0) / (split ?? 1);
      expect(gain / ((2 * (B * B + c * c)) / (B + c) ** 2)).toBeGreaterThan(0.99);
      expect(gain / ((2 * (B * B + c * c)) / (B + c) ** 2)).toBeLessThan(1.01);
    }
  });
});
