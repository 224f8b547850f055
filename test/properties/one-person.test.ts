/**
 * One person's worst ρ, from outside: whatever plans of either edition measure at once (tables and groupings; shares,
 * counts, means, sums and variances on shared bases), everything that one person's rows can move, put against the noise
 * as drawn, in each region's answer and in the nation's sum, costs at most what is charged. The sums are the database's own: each person is a period of their own.
 */
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPlan } from "../../node/answer/sums.ts";
import { columnIn, type NodeStore, prepareNode, tableOf } from "../../node/store/database.ts";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import type { Filter } from "../../protocol/question/filter.ts";
import { EDITIONS, type Measure } from "../../protocol/question/query.ts";
import { ordinalOf, periodAt } from "../../protocol/values/period.ts";
import { toNumber } from "../../protocol/values/rational.ts";
import { openNodeStore, temporaryFolder } from "../support/engines.ts";
import { CARE } from "../support/federation.ts";
import { queryOf } from "../support/generate.ts";

const { dataset } = writeDataset({
  ...CARE,
  columns: {
    g: { kind: "category", values: ["a", "b"], nullable: true },
    h: { kind: "category", values: ["x", "y", "z"] },
    one: { kind: "category", values: ["only"], nullable: true },
    v: { kind: "integer", min: -3, max: 2, nullable: true, meanFromMiddle: 1 },
    w: { kind: "integer", min: 5, max: 8 },
    b: { kind: "boolean", nullable: true },
    s: { kind: "boolean" },
  },
  budget: { rhoPerPeriod: "10", delta: "1e-9" },
});

/** The same on every run: a linear congruential sequence is random enough to pick rows. */
const pickerOf = (seed: number) => {
  let state = seed;
  return <T>(list: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)] as T;
  };
};
const pick = pickerOf(14);

type Values = Record<string, number | boolean | null>;
const rowOf = (): Values => ({
  g: pick([0, 1, null]),
  h: pick([0, 1, 2]),
  one: pick([0, null]),
  v: pick([-3, -1, 0, 2, null]),
  w: pick([5, 6, 8]),
  b: pick([true, false, null]),
  s: pick([true, false]),
});
const FIRST = ordinalOf("quarter", "1700K1") ?? 0;
const WEIGHTS = [[60], [30, 30], [20, 20, 20], [15, 15, 15, 15], [12, 12, 12, 12, 12]];
type Weighed = { readonly weight: number; readonly values: Values };
const PEOPLE = Array.from({ length: 500 }, (): Weighed[] => {
  const same = rowOf();
  const many = pick([true, false]);
  return pick(WEIGHTS).map((weight) => ({ values: many ? rowOf() : same, weight }));
});
const PERIODS = PEOPLE.map((_, at) => periodAt("quarter", FIRST + at));

const FILTERS: Filter[] = [
  { column: "b", in: [true] },
  { column: "s", in: [false] },
  { not: { column: "v", between: [0, 2] } },
  { and: [{ column: "g", in: ["a"] }, { not: { column: "b", in: [false] } }] },
  {
    or: [
      { column: "s", in: [true] },
      { column: "v", in: [-3] },
    ],
  },
];
const MEASURES: Measure[] = [
  { id: "n", kind: "count" },
  ...FILTERS.map((predicate, at): Measure => ({ id: `share${at}`, kind: "share", predicate })),
  ...FILTERS.map((where, at): Measure => ({ id: `some${at}`, kind: "count", where })),
  ...(["v", "w"] as const).flatMap((column): Measure[] => [
    { id: `sum-${column}`, kind: "sum", column },
    { id: `mean-${column}`, kind: "mean", column },
    { id: `variance-${column}`, kind: "variance", column },
  ]),
];
const BINS: Measure[] = [
  { id: "bins", kind: "histogram", column: "v" },
  { id: "median", kind: "quantile", column: "w", probabilities: ["1/2"] },
];
const SETS = [[], ["g"], ["h"], ["one"], ["g", "h"], ["h", "one"], ["g", "h", "one"]];

const folder = temporaryFolder();
let store: NodeStore;
beforeAll(async () => {
  store = await openNodeStore("duckdb", folder.path);
  await prepareNode(store, [dataset]);
  const names = ["g", "h", "one", "v", "w", "b", "s"] as const;
  const rows = PEOPLE.flatMap((own, at) =>
    own.map(({ weight, values }) => {
      const all = [at + 1, FIRST + at, weight, ...names.map((name) => values[name] ?? null)];
      return sql`(${sql.join(all.map((value) => sql.lit(value)))})`;
    }),
  );
  const into = ["person", "period", "weight", ...names.map(columnIn)].map((name) => sql.ref(name));
  await sql`insert into ${sql.table(tableOf(dataset))} (${sql.join(into)}) values ${sql.join(rows)}`.execute(
    store.kysely,
  );
}, 60_000);
afterAll(async () => {
  await store.close();
  folder.remove();
});

const REGIONS = 5;

/** Of each number of regions that may be missing: what the honest others' noise comes to, vector by vector, in 1/3600. */
function nationalNoise({ noiseShares }: Plan): number[][] {
  if (noiseShares === null) return [];
  const { n, noiseColluders, survivors, steps, scale, vectors } = noiseShares;
  return Array.from({ length: n - survivors + 1 }, (_, missing) => {
    const kept = steps.findIndex((step) => step >= missing) + 1;
    return vectors.map(({ components }) => {
      const one = components.slice(0, kept).reduce((all, part) => all + toNumber(part), 0);
      return ((n - missing - noiseColluders) * one) / Number(scale * scale);
    });
  });
}

const CASES = Array.from({ length: 60 }, (_, at) => at);
test.each(CASES)("plan %i: nobody costs more than is charged", async (at) => {
  const choose = pickerOf(1000 + at);
  const tabled = at % 2 === 0;
  const measures = [...MEASURES, ...(tabled ? [] : BINS)]
    .filter(() => choose([true, false, false]))
    .map((measure) => ({ ...measure, ...choose([{}, { part: 3 }, { part: 7 }]) }));
  if (measures.length === 0) measures.push({ id: "n", kind: "count" });
  const wanted = SETS.filter(() => choose([true, false])).map((columns) => ({ columns }));
  const release = choose(["regions", "national", "both"] as const);
  const plan = planOf(
    queryOf({
      edition: EDITIONS[Math.floor(at / 2) % 2] ?? 1,
      rho: "3/10",
      periods: PERIODS,
      measures,
      release,
      minRegions: 4,
      ...(release === "both" ? { nationalPart: "2/5" } : {}),
      ...(choose([true, false, false]) ? { where: choose(FILTERS) } : {}),
      ...(tabled
        ? {
            tables: planTables(
              dataset,
              wanted.length === 0 ? [{ columns: [] }] : wanted,
              choose(["least-sum", "least-largest"] as const),
            ),
          }
        : { groupBy: choose(SETS) }),
    }),
    dataset,
    REGIONS,
    50_000_000,
  );
  const sums = await runPlan(plan, store);
  const costs = PEOPLE.map((_, person) => {
    const squares = plan.vectors.map(({ offset, width }) => {
      const start = person * plan.length + offset;
      const moved = sums.slice(start, start + plan.cells * width);
      return Number(moved.reduce((all, value) => all + value * value, 0n));
    });
    const against = (variances: readonly number[]) =>
      squares.reduce((rho, squared, at) => rho + squared / (2 * (variances[at] ?? expect.fail())), 0);
    const own = plan.vectors.flatMap(({ variance }) => (variance === null ? [] : [toNumber(variance)]));
    return (own.length > 0 ? against(own) : 0) + Math.max(0, ...nationalNoise(plan).map(against));
  });
  const worst = Math.max(...costs);
  expect(worst).toBeLessThanOrEqual(toNumber(plan.charge) * (1 + 1e-12));
  expect(worst).toBeGreaterThan(0.7 * toNumber(plan.charge));
});
