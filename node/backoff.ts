/** How long a node waits after a failure before it tries again: longer each time, and never at the same time as all others. */
import { Bits, type Fill } from "./random.ts";

const FIRST = 100;

/** Milliseconds after so many failures in a row: exponential up to about `longest`, with jitter, so that nodes do not come back all at once. */
export function backoffOf(failures: number, longest: number, random: Fill): number {
  const jitter = new Bits(random).small(32) / 2 ** 32;
  return Math.min(longest, FIRST * 2 ** Math.min(failures, 20)) * (0.5 + jitter);
}
