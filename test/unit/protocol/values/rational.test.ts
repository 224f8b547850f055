import fc from "fast-check";
import { expect, test } from "vitest";
import {
  add,
  ceilTo,
  compare,
  divide,
  format,
  multiply,
  parseRational,
  rational,
  subtract,
  toNumber,
} from "../../../../protocol/values/rational.ts";

const fraction = fc
  .tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.bigInt(1n, 10n ** 20n))
  .map(([n, d]) => rational(n, d));

test("is a field, in lowest terms", () => {
  fc.assert(
    fc.property(fraction, fraction, fraction, (a, b, c) => {
      expect(compare(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)))).toBe(0);
      expect(format(subtract(add(a, b), b))).toBe(format(a));
      if (b.n !== 0n) expect(format(multiply(divide(a, b), b))).toBe(format(a));
    }),
  );
});

test("rounds up to a grid, and never down", () => {
  fc.assert(
    fc.property(fraction, fc.bigInt(1n, 10n ** 12n), (a, grid) => {
      const up = ceilTo(a, grid);
      expect(compare(up, a)).toBeGreaterThanOrEqual(0);
      expect(compare(subtract(up, a), rational(1n, grid))).toBeLessThan(0);
      expect(grid % up.d).toBe(0n);
    }),
  );
});

test.each([
  ["1/4", "1/4"],
  ["0.25", "1/4"],
  ["12", "12"],
  ["1e-9", "1/1000000000"],
  ["2/4", "1/2"],
  ["-0.5", "-1/2"],
  ["1.5e3", "1500"],
])("reads %s as %s", (text, expected) => {
  expect(format(parseRational(text))).toBe(expected);
});

test.each(["", "1/0", "a", "1/2/3", "0x10", " 1", "1 ", "1e999", "∞", "1/-2", "+1", ".5", "１"])(
  "refuses %j",
  (text) => {
    expect(() => parseRational(text)).toThrow("expected a fraction");
  },
);

test("gives the nearest double of long fractions", () => {
  expect(toNumber(rational(10n ** 400n, 3n * 10n ** 400n))).toBeCloseTo(1 / 3, 15);
});
