/**
 * ρ estimated from outside (row 15, black box): releases of neighbouring data through the coordinator's HTTP
 * interface at ρ = 1/2, and for each pair the largest privacy loss that the best threshold test proves, by
 * Clopper–Pearson at 10^-6. A system that adds 10 % too little noise is caught at 50,000 releases a side.
 */
import { afterAll, expect, test } from "vitest";
import type { Network } from "../../cli/demo/network.ts";
import { drawNoise } from "../../node/answer/noise.ts";
import { systemRandom } from "../../node/random.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { Answer } from "../../protocol/release/answer.ts";
import { decodeVector, fromBase64, fromUtf8 } from "../../protocol/values/bytes.ts";
import { periodAt } from "../../protocol/values/period.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, type DatasetDraft, federationOf, settled } from "../support/federation.ts";

const RELEASES = Number(process.env["BRUS_RELEASES"] ?? 50_000);
const PERIODS = 500;
const RHO = 0.5;
const ALPHA = 1e-6;
const FIRST = 1850 * 4;
const periods = Array.from({ length: PERIODS }, (_, index) => periodAt("quarter", FIRST + index));
const HEAD = "person,period,sex,unit,score,flag";
const dataset: DatasetDraft = { ...CARE, budget: { rhoPerPeriod: "1000000", delta: "1e-9" } };

/** What the two sides have in every period, and the question; the person is `p`, the rest is the same on both. */
type Pair = {
  readonly name: string;
  readonly without: readonly string[];
  readonly with: readonly string[];
  readonly measures: object[];
  readonly where?: object;
  readonly groupBy?: string[];
  readonly tables?: object;
};
const FLAG = { id: "p", kind: "share", predicate: { column: "flag", in: [true] } };
const one = (score: string, sex = "1", unit = "a", flag = "true") => `p,@,${sex},${unit},${score},${flag}`;
const PAIRS: Pair[] = [
  { name: "count", without: [], with: [one("5")], measures: [{ id: "n", kind: "count" }] },
  {
    name: "count of five rows",
    without: [],
    with: Array(5).fill(one("5")),
    measures: [{ id: "n", kind: "count" }],
  },
  {
    name: "count of fifty rows",
    without: [],
    with: Array(50).fill(one("5")),
    measures: [{ id: "n", kind: "count" }],
  },
  {
    name: "count, grouped",
    without: [],
    with: [one("5", "2")],
    measures: [{ id: "n", kind: "count" }],
    groupBy: ["sex"],
  },
  {
    name: "count, null group",
    without: [],
    with: [one("5", "1", "")],
    measures: [{ id: "n", kind: "count" }],
    groupBy: ["unit"],
  },
  {
    name: "count, two cells",
    without: [],
    with: [one("5", "1"), one("5", "2")],
    measures: [{ id: "n", kind: "count" }],
    groupBy: ["sex"],
  },
  {
    name: "count, filtered",
    without: [],
    with: [one("5")],
    measures: [{ id: "n", kind: "count" }],
    where: { column: "score", between: [0, 9] },
  },
  {
    name: "count, filtered by not",
    without: [],
    with: [one("5")],
    measures: [{ id: "n", kind: "count" }],
    where: { not: { column: "sex", in: ["2"] } },
  },
  {
    name: "sum, highest",
    without: [],
    with: [one("100")],
    measures: [{ id: "s", kind: "sum", column: "score" }],
  },
  { name: "sum, null", without: [], with: [one("")], measures: [{ id: "s", kind: "sum", column: "score" }] },
  {
    name: "mean, highest",
    without: [],
    with: [one("100")],
    measures: [{ id: "m", kind: "mean", column: "score" }],
  },
  {
    name: "mean, lowest",
    without: [],
    with: [one("0")],
    measures: [{ id: "m", kind: "mean", column: "score" }],
  },
  {
    name: "mean, null",
    without: [],
    with: [one("")],
    measures: [{ id: "m", kind: "mean", column: "score" }],
  },
  {
    name: "variance, highest",
    without: [],
    with: [one("100")],
    measures: [{ id: "v", kind: "variance", column: "score" }],
  },
  {
    name: "variance, middle",
    without: [],
    with: [one("50")],
    measures: [{ id: "v", kind: "variance", column: "score" }],
  },
  {
    name: "share, true",
    without: [],
    with: [one("5")],
    measures: [{ id: "p", kind: "share", predicate: { column: "flag", in: [true] } }],
  },
  {
    name: "share, yes and no",
    without: [],
    with: [one("5"), one("5", "1", "a", "false")],
    measures: [FLAG],
  },
  {
    name: "two shares and a count in tables",
    without: [],
    with: [one("5")],
    measures: [
      FLAG,
      { id: "s", kind: "share", predicate: { column: "score", between: [0, 9] } },
      { id: "n", kind: "count" },
    ],
    tables: planTables(writeDataset(CARE).dataset, [{ columns: [] }, { columns: ["sex"] }], "least-sum"),
  },
  {
    name: "share, undecided",
    without: [],
    with: [one("")],
    measures: [{ id: "p", kind: "share", predicate: { column: "score", between: [0, 9] } }],
  },
  {
    name: "histogram",
    without: [],
    with: [one("100")],
    measures: [{ id: "h", kind: "histogram", column: "score", edges: [0, 50] }],
  },
  {
    name: "quantile",
    without: [],
    with: [one("3")],
    measures: [{ id: "q", kind: "quantile", column: "score", probabilities: ["1/2"] }],
  },
  {
    name: "count and mean",
    without: [],
    with: [one("100")],
    measures: [
      { id: "n", kind: "count" },
      { id: "m", kind: "mean", column: "score" },
    ],
  },
];

const folder = temporaryFolder();
const networks: Network[] = [];
afterAll(async () => {
  for (const network of networks) await network.stop();
  folder.remove();
});

let made = 0;

async function sideOf(rows: readonly string[], draw?: Parameters<typeof federationOf>[2]): Promise<Network> {
  const others = ["q1,@,1,a,20,true", "q2,@,2,b,80,false"];
  const text = [
    HEAD,
    ...periods.flatMap((period) => [...others, ...rows].map((row) => row.replace("@", period))),
  ].join("\n");
  const { mkdirSync } = await import("node:fs");
  const own = `${folder.path}/${made++}`;
  mkdirSync(own);
  const network = await federationOf(own, { "01": `${text}\n` }, { datasets: [dataset], tick: 1, ...draw });
  networks.push(network);
  return network;
}

/** The statistic that tells the two sides apart best: the answer projected on the expected difference. */
async function samples(network: Network, pair: Pair, count: number): Promise<number[][]> {
  const vectors: number[][] = [];
  while (vectors.length < count) {
    const { measures, where, groupBy, tables } = pair;
    const status = await settled(network, {
      periods,
      measures,
      rho: String(RHO),
      ...(where === undefined ? {} : { where }),
      ...(groupBy === undefined ? {} : { groupBy }),
      ...(tables === undefined ? {} : { tables }),
    });
    const { answers } = await network.client("getAnswers", { params: { id: status.release ?? "" } });
    const payload = Answer.parse(JSON.parse(fromUtf8(fromBase64(answers[0]?.payload ?? ""))));
    const values = decodeVector(fromBase64(payload.vector)).map(Number);
    const length = values.length / PERIODS;
    for (let period = 0; period < PERIODS; period++)
      vectors.push(values.slice(period * length, (period + 1) * length));
  }
  return vectors.slice(0, count);
}

/** Lower and upper Clopper–Pearson limits at ALPHA, by bisection on the binomial tail in logs. */
function limits(k: number, n: number): [number, number] {
  const tail = (p: number, from: number, to: number): number => {
    let total = 0;
    let term = from * Math.log(p) + (n - from) * Math.log1p(-p) + logChoose(n, from);
    for (let i = from; i <= to; i++) {
      total += Math.exp(term);
      term += Math.log((n - i) / (i + 1)) + Math.log(p) - Math.log1p(-p);
      if (i > n * p && Math.exp(term) < 1e-15) break; // Past the mode, what is left is nothing.
    }
    return total;
  };
  const bisect = (test: (p: number) => boolean): number => {
    let [low, high] = [1e-12, 1 - 1e-12];
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2;
      if (test(middle)) low = middle;
      else high = middle;
    }
    return low;
  };
  const lower = k === 0 ? 0 : bisect((p) => tail(p, k, n) < ALPHA);
  const upper = k === n ? 1 : 1 - (n - k === 0 ? 0 : bisect((p) => tail(p, n - k, n) < ALPHA));
  return [lower, upper];
}

const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);
const factorials: number[] = [0];
function logFactorial(n: number): number {
  while (factorials.length <= n) factorials.push((factorials.at(-1) ?? 0) + Math.log(factorials.length));
  return factorials[n] ?? 0;
}

/**
 * The ρ that the samples prove at least: for Gaussian noise, thresholds t give P(X > t) on each side; the distance
 * between the two normal quantiles of those probabilities is Δ/σ, so ρ = distance²/2, at worst within the limits.
 */
function provenRho(a: readonly number[], b: readonly number[]): { proven: number; estimate: number } {
  const pooled = [...a, ...b].sort((x, y) => x - y);
  let proven = 0;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2));
  // Half of the sample chooses nothing: few fixed thresholds, so that many looks are not many chances.
  for (const quantile of [0.3, 0.5, 0.7]) {
    const t = pooled[Math.floor(quantile * pooled.length)] ?? 0;
    const [lowB] = limits(b.filter((x) => x > t).length, b.length);
    const [, highA] = limits(a.filter((x) => x > t).length, a.length);
    if (lowB > highA) proven = Math.max(proven, (probit(lowB) - probit(highA)) ** 2 / 2);
  }
  const variance = (spread(a) + spread(b)) / 2;
  return { proven, estimate: (mean(a) - mean(b)) ** 2 / (2 * variance) };
}

/** The standard normal quantile, by bisection on its distribution function (Abramowitz and Stegun 7.1.26 suffices here). */
function probit(p: number): number {
  const cdf = (x: number) => {
    const z = Math.abs(x) / Math.SQRT2;
    const t = 1 / (1 + 0.3275911 * z);
    const erf =
      1 -
      ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) *
        t *
        Math.exp(-z * z);
    return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
  };
  let [low, high] = [-9, 9];
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** Projects both sides on the difference that one person makes, each integer in units of its own noise. */
function project(a: number[][], b: number[][]): [number[], number[]] {
  const width = a[0]?.length ?? 0;
  const weights = Array.from({ length: width }, (_, index) => {
    const [x, y] = [a.map((vector) => vector[index] ?? 0), b.map((vector) => vector[index] ?? 0)];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [mx, my] = [mean(x), mean(y)];
    const variance = mean(x.map((value) => (value - mx) ** 2));
    const difference = my - mx;
    // Differences within five standard errors of none are taken for none.
    return Math.abs(difference) < 5 * Math.sqrt((2 * variance) / x.length) ? 0 : difference / variance;
  });
  const dot = (vector: number[]) =>
    vector.reduce((sum, value, index) => sum + value * (weights[index] ?? 0), 0);
  return [a.map(dot), b.map(dot)];
}

test(`ρ from outside: ${PAIRS.length} neighbouring pairs, 2 × ${RELEASES} releases each at ρ = ${RHO}`, async () => {
  let worst = 0;
  for (const pair of PAIRS) {
    const [left, right] = [await sideOf(pair.without), await sideOf(pair.with)];
    const sides = await Promise.all([samples(left, pair, RELEASES), samples(right, pair, RELEASES)]);
    const { proven, estimate } = provenRho(...project(...sides));
    worst = Math.max(worst, proven);
    console.log(
      JSON.stringify({
        name: `privacy/${pair.name}`,
        proven: Number(proven.toFixed(4)),
        estimate: Number(estimate.toFixed(4)),
        charged: RHO,
      }),
    );
    expect(proven, `${pair.name}: more is lost than is charged`).toBeLessThanOrEqual(RHO);
    for (const network of networks.splice(0)) await network.stop();
  }
  console.log(
    JSON.stringify({
      name: "privacy/largest-proven",
      value: Number(worst.toFixed(4)),
      unit: "rho",
      charged: RHO,
      releases: RELEASES,
    }),
  );
});

test("negative control: noise a quarter too small is caught", async () => {
  const [pair] = PAIRS;
  if (pair === undefined) throw new Error("there are pairs");
  const thin = {
    draw: (plan: Parameters<typeof drawNoise>[0]) =>
      drawNoise(plan, systemRandom).map((value) => (value * 3n) / 4n),
  };
  const [left, right] = [await sideOf(pair.without, thin), await sideOf(pair.with, thin)];
  const sides = await Promise.all([samples(left, pair, RELEASES), samples(right, pair, RELEASES)]);
  const { proven } = provenRho(...project(...sides));
  console.log(
    JSON.stringify({
      name: "privacy/negative-control",
      value: Number(proven.toFixed(4)),
      unit: "rho",
      charged: RHO,
    }),
  );
  expect(proven).toBeGreaterThan(RHO);
});
