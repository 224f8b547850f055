/** Noise in shares against reference values, against the floating-point formula, and at its limits. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planOf } from "../../protocol/plan/plan.ts";
import {
  type NoiseShares,
  noiseSharesOf,
  releasedVariance,
  stepOf,
  thresholdsOf,
} from "../../protocol/privacy/noise-shares.ts";
import { closenessOf, costOfSum, exactVariance, reachOf } from "../../protocol/privacy/privacy.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import {
  compare,
  multiply,
  parseRational,
  type Rational,
  rational,
  sum,
  toNumber,
} from "../../protocol/values/rational.ts";
import { CARE } from "../support/federation.ts";
import { rhoOfSum, sumCloseness } from "../support/gaussian-sums.ts";
import { queryOf } from "../support/generate.ts";

const FILE = join(import.meta.dirname, "../../../shared/vectors/zcdp.json");
type Vectors = {
  tau: Array<{ sigma: number; m: number; tau: number }>;
  sumOfDiscreteGaussiansRho: Array<{
    m: number;
    d1: number;
    dimension: number;
    sigma: number;
    bound: number;
  }>;
};

const squared = (sigma: number): Rational => {
  const root = parseRational(String(sigma));
  return multiply(root, root);
};

describe.skipIf(!existsSync(FILE))("../shared/vectors/zcdp.json (skipped where it is missing)", () => {
  const vectors: Vectors = existsSync(FILE)
    ? (JSON.parse(readFileSync(FILE, "utf8")) as Vectors)
    : { tau: [], sumOfDiscreteGaussiansRho: [] };

  test("the plan's exact τ is never below the reference, and at most 7 % above it", () => {
    for (const { sigma, m, tau } of vectors.tau) {
      if (sigma >= 3) continue; // Below 2^-128, where the plan's bound ends.
      const exact = toNumber(closenessOf([{ variance: squared(sigma), count: m }]));
      expect(exact / tau).toBeGreaterThan(1 - 1e-5);
      expect(exact / tau).toBeLessThan(1.07);
    }
    expect(toNumber(closenessOf([{ variance: rational(25n), count: 21 }]))).toBeLessThan(1e-36);
  });

  test("the plan's exact cost is never below the reference, and meets it where τ does not dominate", () => {
    for (const { sigma, m, d1, dimension, bound } of vectors.sumOfDiscreteGaussiansRho) {
      const variance = multiply(squared(sigma), rational(BigInt(m)));
      const tau = closenessOf([{ variance: squared(sigma), count: m }]);
      const exact = toNumber(costOfSum(reachOf(BigInt(d1)), variance, tau, dimension));
      expect(exact / bound).toBeGreaterThan(1 - 1e-5);
      if (sigma >= 1.25) expect(exact / bound).toBeLessThan(1 + 1e-5);
    }
  });
});

test("the exact cost agrees with the formula in doubles, from above", () => {
  for (const sigma of [2, 3, 10])
    for (const m of [2, 19, 253])
      for (const dimension of [1, 200, 100_000]) {
        const variance = rational(BigInt(sigma * sigma * m));
        const tau = closenessOf([{ variance: rational(BigInt(sigma * sigma)), count: m }]);
        const exact = toNumber(costOfSum(reachOf(60n), variance, tau, dimension));
        const doubles = rhoOfSum(sigma, m, 60, 60, dimension);
        expect(exact).toBeGreaterThanOrEqual(doubles * (1 - 1e-12));
        expect(exact).toBeLessThan(doubles * (1 + 1e-9) + 1e-9);
      }
});

test("unequal variances: τ by partial sums is at least the equal case's of the narrowest, and adds term by term", () => {
  const [narrow, wide] = [rational(4n), rational(400n)];
  const mixed = toNumber(
    closenessOf([
      { variance: wide, count: 3 },
      { variance: narrow, count: 2 },
    ]),
  );
  const term = (s: number, v: number) => Math.exp((-2 * Math.PI ** 2 * s * v) / (s + v));
  const expected = 10 * (term(400, 400) + term(800, 400) + term(1200, 4) + term(1204, 4));
  expect(mixed).toBeGreaterThan(expected);
  expect(mixed / expected).toBeLessThan(1.07);
  // The widest first is the smaller bound: what the plan uses.
  const other = closenessOf([
    { variance: narrow, count: 2 },
    { variance: wide, count: 3 },
  ]);
  expect(mixed).toBeLessThan(toNumber(other));
  expect(toNumber(other)).toBeGreaterThan(sumCloseness(2, 2));
});

test("thresholds of the trust design: 2t > n + c_mask and t > c_mask for every n", () => {
  expect(thresholdsOf(2)).toMatchObject({ threshold: 2, maskColluders: 1 });
  expect(thresholdsOf(3)).toMatchObject({ threshold: 3, maskColluders: 2 });
  expect(thresholdsOf(21)).toMatchObject({ threshold: 15, maskColluders: 8, noiseColluders: 2 });
  for (let n = 2; n <= 255; n++) {
    const { threshold, maskColluders, noiseColluders } = thresholdsOf(n);
    expect(2 * threshold).toBeGreaterThan(n + maskColluders);
    expect(threshold).toBeGreaterThan(maskColluders);
    expect(noiseColluders).toBeLessThan(threshold);
  }
});

const need = (bound: bigint, rho: string, dimension = 1) => ({
  reach: reachOf(bound),
  variance: exactVariance(bound, parseRational(rho)),
  dimension,
});
const total = (parts: readonly Rational[]) => toNumber(sum(parts));

/** What the honest regions' kept noise comes to, at worst, over what the cost needs. */
function worst(noiseShares: NoiseShares, vector: number): number {
  const components = noiseShares.vectors[vector]?.components ?? [];
  return Math.min(
    ...noiseShares.steps.map(
      (step, last) =>
        (noiseShares.n - step - noiseShares.noiseColluders) * total(components.slice(0, last + 1)),
    ),
  );
}

test("at every step the honest regions' noise keeps to ρ, no component is below σ = 2, and the cost to what is asked", () => {
  for (const n of [2, 3, 4, 9, 10, 21, 50, 255])
    for (const rho of ["1/1000000", "1/1000", "1/100", "1/10", "1/2", "4", "100"])
      for (const bound of [1n, 50n, 1250n]) {
        const noiseShares = noiseSharesOf(n, 2, [need(bound, rho, 200)], 100_000);
        const delta = 60 * Number(bound * noiseShares.scale);
        expect(worst(noiseShares, 0) * 2 * toNumber(parseRational(rho))).toBeGreaterThanOrEqual(
          delta * delta,
        );
        for (const { components } of noiseShares.vectors)
          for (const part of components) expect(compare(part, rational(4n))).toBeGreaterThanOrEqual(0);
        const [cost] = noiseShares.costs;
        expect(compare(cost ?? rational(1000n), parseRational(rho))).toBeLessThanOrEqual(0);
        expect(toNumber(cost ?? rational(0n)) / toNumber(parseRational(rho))).toBeGreaterThan(0.99);
        // The least power of two: with half of it some component would be too narrow.
        expect([1n, 2n, 4n, 8n, 16n, 32n, 64n, 128n, 256n, 512n]).toContain(noiseShares.scale);
      }
});

test("the error over one curator's, with all present and with D missing, is the design's table", () => {
  const noiseShares = noiseSharesOf(21, 15, [need(1n, "1/100")], 100_000);
  expect(noiseShares.steps).toEqual([0, 2, 6]);
  const curator = 1 / (2 * 0.01);
  const got = [0, 1, 2, 3, 4, 5, 6].map((missing) =>
    Math.sqrt(toNumber(releasedVariance(noiseShares, 0, missing, 0)) / curator),
  );
  [1.05, 1.08, 1.06, 1.18, 1.14, 1.11, 1.07].forEach((planned, missing) => {
    expect(Math.abs((got[missing] ?? 0) - planned)).toBeLessThan(0.006);
  });
});

test("steps: the least that covers the missing; more than may be missing is refused", () => {
  const noiseShares = noiseSharesOf(21, 15, [need(1n, "1/100")], 100_000);
  expect([0, 1, 2, 3, 6].map((missing) => stepOf(noiseShares, missing))).toEqual([0, 1, 1, 2, 2]);
  expect(() => stepOf(noiseShares, 7)).toThrow(/at most 6 regions missing/);
  expect(() => stepOf(noiseShares, -1)).toThrow();
  expect(noiseSharesOf(3, 1, [need(1n, "1/100")], 1000).steps).toEqual([0]);
  expect(noiseSharesOf(21, 20, [need(1n, "1/100")], 1000).steps).toEqual([0, 1]);
});

test("sums that could pass the modulus are refused, just above where they fit", () => {
  const largest = (maxPersons: number) => () =>
    noiseSharesOf(21, 15, [need(2_147_483_647n, "1/100")], maxPersons);
  // 60 · 2^31 · 21 · persons < 2^63.
  expect(largest(3_000_000)).not.toThrow();
  expect(largest(4_000_000)).toThrow(/64 bits/);
  // Noise too wide for the rest of the room.
  expect(() => noiseSharesOf(21, 15, [need(2_147_483_647n, "1/1000000000000")], 1000)).toThrow(/64 bits/);
});

describe("plans", () => {
  const document = writeDataset(CARE);
  const plan = (n: number, more: object = {}) =>
    planOf(queryOf({ release: "national", ...more }), document.dataset, n);

  test("255 regions are planned; one, or 256, are refused with a code", () => {
    expect(plan(255).noiseShares?.n).toBe(255);
    for (const n of [1, 256, 1000]) {
      expect(() => plan(n)).toThrow(/2 to 255 regions/);
    }
    expect(() => plan(5, { minRegions: 6 })).toThrow(/minRegions at most their number/);
  });

  test("the same plan, whoever computes it: one text for one query", () => {
    const text = (n: number) =>
      JSON.stringify(plan(n, { rho: "1/100" }).noiseShares, (_, value) =>
        typeof value === "bigint" ? value.toString() : value,
      );
    expect(text(21)).toBe(text(21));
    expect(text(21)).toMatchInlineSnapshot(
      `"{"n":21,"threshold":15,"maskColluders":8,"noiseColluders":2,"survivors":15,"steps":[0,2,6],"scale":"1","vectors":[{"components":[{"n":"9474","d":"1"},{"n":"1115","d":"1"},{"n":"3258","d":"1"}]}],"costs":[{"n":"792255216635422195195599651","d":"79228162514264337593543950336"}]}"`,
    );
  });

  test("both kinds split ρ, and the charge is at most what was asked", () => {
    const both = plan(21, { release: "both", nationalPart: "1/4", rho: "1/100" });
    const alone = plan(21, { rho: "1/400" });
    expect(both.noiseShares).toEqual(alone.noiseShares);
    const regional = planOf(queryOf({ rho: "3/400" }), document.dataset);
    expect(both.vectors).toEqual(regional.vectors);
    expect(compare(both.charge, parseRational("1/100"))).toBeLessThanOrEqual(0);
    expect(toNumber(both.charge)).toBeGreaterThan(0.00999);
    expect(alone.vectors.map(({ variance }) => variance)).toEqual([null]);
  });
});
