/** How long a node waits after failures. */
import { expect, test } from "vitest";
import { backoffOf } from "../../../node/backoff.ts";
import { RandomnessFailure } from "../../../node/random.ts";

const LEAST = (bytes: Uint8Array) => void bytes.fill(0);
const MOST = (bytes: Uint8Array) => void bytes.fill(0xff);

test("it doubles with each failure, by half to one and a half of itself, up to the longest", () => {
  for (const [failures, middle] of [
    [1, 200],
    [2, 400],
    [6, 6400],
    [7, 10_000],
    [1_000_000, 10_000],
  ] as const) {
    expect(backoffOf(failures, 10_000, LEAST)).toBe(middle / 2);
    expect(backoffOf(failures, 10_000, MOST)).toBeCloseTo(1.5 * middle, 2);
    expect(backoffOf(failures, 10_000, MOST)).toBeLessThan(1.5 * middle);
  }
});

test("where no randomness is to be had it says so", () => {
  const broken = () => {
    throw new Error("no entropy");
  };
  expect(() => backoffOf(1, 10_000, broken)).toThrow(RandomnessFailure);
});
