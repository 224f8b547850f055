/**
 * The noise of opened sums: drawn by real sessions, masked, opened and added up, with and without surplus taken
 * away, against the plan. And the sum of shares against the discrete Gaussian it stands for. False alarm 1e-6 each.
 */
import { expect, test } from "vitest";
import { drawNoiseShares } from "../../node/answer/noise.ts";
import { discreteGaussian } from "../../node/answer/sampler.ts";
import { Bits, systemRandom } from "../../node/random.ts";
import { Opening } from "../../protocol/secure-sum/messages.ts";
import { decodeVector, fromBase64, fromUtf8 } from "../../protocol/values/bytes.ts";
import { periodAt } from "../../protocol/values/period.ts";
import { rational, toNumber } from "../../protocol/values/rational.ts";
import { type CastOptions, castOf, Stage } from "../support/cast.ts";
import { gaussianMass, pValue } from "../support/chisquare.ts";

const SOAK = process.env["BRUS_SOAK"] !== undefined;
/** Sessions cost the square of their number. Of either size three steps: for none missing, for two, for the most. */
const { n, least, most } = SOAK ? { n: 21, least: 15, most: 6 } : { n: 11, least: 8, most: 3 };

/** Regions whose sums are all zero, and an answer of some 26,000 integers: what is opened is the noise. */
const options: CastOptions = {
  n,
  query: {
    rho: "1/100",
    minRegions: least,
    periods: Array.from({ length: 32 }, (_, index) => periodAt("quarter", 2017 * 4 + index)),
    groupBy: ["sex", "unit"],
    measures: [{ id: "h", kind: "histogram", column: "score" }],
  },
  sums: (plan) => new Array<bigint>(plan.length * plan.periods.length).fill(0n),
};

async function opened(missing: number, silent: number, atLeast: number) {
  const draws: number[] = [];
  const cast = castOf(options);
  const { noiseShares } = cast.plan;
  if (noiseShares === null) throw new Error("a cast plays a national query");
  for (let attempt = 1; draws.length < atLeast; attempt++) {
    for (const actor of cast.actors.values()) {
      actor.disk.sets.clear(); // Another query, were it not for the time that would take.
      actor.crash();
    }
    const stage = new Stage(cast, attempt);
    const gone = cast.roster.slice(cast.roster.length - missing);
    await stage.run({ mask: gone, open: cast.roster.slice(0, silent) });
    const { bytes, unopened } = await stage.sum();
    expect(unopened).toHaveLength(missing > 2 ? 0 : silent);
    for (const value of decodeVector(bytes)) draws.push(Number(value));
    // No component at or below D is ever opened: what was is the sum of those above.
    for (const [node, { envelope, chunks }] of stage.opened) {
      const { surplus } = Opening.parse(JSON.parse(fromUtf8(fromBase64(envelope.payload))));
      const step = noiseShares.steps.findIndex((covers) => covers >= missing);
      const above = (cast.actors.get(node)?.noise.at(-1) ?? []).slice(step + 1);
      expect(surplus === null).toBe(above.length === 0);
      if (surplus === null) continue;
      const shown = chunks.flatMap((chunk) => decodeVector(chunk).map(Number));
      expect(shown).toEqual(
        shown.map((_, index) => above.reduce((sum, component) => sum + (component[index] ?? 0), 0)),
      );
    }
  }
  return { draws, noiseShares };
}

/** The sample variance of n Gaussian draws has a standard error of √(2/n) of itself: 0.45 % at 10^5. */
const variance = (draws: readonly number[]): number =>
  draws.reduce((sum, value) => sum + value * value, 0) / draws.length;

test.each([
  [0, 0],
  [2, 0],
  [most, 0],
  [0, most],
])(
  "%i missing, %i silent: the opened sum's variance is the plan's within 2 per cent in 10^5 draws",
  async (missing, silent) => {
    const { draws, noiseShares } = await opened(missing, silent, 100_000);
    expect(noiseShares.steps).toEqual([0, 2, most]);
    const components = (noiseShares.vectors[0]?.components ?? []).map(toNumber);
    const step = noiseShares.steps.findIndex((covers) => covers >= missing);
    const kept = components.slice(0, step + 1).reduce((a, b) => a + b, 0) * (n - missing);
    const left = components.slice(step + 1).reduce((a, b) => a + b, 0) * silent;
    const ratio = variance(draws) / (kept + left);
    console.log(`shares: ${missing} missing, ${silent} silent: variance ${ratio.toFixed(4)} of the plan's`);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
  },
);

test("the sum of 21 shares at σ = 2 is a discrete Gaussian, to chi-square with 10^6 draws", () => {
  const bits = new Bits(systemRandom);
  const draws = Array.from({ length: 21 }, () => discreteGaussian(bits, rational(4n)));
  const sample = () => draws.reduce((sum, draw) => sum + draw(), 0);
  expect(pValue(sample, 1_000_000, gaussianMass(84))).toBeGreaterThan(1e-6);
  // Negative control: one share too few is another distribution.
  const short = () => draws.slice(1).reduce((sum, draw) => sum + draw(), 0);
  expect(pValue(short, 1_000_000, gaussianMass(84))).toBeLessThan(1e-6);
});

test("each component is the discrete Gaussian of the plan, independent of the others", () => {
  const { plan } = castOf(options);
  const { noiseShares } = plan;
  if (noiseShares === null) throw new Error("a cast plays a national query");
  const components: number[][] = noiseShares.steps.map(() => []);
  while ((components[0]?.length ?? 0) < 200_000)
    drawNoiseShares(plan, systemRandom).forEach((noise, index) => {
      for (const value of noise) components[index]?.push(value);
    });
  components.forEach((values, index) => {
    const planned = toNumber(noiseShares.vectors[0]?.components[index] ?? rational(1n));
    expect(Math.abs(variance(values) / planned - 1)).toBeLessThan(0.02);
    const next = components[(index + 1) % components.length] ?? [];
    const correlation =
      values.reduce((sum, value, at) => sum + value * (next[at] ?? 0), 0) /
      values.length /
      Math.sqrt(variance(values) * variance(next));
    if (next !== values) expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(values.length));
  });
});

test("a scaled sum (σ below 2 without it) opens to whole multiples within the noise", async () => {
  const cast = castOf({
    n: 4,
    query: { rho: "100", groupBy: ["sex"] },
    dataset: { budget: { rhoPerPeriod: "1000", delta: "1e-9" } },
  });
  expect(cast.plan.noiseShares?.scale).toBeGreaterThan(1n);
  const stage = new Stage(cast);
  await stage.run();
  const { bytes } = await stage.sum();
  expect(decodeVector(bytes)).toEqual(stage.expected(cast.roster));
});
