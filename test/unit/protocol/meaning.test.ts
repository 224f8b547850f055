/** What ρ of a person's year is said to mean: ε, and how often an all-knowing guesser is right. */
import { expect, test } from "vitest";
import { meaningOf } from "../../../protocol/privacy/meaning.ts";
import { parseRational } from "../../../protocol/values/rational.ts";
import { toldOf, yearsIn } from "../../../publication/year.ts";
import { meaningText, twiceText } from "../../../publication/year-words.ts";

/** How often the better guess between N(0, 1) and N(√(2ρ), 1) is right, by summing the larger density. */
function guessedRight(rho: number): number {
  const mu = Math.sqrt(2 * rho);
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const step = 1e-4;
  let total = 0;
  for (let x = -12; x < 12 + mu; x += step) total += step * Math.max(density(x), density(x - mu)) * 0.5;
  return total;
}

test.each(["0.005", "0.1", "1", "2.73", "5.5", "30"])(
  "of ρ = %s, the guesser's odds are those of two normals",
  (text) => {
    const { rho, right } = meaningOf(parseRational(text));
    const exact = 100 * guessedRight(rho);
    expect(right).toBeGreaterThanOrEqual(Math.min(100, exact) - 1e-3);
    expect(right).toBeLessThan(exact + 1.001);
  },
);

test("the figures that the design names", () => {
  expect(meaningOf(parseRational("1")).epsilon).toBeCloseTo(9.5, 1);
  expect(meaningOf(parseRational("2.73")).epsilon).toBeCloseTo(17, 0);
  expect(meaningOf(parseRational("5.5")).epsilon).toBeCloseTo(26, 0);
  expect(meaningOf(parseRational("0"))).toMatchObject({ epsilon: 0, right: 50 });
});

test("in words of both languages, never less than is so", () => {
  const meaning = meaningOf(parseRational("1/3"));
  expect(meaningText(meaning, "en")).toMatch(
    /^ρ = 0\.34 \(ε = 5\.\d at δ = 1e-9\)\. Whoever .* at most 66 times in 100/,
  );
  expect(meaningText(meaning, "sv")).toMatch(
    /^ρ = 0,34 \(ε = 5,\d vid δ = 1e-9\)\. Den .* högst 66 gånger av 100/,
  );
  expect(twiceText("en")).toContain("twice");
  expect(twiceText("sv")).toContain("två gånger om");
});

test("releases add up over a year, a year of quarters once, and the year of most is told", () => {
  const release = (periods: string[], charge: string) => ({
    plan: { periods, charge: parseRational(charge) },
  });
  expect(toldOf([])).toBeNull();
  const told = toldOf([
    release(["2024K4", "2025K1", "2025K2"], "1/8"),
    release(["2024", "2025"], "1/4"),
    release(["2025M01"], "1/25"),
  ]);
  expect(told).toMatchObject({ year: "2025", rho: 0.54 });
});

test("each region's years are its ledger head's, the latest first, and of no other account", () => {
  const on = (group: string, period: string, spent: string) => ({ group, period, spent });
  const accounts = [
    on("care", "2025", "1"),
    on("year: total", "2024", "1/2"),
    on("year: total", "2025", "1/4"),
  ];
  const [region] = yearsIn([{ node: "01", ledger: { accounts } }]);
  expect(region?.region).toBe("01");
  expect(region?.years.map(({ year, rho }) => [year, rho])).toEqual([
    ["2025", 0.25],
    ["2024", 0.5],
  ]);
});
