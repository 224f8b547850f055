/**
 * Do the intervals of tables, of differences between their cells, and the verdicts drawn from them, hold as often as they
 * say? One interval a release, so that all are independent; noise by the nodes' own path; truth made here. At 4,000 or
 * more a right system falls outside 93–97 % about once in a million.
 */
import { expect, test } from "vitest";
import { drawNoise } from "../../node/answer/noise.ts";
import { systemRandom } from "../../node/random.ts";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { varianceOf } from "../../protocol/privacy/marginals.ts";
import { contrast, covarianceOf, marginalOf } from "../../protocol/privacy/residual.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { areasOf } from "../../protocol/release/areas.ts";
import { type Figure, figuresOf } from "../../protocol/release/estimate.ts";
import { tablesOf } from "../../protocol/release/rebuild-tables.ts";
import { toNumber } from "../../protocol/values/rational.ts";
import { differenceOf, type Estimate, gapOf } from "../../publication/intervals.ts";
import { CARE } from "../support/federation.ts";
import { queryOf } from "../support/generate.ts";

const RELEASES = 4_200;
const { dataset } = writeDataset({
  ...CARE,
  columns: {
    sex: { kind: "category", values: ["1", "2"] },
    age: { kind: "category", values: ["a", "b", "c", "d", "e"] },
    score: { kind: "integer", min: 0, max: 100, nullable: true },
    flag: { kind: "boolean", nullable: true },
  },
});
const SETS = [[], [0], [1], [0, 1]];
const plan = planOf(
  queryOf({
    rho: "1/5",
    tables: planTables(
      dataset,
      [{ columns: [] }, { columns: ["sex"] }, { columns: ["age"] }, { columns: ["sex", "age"] }],
      "least-sum",
    ),
    measures: [
      { id: "count", kind: "count" },
      { id: "mean", kind: "mean", column: "score" },
      { id: "share", kind: "share", predicate: { column: "flag", in: [true] } },
    ],
  }),
  dataset,
);
const tabled = (of: Plan) => {
  if (of.tables === null) throw new Error("the plan has tables");
  return { ...of, tables: of.tables };
};
const { tables } = tabled(plan);

/** The full table of each statistic, in sixtieths: every cell has the same mean and share, so that no two truly differ. */
const PERSONS = [400n, 300n, 250n, 500n, 60n, 350n, 320n, 280n, 450n, 80n];
const full = (of: string): bigint[] => {
  const { statistic } = plan.vectors.find((vector) => vector.of === of) ?? expect.fail();
  if (statistic.of === "centred") return PERSONS.map((n) => 60n * n * 12n);
  if (statistic.of === "holds") return PERSONS.map((n) => (60n * n * 2n) / 5n);
  return PERSONS.map((n) => 60n * n);
};
const exact = plan.vectors.flatMap(({ of, residual }) =>
  contrast(marginalOf(full(of), [0, 1], residual ?? [], tables.sizes), residual ?? [], tables.sizes),
);
const TRUTH = { mean: 62, share: 0.4 } as const;

/** The figures of one release with fresh noise: by table, cell and measure. */
function released(): (set: readonly number[], cell: number, measure: number) => Figure {
  const noise = drawNoise(plan, systemRandom);
  const answer = exact.map((value, at) => value + (noise[at] ?? 0n));
  const [, area] = areasOf(plan, { answers: new Map([["01", answer]]), national: null });
  const rebuilt = tablesOf(tabled(plan), area ?? expect.fail(), 0);
  return (set, cell, measure) => {
    const planned = plan.measures[measure] ?? expect.fail();
    const sums = rebuilt(set);
    return figuresOf(plan, planned, (id) => sums.get(id)?.slice(cell, cell + 1) ?? [])[0] ?? expect.fail();
  };
}

const estimate = ({ value, se }: Figure): Estimate => ({ value: value ?? Number.NaN, se: se ?? Number.NaN });
const at = (release: number, of: number): number => (release * 7 + 3) % of;

test(`of ${RELEASES} releases: counts, means, shares and differences are held as often as they say, verdicts wrong no more`, () => {
  const cellsOf = (set: readonly number[]) =>
    set.reduce((product, attribute) => product * (tables.sizes[attribute] ?? 1), 1);
  const truth = (set: readonly number[], cell: number): number =>
    Number(marginalOf(PERSONS, [0, 1], set, tables.sizes)[cell] ?? 0n);
  const within = { count: 0, mean: 0, share: 0, groups: 0, regions: 0, means: 0 };
  const wrong = { pair: 0, gap: 0 };
  // Two cells of one table, by the fractions' own covariance.
  const correlation =
    toNumber(covarianceOf(tables, [[1], [0]], [[1], [3]])) / toNumber(varianceOf(tables, [1]));
  expect(correlation).toBeLessThan(0);
  for (let release = 0; release < RELEASES; release++) {
    const figure = released();
    const set = SETS[release % SETS.length] ?? [];
    const cell = at(release, cellsOf(set));
    const holds = ({ low, high }: { low: number | null; high: number | null }, true_: number) =>
      low === null || high === null || (low <= true_ && true_ <= high) ? 1 : 0;
    within.count += holds(figure(set, cell, 0), truth(set, cell));
    within.mean += holds(figure(set, cell, 1), TRUTH.mean);
    within.share += holds(figure(set, cell, 2), TRUTH.share);
    const [a, b] = [estimate(figure([1], 0, 0)), estimate(figure([1], 3, 0))];
    const groups = differenceOf(a, b, "neither", { covariance: correlation * a.se * b.se });
    within.groups += holds(groups, truth([1], 0) - truth([1], 3));
    // The means of two groups, which truly are the same; correlated no more than their parts.
    const [x, y] = [estimate(figure([1], 0, 1)), estimate(figure([1], 2, 1))];
    const means = differenceOf(x, y, "higher", { covariance: correlation * x.se * y.se });
    within.means += holds(means, 0);
    if (means.verdict !== "no certain difference") wrong.pair++;
    const all = Array.from({ length: 5 }, (_, group) => estimate(figure([1], group, 1)));
    if (gapOf(all, { correlation })?.certain === true) wrong.gap++;
    if (release % 2 === 1) continue;
    // Two regions: noises of their own.
    const other = released();
    const regions = differenceOf(estimate(figure(set, cell, 2)), estimate(other(set, cell, 2)), "higher");
    within.regions += holds(regions, 0);
  }
  const parts = { ...within, regions: within.regions * 2 };
  for (const [name, count] of Object.entries(parts)) {
    expect(count / RELEASES, name).toBeGreaterThan(0.93);
    // Means of groups are judged with their parts' correlation, which is at worst too wide.
    expect(count / RELEASES, name).toBeLessThan(name === "means" ? 1 : 0.97);
  }
  expect(wrong.pair / RELEASES).toBeLessThan(0.065);
  expect(wrong.gap / RELEASES).toBeLessThan(0.065);
});

test("negative control: without their correlation, differences between groups would be held too seldom", () => {
  let within = 0;
  const releases = 2_000;
  for (let release = 0; release < releases; release++) {
    const figure = released();
    const { low, high } = differenceOf(estimate(figure([0], 0, 0)), estimate(figure([0], 1, 0)), "neither");
    const [first, second] = marginalOf(PERSONS, [0, 1], [0], tables.sizes);
    const truth = Number((first ?? 0n) - (second ?? 0n));
    if (low <= truth && truth <= high) within++;
  }
  expect(within / releases).toBeLessThan(0.93);
});
