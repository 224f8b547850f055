/** The display series: never negative, whole, adding up in every table, near what is published where that allows. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AttributeSet, cellsIn, subsetsOf } from "../../protocol/privacy/marginals.ts";
import { marginalOf } from "../../protocol/privacy/residual.ts";
import { displayOf, sumsIn } from "../../publication/display-counts.ts";

const SIZES = [2, 3, 4];
const SETS: AttributeSet[] = [[], [0], [1], [2], [0, 1], [0, 2]];

const cases = fc.record({
  table: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 24, maxLength: 24 }),
  noise: fc.array(fc.double({ min: -60, max: 60, noNaN: true }), { minLength: 40, maxLength: 40 }),
});

test("is whole and never negative, and every table adds up to every other", () => {
  fc.assert(
    fc.property(cases, ({ table, noise }) => {
      const full = table.map(BigInt);
      let drawn = 0;
      const tables = SETS.map((set) => ({
        set,
        values: marginalOf(full, [0, 1, 2], set, SIZES).map((value) => Number(value) + (noise[drawn++] ?? 0)),
        variance: 100 * (1 + set.length),
      }));
      const shown = displayOf(tables, SIZES) ?? expect.fail();
      for (const value of shown) expect(value).toBeGreaterThanOrEqual(0);
      for (const set of SETS) {
        const sums = sumsIn(shown, set, SIZES);
        for (const subset of subsetsOf(set)) {
          const [from, to] = [marginalOf(sums.map(BigInt), set, subset, SIZES), sumsIn(shown, subset, SIZES)];
          expect(from.map(Number)).toEqual(to);
        }
      }
    }),
    { numRuns: 150, seed: 9 },
  );
});

test("without noise it is what is published, but for rounding among cells that no table shows", () => {
  fc.assert(
    fc.property(cases, ({ table }) => {
      const full = table.map(BigInt);
      const tables = SETS.map((set) => ({
        set,
        values: marginalOf(full, [0, 1, 2], set, SIZES).map(Number),
        variance: 1,
      }));
      const shown = displayOf(tables, SIZES) ?? expect.fail();
      for (const set of SETS) {
        const exact = marginalOf(full, [0, 1, 2], set, SIZES).map(Number);
        const hidden = cellsIn([0, 1, 2], SIZES) / cellsIn(set, SIZES);
        for (const [cell, value] of sumsIn(shown, set, SIZES).entries()) {
          const true_ = exact[cell] ?? 0;
          const slack = set.length === 0 ? 1 : 1 + hidden / 2 + 0.01 * true_;
          expect(Math.abs(value - true_)).toBeLessThanOrEqual(slack);
        }
      }
    }),
    { numRuns: 60, seed: 10 },
  );
});

test("a full table too large is not fitted", () => {
  expect(displayOf([{ set: [], values: [1], variance: 1 }], [200, 200])).toBeNull();
});
