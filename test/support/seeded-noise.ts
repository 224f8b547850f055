/** Deterministic bytes for tests: AES-256-CTR under a seed. The product itself has no seeded randomness. */
import { createCipheriv, createHash } from "node:crypto";
import { drawNoise } from "../../node/answer/noise.ts";
import type { Fill } from "../../node/random.ts";
import type { Plan } from "../../protocol/plan/plan.ts";

export function seededFill(seed: string): Fill {
  const key = createHash("sha256").update(seed).digest();
  const stream = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return (bytes) => bytes.set(stream.update(new Uint8Array(bytes.length)));
}

/** The noise that is 0 everywhere, for comparing with exact counts. */
export const zeroNoise = (plan: Plan): bigint[] =>
  new Array<bigint>(plan.length * plan.periods.length).fill(0n);

export const seededNoise = (seed: string): ((plan: Plan) => bigint[]) => {
  const fill = seededFill(seed);
  return (plan) => drawNoise(plan, fill);
};
