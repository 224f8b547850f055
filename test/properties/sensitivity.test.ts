/**
 * Brute-force sensitivity: everything that one person can have in a period, on tiny domains, moves each vector by at
 * most the plan's Δ = 60·bound in L2, and some person moves it by exactly that.
 */
import { describe, expect, test } from "vitest";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { planTables, shortCost } from "../../protocol/plan/tables.ts";
import { sensitivity } from "../../protocol/privacy/privacy.ts";
import type { Column } from "../../protocol/question/catalogue.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import type { Filter } from "../../protocol/question/filter.ts";
import { EDITIONS, type Measure } from "../../protocol/question/query.ts";
import {
  add,
  ceilTo,
  compare,
  divide,
  multiply,
  type Rational,
  rational,
  toNumber,
  ZERO,
} from "../../protocol/values/rational.ts";
import { queryOf } from "../support/generate.ts";
import { evaluate, type Row, type Value, weigh } from "../support/oracle.ts";

const KEY = new Uint8Array(32).fill(1);
const COLUMNS: Record<string, Column> = {
  g: { kind: "category", values: ["a", "b"], nullable: true },
  v: { kind: "integer", min: -1, max: 2, nullable: true },
  b: { kind: "boolean", nullable: true },
  h: { kind: "category", values: ["x", "y", "z"] },
};
const { dataset } = writeDataset({
  dataset: "care",
  version: 1,
  title: { sv: "Liten", en: "Tiny" },
  person: "one person within one region",
  period: "quarter",
  rowsPerPerson: 5,
  maxPersons: 100,
  columns: COLUMNS,
  budget: { rhoPerPeriod: "10", delta: "1e-9" },
});

const DOMAIN: Row["values"][] = (["a", "b", null] as Value[]).flatMap((g) =>
  ([-1, 0, 2, null] as Value[]).flatMap((v) =>
    ([true, null] as Value[]).map((b, at) => ({ g, v, b, h: at === 0 ? "x" : "z" })),
  ),
);

/** Every multiset of up to three rows, and one of each kind for longer ones: what a person can have written. */
function* persons(): Generator<Row[]> {
  const row = (values: Row["values"]): Row => ({ person: "p", period: "2025K1", values });
  for (const [i, first] of DOMAIN.entries()) {
    yield [row(first)];
    yield Array.from({ length: 7 }, () => row(first));
    for (const [j, second] of DOMAIN.slice(i).entries()) {
      yield [row(first), row(second)];
      yield [first, first, first, second, second].map(row);
      yield [first, first, first, first, second, second, second].map(row);
      for (const third of DOMAIN.slice(i + j)) yield [first, second, third].map(row);
    }
  }
}

const PREDICATES: Filter[] = [
  { column: "v", between: [0, 2] },
  { not: { column: "g", in: ["a"] } },
  {
    or: [
      { column: "b", in: [true] },
      { column: "v", in: [-1] },
    ],
  },
  { and: [{ column: "g", in: ["a", "b"] }, { not: { column: "v", in: [0] } }] },
];
const MEASURES: Measure[] = [
  { id: "count", kind: "count" },
  { id: "sum", kind: "sum", column: "v" },
  { id: "mean", kind: "mean", column: "v" },
  { id: "variance", kind: "variance", column: "v" },
  { id: "bins", kind: "histogram", column: "v" },
  { id: "edges", kind: "histogram", column: "v", edges: [-1, 1] },
  { id: "flags", kind: "histogram", column: "b" },
  { id: "median", kind: "quantile", column: "v", probabilities: ["1/2"] },
  ...PREDICATES.map((predicate, index): Measure => ({ id: `share${index}`, kind: "share", predicate })),
];

const SOME = [...persons()].filter((_, index) => index % 97 === 0);

/** The largest squared L2 norm, by vector, over everything a person can have. */
function largest(plan: Plan): Map<string, bigint> {
  const most = new Map<string, bigint>();
  for (const rows of persons()) {
    const sums = evaluate(plan, weigh(rows, dataset, KEY));
    for (const { id, offset, width } of plan.vectors) {
      const norm = sums
        .slice(offset, offset + plan.cells * width)
        .reduce((sum, value) => sum + value * value, 0n);
      if (norm > (most.get(id) ?? 0n)) most.set(id, norm);
    }
  }
  return most;
}

const WAYS: ReadonlyArray<readonly [string, string[], Filter | undefined]> = [
  ["alone", [], undefined],
  ["grouped", ["g"], undefined],
  ["grouped and filtered", ["g"], PREDICATES[2]],
];

describe.each(
  WAYS.flatMap(([name, groupBy, where]) => EDITIONS.map((edition) => ({ name, groupBy, where, edition }))),
)("$name, edition $edition", ({ groupBy, where, edition }) => {
  test.each(MEASURES)("$id", (measure) => {
    const plan = planOf(
      queryOf({ edition, groupBy, measures: [measure], ...(where === undefined ? {} : { where }) }),
      dataset,
    );
    const most = largest(plan);
    for (const { id, bound } of plan.vectors) {
      const delta = sensitivity(bound);
      expect(most.get(id) ?? 0n, `${id} moves more than its plan says`).toBeLessThanOrEqual(delta * delta);
      if (where === undefined) expect(most.get(id), `${id}: no person reaches the bound`).toBe(delta * delta);
    }
  });
});

describe.each(EDITIONS)("in tables, edition %i", (edition) => {
  const tabled = MEASURES.filter(({ kind }) => kind !== "histogram" && kind !== "quantile");
  const wanted = [[], ["g"], ["h"], ["g", "h"]].map((columns) => ({ columns }));
  const tables = planTables(dataset, wanted, "least-sum");
  test.each(tabled)(
    "$id: each residual moves by what its plan says, in L2, L1 and any one integer",
    (measure) => {
      const plan = planOf(queryOf({ edition, tables, measures: [measure] }), dataset);
      const most = new Map(plan.vectors.map(({ id }) => [id, { squared: 0n, sum: 0n, largest: 0n }]));
      for (const rows of persons()) {
        const sums = evaluate(plan, weigh(rows, dataset, KEY));
        for (const { id, offset, width } of plan.vectors) {
          const moved = most.get(id) ?? expect.fail();
          const cells = sums.slice(offset, offset + width).map((value) => (value < 0n ? -value : value));
          const all = { squared: 0n, sum: 0n, largest: 0n };
          for (const cell of cells) {
            all.squared += cell * cell;
            all.sum += cell;
            if (cell > all.largest) all.largest = cell;
          }
          for (const norm of ["squared", "sum", "largest"] as const)
            if (all[norm] > moved[norm]) moved[norm] = all[norm];
        }
      }
      for (const { id, reach } of plan.vectors) {
        const said = { squared: 3600n * reach.squared, sum: 60n * reach.sum, largest: 60n * reach.largest };
        expect(most.get(id), id).toEqual(said);
      }
    },
  );

  test("what a release costs, from the integers of a single person, is what is charged", () => {
    const plan = planOf(queryOf({ edition, tables, measures: tabled }), dataset);
    const moved = plan.vectors.map(({ variance }) => {
      if (variance === null) throw new Error("expected a noise for each vector");
      const known = new Map<bigint, Rational>();
      return (squared: bigint): Rational => {
        const cost =
          known.get(squared) ?? shortCost(divide(rational(squared), multiply(rational(2n), variance)));
        known.set(squared, cost);
        return cost;
      };
    });
    let worst = ZERO;
    for (const rows of persons()) {
      const sums = evaluate(plan, weigh(rows, dataset, KEY));
      const cost = plan.vectors.reduce((total, { offset, width }, at) => {
        const squared = sums.slice(offset, offset + width).reduce((sum, value) => sum + value * value, 0n);
        return add(total, moved[at]?.(squared) ?? expect.fail());
      }, ZERO);
      if (compare(cost, worst) > 0) worst = cost;
    }
    expect(compare(worst, plan.charge)).toBeLessThanOrEqual(0);
    // No person reaches every vector's bound at once: a share's two do, a mean's and a count's not.
    expect(toNumber(worst) / toNumber(plan.charge)).toBeGreaterThan(0.5);
    const count = planOf(queryOf({ edition, tables, measures: [{ id: "n", kind: "count" }] }), dataset);
    const one = evaluate(count, weigh([...persons()][0] ?? [], dataset, KEY));
    const exact = count.vectors.reduce((total, { offset, width, variance }) => {
      const squared = one.slice(offset, offset + width).reduce((sum, value) => sum + value * value, 0n);
      return add(total, shortCost(divide(rational(squared), multiply(rational(2n), variance ?? ZERO))));
    }, ZERO);
    expect(ceilTo(exact, 10n ** 12n)).toEqual(count.charge);
    expect(toNumber(count.charge)).toBeGreaterThan(0.0999);
  });
});

describe("shares as cells", () => {
  const shares = MEASURES.filter(({ kind }) => kind === "share");
  const squared = (cells: readonly bigint[]): bigint => cells.reduce((sum, value) => sum + value * value, 0n);

  test("negative control: a share's yes and all that is known, in one vector, would move it further than 60", () => {
    // As the first edition has them, each a vector by itself.
    const plan = planOf(queryOf({ edition: 1, measures: shares.slice(0, 1) }), dataset);
    const moved = [...persons()].map((rows) => squared(evaluate(plan, weigh(rows, dataset, KEY))));
    expect(moved.some((each) => each > 3600n)).toBe(true);
  });

  test("in tables, a person costs just what is charged: rows and all shares at once, and with less noise more", () => {
    const wanted = [[], ["g"], ["h"], ["g", "h"]].map((columns) => ({ columns }));
    const tables = planTables(dataset, wanted, "least-sum");
    const measures: Measure[] = [{ id: "n", kind: "count" }, ...shares];
    const plan = planOf(queryOf({ edition: 2, tables, measures }), dataset);
    const costs = (rows: readonly Row[], less: (of: string) => number): number => {
      const sums = evaluate(plan, weigh(rows, dataset, KEY));
      return plan.vectors.reduce((total, { statistic, offset, width, variance }) => {
        const noise = toNumber(variance ?? ZERO) * less(statistic.of);
        return total + Number(squared(sums.slice(offset, offset + width))) / (2 * noise);
      }, 0);
    };
    const charge = toNumber(plan.charge);
    for (const rows of SOME) expect(costs(rows, () => 1)).toBeLessThanOrEqual(charge * (1 + 1e-9));
    const one = DOMAIN.map((values) => [{ person: "p", period: "2025K1", values }]);
    // Whoever has one row stands in one cell of every attribute: nobody's row costs less than is charged.
    for (const rows of one) expect(costs(rows, () => 1) / charge).toBeGreaterThan(0.9999);
    const unscaled = (of: string): number => (of === "share" ? 2 / 3 : 1);
    for (const rows of one) expect(costs(rows, unscaled)).toBeGreaterThan(charge * 1.1);
  });
});

test("every pair of measures shares a vector only where it sums the same", () => {
  for (const a of MEASURES) {
    for (const b of MEASURES.filter(({ id }) => id !== a.id)) {
      const both = planOf(queryOf({ measures: [a, b] }), dataset);
      const [first, second] = [a, b].map((measure) => planOf(queryOf({ measures: [measure] }), dataset));
      for (const rows of SOME) {
        const weighted = weigh(rows, dataset, KEY);
        for (const [index, alone] of [first, second].entries()) {
          if (alone === undefined) continue;
          const ids = both.measures[index]?.vectors ?? [];
          const [together, apart] = [evaluate(both, weighted), evaluate(alone, weighted)];
          for (const id of ids) {
            const [x, y] = [both, alone].map((plan) => plan.vectors.find((vector) => vector.id === id));
            if (x === undefined || y === undefined) throw new Error(`${id} is not in both plans`);
            expect(together.slice(x.offset, x.offset + x.width)).toEqual(
              apart.slice(y.offset, y.offset + y.width),
            );
          }
        }
      }
    }
  }
});
