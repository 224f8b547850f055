/** What a researcher is told to expect is what a release then has: no less, and at worst really at worst. */
import { expect, test } from "vitest";
import { planOf } from "../../../../protocol/plan/plan.ts";
import { planTables, sizesOf } from "../../../../protocol/plan/tables.ts";
import { contrast, marginalOf } from "../../../../protocol/privacy/residual.ts";
import { writeDataset } from "../../../../protocol/question/catalogue.ts";
import { cellsOf, readCells } from "../../../../protocol/release/cells.ts";
import { expectedByKind, expectedOfBoth } from "../../../../protocol/release/expected-error.ts";
import { CARE } from "../../../support/federation.ts";
import { queryOf } from "../../../support/generate.ts";

const { dataset } = writeDataset(CARE);
const REGIONS = 4;
const codes = ["01", "03", "04", "05"];
const questionOf = (release: "regions" | "national" | "both", kind: "count" | "variance" = "count") =>
  queryOf({
    release,
    minRegions: 3,
    rho: "1/10",
    measures: [kind === "count" ? { id: "m", kind } : { id: "m", kind, column: "score" }],
  });

test("a question asked in both ways: its reconciled errors, not those of all its ρ spent on one", () => {
  const plan = planOf(questionOf("both"), dataset, REGIONS);
  const zeros = new Array<bigint>(plan.length * plan.periods.length).fill(0n);
  const table = cellsOf(plan, {
    answers: new Map(codes.map((code) => [code, zeros])),
    national: { sum: zeros, survivors: codes, unopened: 0 },
  });
  const half = (region: string) =>
    [...readCells(plan, table)].find(({ at }) => at["region"] === region)?.high ?? 0;
  const { region, nation } = expectedOfBoth(plan, REGIONS, []);
  expect(region[0]?.halfWidth).toBeCloseTo(half("01"), 1);
  expect(nation[0]?.halfWidth).toBeCloseTo(half("00"), 1);
  const whole = expectedByKind(
    planOf(questionOf("regions"), dataset, REGIONS),
    planOf(questionOf("national"), dataset, REGIONS),
    REGIONS,
    [],
  );
  expect(region[0]?.halfWidth).toBeGreaterThan(whole.region[0]?.halfWidth ?? 0);
  expect(nation[0]?.halfWidth).toBeLessThan(whole.nation[0]?.halfWidth ?? 0);
});

test("no data within bounds make a variance's error larger than what is told at worst", () => {
  const plan = planOf(questionOf("regions", "variance"), dataset, REGIONS);
  const persons = 1000;
  const [told] = expectedByKind(plan, null, REGIONS, [persons]).region;
  let worst = 0;
  // All persons at one value, or half of them at each of two.
  for (let low = 0; low <= 100; low += 10)
    for (let high = low; high <= 100; high += 10) {
      const values = plan.vectors.map(({ statistic }) => {
        const of = (v: number) =>
          statistic.of === "square"
            ? (v - statistic.centre) ** 2 - Number(statistic.half)
            : statistic.of === "centred"
              ? v - statistic.centre
              : 1;
        return BigInt((persons * 60 * (of(low) + of(high))) / 2);
      });
      const answer = plan.periods.flatMap(() => plan.vectors.map((_, vector) => values[vector] ?? 0n));
      const table = cellsOf(plan, { answers: new Map([["01", answer]]), national: null });
      for (const { at, se } of readCells(plan, table))
        if (at["region"] === "01") worst = Math.max(worst, 1.96 * (se ?? 0));
    }
  expect(told?.halfWidth).toBeGreaterThanOrEqual(worst * 0.999);
  expect(told?.halfWidth).toBeLessThan(worst * 1.1);
});

test.each([false, true])("no share's error is larger than what is told at worst, in tables: %s", (tabled) => {
  const tables = planTables(dataset, [{ columns: [] }, { columns: ["sex"] }], "least-sum");
  const measures = [{ id: "p", kind: "share" as const, predicate: { column: "flag", in: [true] } }];
  const plan = planOf(
    queryOf({ edition: 2, rho: "1/10", measures, ...(tabled ? { tables } : { groupBy: ["sex"] }) }),
    dataset,
  );
  const persons = 1000;
  const [told] = expectedByKind(plan, null, REGIONS, [persons]).region;
  let worst = 0;
  for (let yes = 0; yes <= persons; yes += 50) {
    const parts = [yes, persons - yes, 0].map((each) => BigInt(60 * each));
    const cells = plan.dimensions[0]?.values.length ?? 0;
    const answer = plan.vectors.flatMap(({ statistic, residual }) => {
      const each = statistic.of === "share" ? parts.slice(0, tabled ? 3 : 2) : [BigInt(60 * persons)];
      const full = Array.from({ length: cells }, () => each).flat();
      if (plan.tables === null || residual === null) return full;
      const sizes = sizesOf(plan.tables, statistic);
      const all = sizes.map((_, at) => at);
      return contrast(marginalOf(full, all, residual, sizes), residual, sizes);
    });
    const table = cellsOf(plan, { answers: new Map([["01", answer]]), national: null });
    for (const { at, se } of readCells(plan, table))
      if (at["region"] === "01" && "sex" in at) worst = Math.max(worst, 1.96 * (se ?? 0));
  }
  // With tables the total's table may have the larger error, of more persons.
  expect(told?.halfWidth).toBeGreaterThanOrEqual(worst * 0.999);
  expect(told?.halfWidth).toBeLessThan(worst * (tabled ? 1.5 : 1.01));
});
