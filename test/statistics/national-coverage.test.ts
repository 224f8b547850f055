/**
 * Do the intervals of national releases, and of both kinds reconciled, hold the truth as often as they promise?
 * Noise drawn by the nodes' own path; truth known since the sums are made here. False alarm about 1e-6 at 4,000 or
 * more intervals: a right system of this size falls outside 93–97 % that seldom.
 */
import { expect, test } from "vitest";
import { drawNoise, drawNoiseShares } from "../../node/answer/noise.ts";
import { systemRandom } from "../../node/random.ts";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { stepOf } from "../../protocol/privacy/noise-shares.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import type { Query } from "../../protocol/question/query.ts";
import type { NationalSum } from "../../protocol/release/areas.ts";
import { cellsOf, readCells } from "../../protocol/release/cells.ts";
import { CARE } from "../support/federation.ts";
import { queryOf } from "../support/generate.ts";

const N = 21;
const CODES = Array.from({ length: N }, (_, index) => String(index + 1).padStart(2, "0"));
const { dataset } = writeDataset(CARE);

const planned = (more: Partial<Query>): Plan =>
  planOf(
    queryOf({
      periods: ["2025K1", "2025K2"],
      groupBy: ["sex"],
      minRegions: 15,
      rho: "1/10",
      measures: [
        { id: "count", kind: "count" },
        { id: "mean", kind: "mean", column: "score" },
        { id: "share", kind: "share", predicate: { column: "flag", in: [true] } },
        { id: "variance", kind: "variance", column: "score" },
      ],
      ...more,
    }),
    dataset,
    N,
  );

/** Each region's true sums: some hundreds of persons, with a plausible mean, share and spread. */
function truths(plan: Plan): Map<string, bigint[]> {
  return new Map(
    CODES.map((code, index) => {
      const persons = BigInt(300 + 40 * index);
      const once = plan.vectors.flatMap(({ statistic, width }) =>
        Array.from({ length: plan.cells * width }, (_, at) => {
          if (statistic.of === "share") return 60n * (at % 2 === 0 ? persons / 3n : persons - persons / 3n);
          if (statistic.of === "centred") return 60n * persons * BigInt(5 + (index % 7));
          if (statistic.of === "square") return 60n * persons * -700n;
          if (statistic.of === "holds") return 60n * (persons / 3n);
          return 60n * persons;
        }),
      );
      return [code, plan.periods.flatMap(() => once)];
    }),
  );
}

/** The nation's true figures are those of a release without noise. */
const figures = (plan: Plan, answers: Map<string, bigint[]>, national: NationalSum | null) =>
  new Map(
    [...readCells(plan, cellsOf(plan, { answers, national }))].map((cell) => [
      JSON.stringify([cell.at, cell.measure]),
      cell,
    ]),
  );

const added = (vectors: Iterable<readonly bigint[]>): bigint[] =>
  [...vectors].reduce<bigint[]>(
    (total, vector) => vector.map((value, index) => value + (total[index] ?? 0n)),
    [],
  );

function coverage(plan: Plan, missing: number, unopened: number, releases: number) {
  const { noiseShares } = plan;
  if (noiseShares === null) throw new Error("the plan has a secure sum");
  const truth = truths(plan);
  const survivors = CODES.slice(0, N - missing);
  const both = plan.vectors.every(({ variance }) => variance !== null);
  const among = new Map(both ? truth : [...truth].filter(([code]) => survivors.includes(code)));
  const exact = figures(planOf({ ...asRegions(plan) }, dataset), among, null);
  const step = stepOf(noiseShares, missing);
  const found = { nation: [0, 0] as [number, number], regions: [0, 0] as [number, number] };
  for (let each = 0; each < releases; each++) {
    const sum = added(
      survivors.map((code) => (truth.get(code) ?? []).map((value) => value * noiseShares.scale)),
    );
    survivors.forEach((_, index) => {
      const noise = drawNoiseShares(plan, systemRandom);
      const kept = index < unopened ? noise : noise.slice(0, step + 1);
      for (const component of kept)
        component.forEach((value, at) => {
          sum[at] = (sum[at] ?? 0n) + BigInt(value);
        });
    });
    const answers = new Map(
      both
        ? [...truth].map(([code, sums]): [string, bigint[]] => {
            const noise = drawNoise(plan, systemRandom);
            return [code, sums.map((value, at) => value + (noise[at] ?? 0n))];
          })
        : [],
    );
    for (const [place, { at, low, high }] of figures(plan, answers, { sum, survivors, unopened })) {
      const value = exact.get(place)?.value;
      if (value == null || low === null || high === null) continue;
      const tally = at["region"] === "00" ? found.nation : found.regions;
      tally[0] += low <= value && value <= high ? 1 : 0;
      tally[1] += 1;
    }
  }
  return found;
}

/** The same question of the regions, whose release without noise has the true figures. */
function asRegions(plan: Plan): Query {
  const { edition, measures, periods, pool } = plan;
  return queryOf({
    edition,
    periods: [...periods],
    groupBy: ["sex"],
    measures: measures.map(({ measure }) => measure),
    pool,
    rho: "1",
  });
}

const rate = ([inside, all]: [number, number]) => inside / all;

test.each([
  ["national", 0, 0, 1],
  ["national", 2, 0, 1],
  ["national", 6, 0, 1],
  ["national", 0, 5, 1],
  ["national", 2, 5, 2],
] as const)(
  "%s, %i missing, %i with surplus left in, edition %i: 93 to 97 of 100",
  (release, missing, unopened, edition) => {
    const { nation } = coverage(planned({ edition, release }), missing, unopened, 260);
    console.log(
      `coverage ${release}, ${missing} missing, ${unopened} unopened: ${(100 * rate(nation)).toFixed(2)} % of ${nation[1]}`,
    );
    expect(nation[1]).toBeGreaterThan(4_000);
    expect(rate(nation)).toBeGreaterThan(0.93);
    expect(rate(nation)).toBeLessThan(0.97);
  },
);

test.each([
  [0, false, 1],
  [3, false, 1],
  [0, true, 1],
  [3, true, 2],
] as const)(
  "both kinds, %i missing from the sum, pooled %s, edition %i: the nation and the regions",
  (missing, pool, edition) => {
    const plan = planned({ edition, release: "both", nationalPart: "1/3", pool });
    const { nation, regions } = coverage(plan, missing, 0, pool ? 520 : 260);
    console.log(
      `coverage both, ${missing} missing, pooled ${pool}: nation ${(100 * rate(nation)).toFixed(2)} % of ${nation[1]}, regions ${(100 * rate(regions)).toFixed(2)} % of ${regions[1]}`,
    );
    for (const each of [nation, regions]) {
      expect(each[1]).toBeGreaterThan(4_000);
      expect(rate(each)).toBeGreaterThan(0.93);
      expect(rate(each)).toBeLessThan(0.97);
    }
  },
);
