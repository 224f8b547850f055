/**
 * Comparisons are wrong no more often than they say: 4,000 and more rounds each with known truths and normal errors.
 * False alarms of these tests are below 1e-4.
 */
import { describe, expect, test } from "vitest";
import {
  classOf,
  comparisonMargins,
  criticalFor,
  differenceOf,
  type Estimate,
  funnelOf,
  gapOf,
  LEAST_POINTS,
  normalQuantile,
  placesOf,
  trendOf,
} from "../../publication/intervals.ts";

const ROUNDS = 4000;

/** Normal draws, the same on every machine. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 13), 3_266_489_917) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32 + 2 ** -33;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const noisy = (normal: () => number, truths: readonly number[], errors: readonly number[]): Estimate[] =>
  truths.map((truth, at) => ({ value: truth + (errors[at] ?? 1) * normal(), se: errors[at] ?? 1 }));

const TRUTHS = [50, 50, 51, 52, 52, 52, 55, 60, 61, 70];
const ERRORS = [1, 3, 1, 2, 1, 4, 1, 2, 5, 1];

/** At most so often, with five standard errors to spare. */
const atMost = (count: number, share: number): void =>
  expect(count / ROUNDS).toBeLessThanOrEqual(share + 5 * Math.sqrt((share * (1 - share)) / ROUNDS));

describe("quantiles", () => {
  test("of the normal distribution to four decimals, rounded up", () => {
    for (const [p, z] of [
      [0.5, 0],
      [0.975, 1.96],
      [0.995, 2.5759],
      [0.999, 3.0903],
      [0.99999, 4.2649],
      [1 - 1e-9, 5.9979],
    ] as const)
      expect(normalQuantile(p)).toBeCloseTo(z, 3);
    expect(normalQuantile(0.975)).toBeGreaterThanOrEqual(1.959963984540054);
    for (const p of [0.4, 1, Number.NaN]) expect(() => normalQuantile(p)).toThrow(RangeError);
  });

  test("grow with the number of comparisons, as Šidák says", () => {
    expect(criticalFor(1)).toBeCloseTo(1.96, 3);
    expect(criticalFor(10)).toBeCloseTo(2.7996, 3);
    expect(criticalFor(210)).toBeCloseTo(3.6683, 3);
    expect(() => criticalFor(0)).toThrow();
  });
});

describe("what is called different is, as often as is said", () => {
  test("differences cover their truth in 93 to 97 of 100", () => {
    const normal = seeded(1);
    let covered = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [a, b] = noisy(normal, [3, 1], [2, 0.5]);
      const { low, high } = differenceOf(a ?? expect.fail(), b ?? expect.fail(), "higher");
      if (low <= 2 && 2 <= high) covered++;
    }
    expect(covered / ROUNDS).toBeGreaterThan(0.93);
    expect(covered / ROUNDS).toBeLessThan(0.97);
  });

  test("verdicts follow the direction, and are wrong in at most 5 of 100 where there is no difference", () => {
    expect(differenceOf({ value: 9, se: 1 }, { value: 1, se: 1 }, "higher").verdict).toBe("better");
    expect(differenceOf({ value: 9, se: 1 }, { value: 1, se: 1 }, "lower").verdict).toBe("worse");
    expect(differenceOf({ value: 9, se: 1 }, { value: 1, se: 1 }, "neither").verdict).toBe("differs");
    expect(differenceOf({ value: 2, se: 1 }, { value: 1, se: 1 }, "higher").verdict).toBe(
      "no certain difference",
    );
    const normal = seeded(2);
    let wrong = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [a, b] = noisy(normal, [5, 5], [1, 2]);
      if (differenceOf(a ?? expect.fail(), b ?? expect.fail(), "higher").verdict !== "no certain difference")
        wrong++;
    }
    atMost(wrong, 0.05);
  });

  test("a covariance makes the difference of parts and whole as exact as it is", () => {
    const { se } = differenceOf({ value: 1, se: 3 }, { value: 1, se: 3 }, "higher", { covariance: 8 });
    expect(se).toBeCloseTo(Math.sqrt(2), 12);
  });

  test("margins that do not touch: in at most 5 of 100 pages is any such pair the wrong way round or the same", () => {
    const normal = seeded(3);
    let wrong = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const cells = noisy(normal, TRUTHS, ERRORS);
      const margins = comparisonMargins(cells);
      const apart = (a: number, b: number) =>
        (cells[a]?.value ?? 0) - (margins[a] ?? 0) > (cells[b]?.value ?? 0) + (margins[b] ?? 0);
      if (TRUTHS.some((low, a) => TRUTHS.some((high, b) => low <= high && a !== b && apart(a, b)))) wrong++;
    }
    atMost(wrong, 0.05);
  });
});

describe("places are ranges", () => {
  test("every true place lies within its range in at least 95 of 100 pages", () => {
    const normal = seeded(4);
    const places = TRUTHS.map((truth) => ({
      first: 1 + TRUTHS.filter((other) => other > truth).length,
      last: TRUTHS.filter((other) => other >= truth).length,
    }));
    let wrong = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const ranges = placesOf(noisy(normal, TRUTHS, ERRORS), "higher");
      // Ties may be told apart either way: a range must hold one of the places that they share.
      if (
        ranges.some(
          ({ first, last }, at) => first > (places[at]?.last ?? 0) || last < (places[at]?.first ?? 0),
        )
      )
        wrong++;
    }
    atMost(wrong, 0.05);
  });

  test("what is certain is a single place; what is alike shares all", () => {
    const exact = [3, 1, 2].map((value) => ({ value, se: 1e-6 }));
    expect(placesOf(exact, "higher")).toEqual([
      { first: 1, last: 1 },
      { first: 3, last: 3 },
      { first: 2, last: 2 },
    ]);
    expect(placesOf(exact, "lower").map(({ first }) => first)).toEqual([3, 1, 2]);
    const alike = [3, 1, 2].map((value) => ({ value, se: 100 }));
    expect(placesOf(alike, "higher")).toEqual(alike.map(() => ({ first: 1, last: 3 })));
  });
});

describe("trends, gaps, funnels and classes", () => {
  test("a trend needs five points; where there is none it is seen in at most 5 of 100", () => {
    expect(trendOf(new Array(LEAST_POINTS - 1).fill({ value: 1, se: 1 }), "higher")).toBeNull();
    const rising = Array.from({ length: 8 }, (_, at) => ({ value: 2 * at, se: 0.5 }));
    const trend = trendOf(rising, "lower") ?? expect.fail();
    expect(trend.value).toBeCloseTo(2, 12);
    expect(trend.verdict).toBe("worse");
    expect(trend.misfit).toEqual({ chiSquare: expect.closeTo(0, 12), degrees: 6 });
    const normal = seeded(5);
    let wrong = 0;
    let covered = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const errors = [1, 2, 1, 3, 1, 1];
      const flat = trendOf(noisy(normal, [4, 4, 4, 4, 4, 4], errors), "higher") ?? expect.fail();
      if (flat.verdict !== "no certain difference") wrong++;
      const steep = trendOf(noisy(normal, [1, 2, 3, 4, 5, 6], errors), "higher") ?? expect.fail();
      if (steep.low <= 1 && 1 <= steep.high) covered++;
    }
    atMost(wrong, 0.05);
    expect(covered / ROUNDS).toBeGreaterThan(0.93);
  });

  test("the gap between groups lies within its interval in at least 95 of 100, also where there is none", () => {
    expect(gapOf([{ value: 1, se: 1 }])).toBeNull();
    const normal = seeded(6);
    for (const [truths, gap] of [
      [[5, 5, 5, 5], 0],
      [[5, 6, 9, 5], 4],
    ] as const) {
      let wrong = 0;
      let certain = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const found = gapOf(noisy(normal, truths, [1, 0.5, 1, 2])) ?? expect.fail();
        if (gap < found.low || gap > found.high) wrong++;
        if (found.certain) certain++;
      }
      atMost(wrong, 0.05);
      if (gap === 0) atMost(certain, 0.05);
    }
  });

  test("a funnel's limits hold 95 and 99.8 of 100 that are as the nation", () => {
    const normal = seeded(7);
    let [outside, far] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const value = 10 + 2 * normal();
      const { warning, alarm } = funnelOf(10, 2);
      if (value < warning.low || value > warning.high) outside++;
      if (value < alarm.low || value > alarm.high) far++;
    }
    atMost(outside, 0.05);
    atMost(far, 0.002);
    expect(outside).toBeGreaterThan(ROUNDS * 0.03);
  });

  test("an interval is of a class only where all of it is", () => {
    expect(classOf({ low: 12, high: 18 }, [10, 20])).toBe(1);
    expect(classOf({ low: 8, high: 18 }, [10, 20])).toBeNull();
    expect(classOf({ low: 25, high: 99 }, [10, 20])).toBe(2);
  });
});
