/**
 * The noise of one answer: drawn whole, after the reservation and before the first row is read, in memory, from
 * randomness fetched for this query alone. Must never be stored: a restored snapshot would repeat it.
 */
import type { Plan } from "../protocol/plan.ts";
import { Bits, type Fill, systemRandom } from "./random.ts";
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
        const draw = discreteGaussian(bits, variance);
        for (let left = plan.cells * width; left > 0; left--) noise.push(BigInt(draw()));
      }
    }
    return noise;
  } finally {
    bits.wipe();
  }
}

/** Noise from the system's CSPRNG: what every node outside a test draws. */
export const systemNoise = (plan: Plan): bigint[] => drawNoise(plan, systemRandom);

/** True sums plus noise, integer by integer. */
export const addNoise = (sums: readonly bigint[], noise: readonly bigint[]): bigint[] =>
  sums.map((sum, index) => {
    const drawn = noise[index];
    if (drawn === undefined) throw new RangeError("expected a noise for every sum");
    return sum + drawn;
  });
