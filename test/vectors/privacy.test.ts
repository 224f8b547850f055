/** The privacy formulas against reference values computed independently, and against brute force. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  chargeOf,
  costOf,
  epsilonAt,
  exactVariance,
  floorSqrt,
  reachOf,
  shortUp,
} from "../../protocol/privacy/privacy.ts";
import { compare, type Rational, rational, toNumber } from "../../protocol/values/rational.ts";
import { gaussianMass } from "../support/chisquare.ts";
import { rhoOfSum, sumCloseness } from "../support/gaussian-sums.ts";

const FILE = join(import.meta.dirname, "../../../shared/vectors/zcdp.json");

type Vectors = {
  epsilon: Array<{ rho: number; delta: number; epsilon: number }>;
  rho: Array<{ rho: number; delta: number; epsilon: number }>;
  delta: Array<{ rho: number; delta: number; epsilon: number }>;
  tau: Array<{ sigma: number; m: number; tau: number }>;
  sumOfDiscreteGaussiansRho: Array<{
    m: number;
    d1: number;
    d2: number;
    dimension: number;
    sigma: number;
    bound: number;
  }>;
};

describe.skipIf(!existsSync(FILE))("../shared/vectors/zcdp.json (skipped where it is missing)", () => {
  const vectors: Vectors = existsSync(FILE)
    ? (JSON.parse(readFileSync(FILE, "utf8")) as Vectors)
    : { epsilon: [], rho: [], delta: [], tau: [], sumOfDiscreteGaussiansRho: [] };
  const close = (got: number, expected: number, digits = 1e-8) =>
    expect(Math.abs(got / expected - 1)).toBeLessThan(digits);

  // Three lists of points on one curve, each found from another side.
  test.each(["epsilon", "rho", "delta"] as const)("ε of (ρ, δ), rounded outward: the points by %s", (by) => {
    expect(vectors[by].length).toBeGreaterThan(0);
    for (const { rho, delta, epsilon } of vectors[by]) {
      close(epsilonAt(rho, delta), epsilon, 2e-9);
      expect(epsilonAt(rho, delta)).toBeGreaterThanOrEqual(epsilon * (1 - 1e-12));
    }
  });
  test("the closeness of sums of discrete Gaussians, and their zCDP", () => {
    for (const { sigma, m, tau } of vectors.tau) close(sumCloseness(sigma, m), tau, 1e-5);
    for (const { sigma, m, d1, d2, dimension, bound } of vectors.sumOfDiscreteGaussiansRho)
      close(rhoOfSum(sigma, m, d1, d2, dimension), bound, 1e-5);
  });
});

/** The noise that a plan draws for a vector of this bound. */
const noiseVariance = (bound: bigint, rho: Rational): Rational => shortUp(exactVariance(bound, rho));

/** D_α(P‖Q) of the discrete Gaussian against itself shifted, by summing its own mass function. */
function renyi(variance: number, shift: number, alpha: number): number {
  const mass = gaussianMass(variance);
  let total = 0;
  for (const [y, p] of mass) {
    const q = mass.get(y - shift) ?? 0;
    if (p > 1e-280 && q > 1e-280) total += Math.exp(alpha * Math.log(p) + (1 - alpha) * Math.log(q));
  }
  return Math.log(total) / (alpha - 1);
}

test("brute-force Rényi divergence never exceeds αΔ²/(2σ²), and reaches it for whole shifts", () => {
  for (const variance of [0.5, 1, 10, 183 / 7, 3600]) {
    for (const shift of [1, 2, 3, 7, 60]) {
      if (shift / Math.sqrt(variance) > 4) continue;
      for (const alpha of [1.01, 1.5, 2, 4, 8]) {
        const bound = (alpha * shift * shift) / (2 * variance);
        // The mass beyond twelve σ is left out of the sum, so strongly tilted ones are not comparable.
        if ((alpha * shift) / Math.sqrt(variance) > 8) continue;
        expect(renyi(variance, shift, alpha)).toBeLessThanOrEqual(bound * (1 + 1e-9) + 1e-12);
        expect(renyi(variance, shift, alpha)).toBeGreaterThan(bound * 0.9);
      }
    }
  }
});

test("half the noise would be caught: the divergence then exceeds what was charged", () => {
  const bound = 1n;
  const variance = noiseVariance(bound, rational(1n, 2n));
  const charged = toNumber(costOf(reachOf(bound), variance));
  expect(renyi(toNumber(variance), 60, 2)).toBeLessThanOrEqual(2 * charged * (1 + 1e-9));
  expect(renyi(toNumber(variance) / 2, 60, 2)).toBeGreaterThan(2 * charged * 1.5);
});

test("σ² is rounded up, the charge down to what was used and never above what was asked", () => {
  for (const bound of [1n, 50n, 2_147_483_647n]) {
    for (const rho of [
      rational(1n, 3n),
      rational(1n, 1000n),
      rational(7n, 1000n),
      rational(1n, 10n ** 12n),
      rational(4n),
    ]) {
      const variance = noiseVariance(bound, rho);
      expect(compare(costOf(reachOf(bound), variance), rho)).toBeLessThanOrEqual(0);
      expect(toNumber(costOf(reachOf(bound), variance)) / toNumber(rho)).toBeGreaterThan(0.999);
      const charge = chargeOf([costOf(reachOf(bound), variance)], rho);
      expect(compare(charge, rho)).toBeLessThanOrEqual(0);
      expect(compare(charge, costOf(reachOf(bound), variance))).toBeGreaterThanOrEqual(0);
    }
  }
});

test("integer square roots are exact", () => {
  for (const n of [0n, 1n, 2n, 3n, 4n, 10n ** 30n - 1n, 10n ** 30n, 2n ** 127n]) {
    const root = floorSqrt(n);
    expect(root * root <= n && (root + 1n) * (root + 1n) > n).toBe(true);
  }
});
