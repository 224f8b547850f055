/** Exact discrete Gaussians a second on one core, from the system's randomness. */
import { discreteGaussian } from "../node/answer/sampler.ts";
import { Bits, systemRandom } from "../node/random.ts";
import { rational } from "../protocol/values/rational.ts";
import { median, report } from "./report.ts";

const VARIANCES = { count: 360_000n, mean: 900_000_000n, residual: 500_000_000_000n };
const DRAWS = 1_000_000;

export async function sampler(): Promise<void> {
  for (const [name, variance] of Object.entries(VARIANCES)) {
    const draw = discreteGaussian(new Bits(systemRandom), rational(variance));
    const rates = Array.from({ length: 7 }, () => {
      const start = performance.now();
      for (let left = DRAWS; left > 0; left--) draw();
      return DRAWS / ((performance.now() - start) / 1000);
    });
    report({
      name: `sampler/${name}`,
      value: median(rates) / 1e6,
      unit: "million/s",
      variance: String(variance),
    });
  }
}
