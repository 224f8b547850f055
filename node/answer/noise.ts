/**
 * The noise of one answer: drawn whole, after the reservation and before the first row is read, in memory, from
 * randomness fetched for this query alone. Must never be stored: a restored snapshot would repeat it.
 */
import type { Plan } from "../../protocol/plan/plan.ts";
import { Bits, type Fill, systemRandom } from "../random.ts";
import { discreteGaussian } from "./sampler.ts";

/**
 * One discrete Gaussian for each integer of the answer, in the plan's order. Each period's vector of sensitivity
 * Δ = 60·bound gets variance σ², which makes it Δ²/(2σ²)-zCDP (Canonne, Kamath and Steinke 2020, theorem 4).
 */
export function drawNoise(plan: Plan, fill: Fill): bigint[] {
  const bits = new Bits(fill);
  try {
    const noise: bigint[] = [];
    for (const _ of plan.periods) {
      for (const { variance, width } of plan.vectors) {
        if (variance === null) throw new RangeError("expected a plan in which each region answers by itself");
        const draw = discreteGaussian(bits, variance);
        for (let left = plan.cells * width; left > 0; left--) noise.push(BigInt(draw()));
      }
    }
    return noise;
  } finally {
    bits.wipe();
  }
}

/**
 * This region's share of the nation's noise: component by component, each with one integer for each of the answer, in
 * the plan's order and times its scale. Only the sum of all regions' shares is private
 * (`protocol/privacy/noise-shares.ts`).
 */
export function drawNoiseShares(plan: Plan, fill: Fill): Float64Array[] {
  const { noiseShares } = plan;
  if (noiseShares === null) throw new RangeError("expected a plan with a secure sum");
  const bits = new Bits(fill);
  try {
    return noiseShares.steps.map((_, component) => {
      const noise = new Float64Array(plan.length * plan.periods.length);
      let at = 0;
      for (const _ of plan.periods) {
        plan.vectors.forEach(({ width }, vector) => {
          const variance = noiseShares.vectors[vector]?.components[component];
          if (variance === undefined) throw new RangeError("expected a variance for each component");
          const draw = discreteGaussian(bits, variance);
          for (let left = plan.cells * width; left > 0; left--) noise[at++] = draw();
        });
      }
      return noise;
    });
  } finally {
    bits.wipe();
  }
}

/** All the noise that a node ever draws, fresh each time it is asked for. */
export type Noise = {
  readonly regional: (plan: Plan) => bigint[];
  readonly national: (plan: Plan) => Float64Array[];
};

/** Noise from the system's CSPRNG: what every node outside a test draws. */
export const systemNoise: Noise = {
  regional: (plan) => drawNoise(plan, systemRandom),
  national: (plan) => drawNoiseShares(plan, systemRandom),
};

/** True sums plus noise, integer by integer. */
export const addNoise = (sums: readonly bigint[], noise: readonly bigint[]): bigint[] =>
  sums.map((sum, index) => {
    const drawn = noise[index];
    if (drawn === undefined) throw new RangeError("expected a noise for every sum");
    return sum + drawn;
  });
