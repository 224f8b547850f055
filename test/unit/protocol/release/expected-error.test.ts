/** What a researcher is told to expect is what a release then has: no less, and at worst really at worst. */
import { expect, test } from "vitest";
import { planOf } from "../../../../protocol/plan/plan.ts";
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
