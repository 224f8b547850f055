/**
 * Tables of a release, over random plans and any noise: every two agree exactly on what they share, the floats that are
 * published are the fractions rounded, and each figure's error is the one the fractions' plan says.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { keyOf, varianceOf } from "../../protocol/privacy/marginals.ts";
import { type Measured, marginalOf, rebuild } from "../../protocol/privacy/residual.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import type { Tables } from "../../protocol/question/query.ts";
import { areasOf } from "../../protocol/release/areas.ts";
import { cellsOf, readCells } from "../../protocol/release/cells.ts";
import { tablesOf } from "../../protocol/release/rebuild-tables.ts";
import { multiply, rational, toNumber } from "../../protocol/values/rational.ts";
import { CARE } from "../support/federation.ts";
import { queryOf } from "../support/generate.ts";

const { dataset } = writeDataset({
  ...CARE,
  columns: {
    a: { kind: "category", values: ["1", "2"] },
    b: { kind: "category", values: ["x", "y", "z"], nullable: true },
    c: { kind: "category", values: ["p", "q", "r"] },
    score: { kind: "integer", min: 0, max: 100, nullable: true },
  },
});

const wanted = fc.uniqueArray(fc.subarray(["a", "b", "c"]), {
  minLength: 1,
  maxLength: 6,
  selector: (set) => set.join(),
});
const objectives = fc.constantFrom("least-sum" as const, "least-largest" as const);
const planned = fc.tuple(wanted, objectives).map(([sets, objective]) =>
  planOf(
    queryOf({
      tables: planTables(
        dataset,
        sets.map((columns) => ({ columns })),
        objective,
      ),
      measures: [
        { id: "n", kind: "count" },
        { id: "score", kind: "mean", column: "score" },
      ],
    }),
    dataset,
  ),
);

/** Any integers at all: whatever was measured, tables agree. */
const answered = planned.chain((plan) =>
  fc
    .array(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), {
      minLength: plan.length,
      maxLength: plan.length,
    })
    .map((answer) => ({ plan, answer })),
);

type Tabled = Plan & { readonly tables: NonNullable<Plan["tables"]> };
const tabled = (plan: Plan): Tabled => {
  if (plan.tables === null) throw new Error("expected tables");
  return { ...plan, tables: plan.tables };
};

const measuredIn = (plan: Plan, answer: readonly bigint[], statistic: string): Measured =>
  new Map(
    plan.vectors
      .filter(({ of }) => of === statistic)
      .map(({ residual, offset, width }) => [keyOf(residual ?? []), answer.slice(offset, offset + width)]),
  );

test("every two tables agree exactly, as fractions, on what they share", () => {
  fc.assert(
    fc.property(answered, ({ plan, answer }) => {
      const { tables } = tabled(plan);
      const { sizes } = tables;
      for (const id of new Set(plan.vectors.map(({ of }) => of))) {
        const measured = measuredIn(plan, answer, id);
        for (const one of tables.wanted)
          for (const other of tables.wanted) {
            const shared = one.filter((at) => other.includes(at));
            const [a, b] = [one, other].map((set) => {
              const { numerators, denominator } = rebuild(tables, set, measured);
              return marginalOf(numerators, set, shared, sizes).map((n) => rational(n, denominator));
            });
            expect(a).toEqual(b);
          }
      }
    }),
    { numRuns: 200, seed: 5 },
  );
});

test("what is published is those fractions, rounded to its grid, with the variance that the plan says", () => {
  fc.assert(
    fc.property(answered, ({ plan, answer }) => {
      const { tables } = tabled(plan);
      const [nation] = areasOf(plan, { answers: new Map([["01", answer]]), national: null });
      const rebuilt = tablesOf(tabled(plan), nation ?? expect.fail(), 0);
      const count = plan.measures[0]?.vectors[0] ?? expect.fail();
      const parts = new Set(plan.vectors.map(({ of }) => of)).size;
      for (const set of tables.wanted) {
        const exact = rebuild(tables, set, measuredIn(plan, answer, count));
        const sums = rebuilt(set).get(count) ?? expect.fail();
        const spread = 10 ** 12 / 60 / 1e12;
        exact.numerators.forEach((n, cell) => {
          const value = toNumber(rational(n, exact.denominator));
          expect(Math.abs((sums[cell]?.value ?? 0) - value)).toBeLessThan(
            spread * 1e-3 + Math.abs(value) * 1e-12,
          );
          // ρ = 1/10 is split over three statistics; the grid of the sampler's variances is a thousandth.
          const variance = toNumber(multiply(varianceOf(tables, set), rational(BigInt(10 * parts))));
          expect((sums[cell]?.variance ?? 0) / variance).toBeGreaterThan(1 - 1e-9);
          expect((sums[cell]?.variance ?? 0) / variance).toBeLessThan(1.001);
        });
      }
    }),
    { numRuns: 100, seed: 6 },
  );
});

test("published decimals add up but for their own rounding", () => {
  fc.assert(
    fc.property(answered, ({ plan, answer }) => {
      const sent = { answers: new Map([["01", answer]]), national: null };
      const cells = [...readCells(plan, cellsOf(plan, sent))].filter(
        ({ at, measure }) => at["region"] === "01" && measure === "n",
      );
      const columns = (at: object) => Object.keys(at).filter((key) => key !== "region" && key !== "period");
      const total = cells.find(({ at }) => columns(at).length === 0);
      for (const name of ["a", "b", "c"]) {
        const own = cells.filter(({ at }) => columns(at).join() === name);
        if (total === undefined || own.length === 0) continue;
        const sum = own.reduce((all, { value }) => all + (value ?? 0), 0);
        expect(Math.abs(sum - (total.value ?? 0))).toBeLessThan(1e-4 * (own.length + 1) + 1e-3);
      }
    }),
    { numRuns: 100, seed: 7 },
  );
});

describe("tables that do not hold together are refused", () => {
  const good = planTables(dataset, [{ columns: [] }, { columns: ["a", "b"] }], "least-sum");
  const planWith = (tables: Tables, more: object = {}) => planOf(queryOf({ tables, ...more }), dataset);
  test.each([
    [
      "noise that costs more than ρ",
      { ...good, noise: good.noise.map((each) => ({ ...each, variance: "1/1000" })) },
      "rho-out-of-range",
    ],
    [
      "noise of variance 0",
      { ...good, noise: good.noise.map((each) => ({ ...each, variance: "0" })) },
      "rho-out-of-range",
    ],
    ["a residual left out", { ...good, noise: good.noise.slice(1) }, "schema-mismatch"],
    ["a residual twice", { ...good, noise: [...good.noise, ...good.noise.slice(0, 1)] }, "schema-mismatch"],
    [
      "a residual of no table",
      { ...good, noise: [...good.noise, { on: ["c"], variance: "1000" }] },
      "schema-mismatch",
    ],
    ["columns in another order", { ...good, marginals: [[], ["b", "a"]] }, "schema-mismatch"],
    ["a table twice", { ...good, marginals: [[], ["a", "b"], ["a", "b"]] }, "schema-mismatch"],
    ["a column of numbers", { ...good, marginals: [["score"]] }, "column-unfit"],
    ["a column that is not there", { ...good, marginals: [["d"]] }, "column-unknown"],
  ])("%s", (_, tables, code) => {
    expect(() => planWith(tables)).toThrow(expect.objectContaining({ code }));
  });
  test("columns that together cross too widely, though each table is small", () => {
    const names = ["k", "q", "r", "s"];
    const values = Array.from({ length: 40 }, (_, at) => String(at));
    const wide = writeDataset({
      ...dataset,
      columns: Object.fromEntries(names.map((name) => [name, { kind: "category" as const, values }])),
    }).dataset;
    const tables = planTables(
      wide,
      [{ columns: [] }, ...names.map((name) => ({ columns: [name] }))],
      "least-sum",
    );
    expect(() => planOf(queryOf({ tables }), wide)).toThrow(
      expect.objectContaining({ code: "answer-too-long" }),
    );
  });
  test("histograms and quantiles", () => {
    const measures = [{ id: "h", kind: "histogram" as const, column: "score" }];
    expect(() => planWith(good, { measures })).toThrow(expect.objectContaining({ code: "measure-unfit" }));
  });
});
