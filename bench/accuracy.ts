/**
 * What a secure sum is worth: the standard error of the nation's figure against one trusted curator's with the same
 * ρ, from draws of the noise path itself, and against the sum of regions that each add all of the noise.
 */
import { drawNoise, drawNoiseShares } from "../node/answer/noise.ts";
import { systemRandom } from "../node/random.ts";
import { type Plan, planOf } from "../protocol/plan/plan.ts";
import { stepOf } from "../protocol/privacy/noise-shares.ts";
import { type Dataset, writeDataset } from "../protocol/question/catalogue.ts";
import { queryOf } from "../test/support/generate.ts";
import { report } from "./report.ts";

const N = 21;
const DRAWS = 1_000_000;
const CELLS = 100_000;

const dataset = (): Dataset =>
  writeDataset({
    dataset: "bench",
    version: 1,
    title: { sv: "Mätning", en: "Benchmark" },
    person: "one person within one region",
    period: "quarter",
    rowsPerPerson: 5,
    maxPersons: 4_000_000,
    columns: {
      a: { kind: "category", values: Array.from({ length: 100 }, (_, index) => `a${index}`) },
      b: { kind: "category", values: Array.from({ length: 1000 }, (_, index) => `b${index}`) },
    },
    budget: { rhoPerPeriod: "1", delta: "1e-9" },
  }).dataset;

const planned = (release: "regions" | "national"): Plan =>
  planOf(
    queryOf({
      dataset: "bench@1",
      groupBy: ["a", "b"],
      measures: [{ id: "n", kind: "count" }],
      release,
      minRegions: 15,
      rho: "1/100",
    }),
    dataset(),
    N,
  );

export async function accuracy(): Promise<void> {
  const [regional, national] = [planned("regions"), planned("national")];
  const { noiseShares } = national;
  if (noiseShares === null) throw new Error("the plan is national");
  const missing = [0, 2, 6];
  const squares = { curator: 0, ...Object.fromEntries(missing.map((d) => [d, 0])) } as Record<string, number>;
  for (let done = 0; done < DRAWS; done += CELLS) {
    for (const value of drawNoise(regional, systemRandom))
      squares["curator"] = (squares["curator"] ?? 0) + Number(value) ** 2;
    const sums = missing.map(() => new Float64Array(CELLS));
    for (let node = 0; node < N; node++) {
      const components = drawNoiseShares(national, systemRandom);
      missing.forEach((d, index) => {
        if (node >= N - d) return;
        const sum = sums[index];
        for (const component of components.slice(0, stepOf(noiseShares, d) + 1))
          component.forEach((value, cell) => {
            if (sum !== undefined) sum[cell] = (sum[cell] ?? 0) + value;
          });
      });
    }
    missing.forEach((d, index) => {
      for (const value of sums[index] ?? []) squares[String(d)] = (squares[String(d)] ?? 0) + value * value;
    });
  }
  const deviation = (name: string, scale = 1) => Math.sqrt((squares[name] ?? 0) / DRAWS) / scale;
  const curator = deviation("curator");
  for (const d of missing) {
    const own = deviation(String(d), Number(noiseShares.scale));
    report({
      name: `accuracy/national/${d}-missing`,
      value: own / curator,
      unit: "times one curator's error",
      draws: DRAWS,
      planned: Number(Math.sqrt(plannedVariance(noiseShares, d)).toPrecision(4)),
    });
  }
  report({
    name: "accuracy/gain-over-regions",
    value: (Math.sqrt(N) * curator) / deviation("0", Number(noiseShares.scale)),
    unit: "times as exact",
    draws: DRAWS,
  });
}

/** The design's own ratio: (n − D)/(N − step(D)), N = n − c_noise. */
function plannedVariance({ n, noiseColluders, steps }: NonNullable<Plan["noiseShares"]>, d: number): number {
  const step = steps.find((covers) => covers >= d) ?? 0;
  return (n - d) / (n - noiseColluders - step);
}
