/** Life expectancy of people with mental illness: an abridged life table of what is released of deaths and of persons. */
import { publishedPeriods } from "../protocol/plan/plan.ts";
import type { Indicator, LifeTable } from "../protocol/question/indicator.ts";
import { Z } from "../protocol/release/estimate.ts";
import { NATION, totalCode } from "../protocol/values/codes.ts";
import type { FigureAt } from "./figure.ts";
import type { Estimate, Interval } from "./intervals.ts";
import { finderOf, isTabled, type StandingRelease } from "./standing-release.ts";

/** The catalogue's indicator of it, and what its table is made of; null where it has none. */
export function lifeTableIn(
  indicators: readonly Indicator[],
): { readonly indicator: Indicator; readonly table: LifeTable } | null {
  for (const indicator of indicators) {
    const { produced } = indicator;
    if (produced.by === "derived" && produced.lifeTable !== undefined)
      return { indicator, table: produced.lifeTable };
  }
  return null;
}

export type LifeExpectancy = Estimate & Interval & { readonly period: string; readonly sex: string };

/**
 * Years left in the nation at the table's first age, by year and sex, with the 95 % interval of the noise; years that
 * cannot be said are left out.
 */
export function lifeExpectanciesOf(
  standings: readonly StandingRelease[],
  { deaths: died, persons: lived, sex, age, ages }: LifeTable,
): LifeExpectancy[] {
  const [deaths, persons] = [latestOf(standings, died), latestOf(standings, lived)];
  if (deaths === null || persons === null) return [];
  const periods = deaths.periods.filter((period) => persons.periods.includes(period));
  return periods.flatMap((period) =>
    [totalCode(sex), ...deaths.codesOf(sex)].flatMap((code) => {
      const rows = ages.flatMap(({ code: own, years }): LifeRow[] => {
        const at = { region: NATION, period, groups: { [sex]: code, [age]: own } };
        const [dead, alive] = [deaths.find(at), persons.find(at)];
        return dead === null || alive === null ? [] : [{ deaths: dead, persons: alive, years }];
      });
      const found = rows.length < ages.length ? null : lifeExpectancy(rows);
      if (found === null) return [];
      const reach = Z * found.se;
      return [{ period, sex: code, ...found, low: found.value - reach, high: found.value + reach }];
    }),
  );
}

/** The latest release that measures this, with its figures where they have a value. */
function latestOf(standings: readonly StandingRelease[], measure: string) {
  const standing = standings.findLast(
    ({ plan }) => isTabled(plan) && plan.measures.some((each) => each.measure.id === measure),
  );
  if (standing === undefined) return null;
  const { plan } = standing;
  const find = finderOf(standing);
  return {
    periods: publishedPeriods(plan),
    codesOf: (column: string) =>
      (plan.dimensions.find((each) => each.column === column)?.values ?? []).flatMap((code) => code ?? []),
    find: (at: FigureAt): Estimate | null => {
      const { value, se } = find(at, measure);
      return value === null || se === null ? null : { value, se };
    },
  };
}

/** Deaths and person-years of one age, which lasts so many years; null for the last, which is open. */
export type LifeRow = {
  readonly deaths: Estimate;
  readonly persons: Estimate;
  readonly years: number | null;
};

/**
 * Years left to live at the first age, of an abridged life table (Chiang 1968: those who die within an age live half of
 * it), with the error of the noise. Null where a number of persons is not certainly above 0.
 */
export function lifeExpectancy(rows: readonly LifeRow[]): Estimate | null {
  const rates = rows.map(({ deaths, persons }) => {
    const rate = Math.max(0, deaths.value) / persons.value;
    const se = Math.hypot(deaths.se, rate * persons.se) / persons.value;
    return { rate, se };
  });
  if (rows.some(({ persons }) => persons.value <= 3 * persons.se) || rates.at(-1)?.rate === 0) return null;
  // Backwards: what is left at an age, and how far it moves with that age's rate.
  let left = 0;
  const moves: number[] = [];
  for (let at = rows.length - 1; at >= 0; at--) {
    const { rate } = rates[at] ?? { rate: 0 };
    const years = rows[at]?.years ?? null;
    if (years === null) {
      left = 1 / rate;
      moves[at] = -1 / (rate * rate);
      continue;
    }
    const below = 1 + (years * rate) / 2;
    const dies = Math.min(1, (years * rate) / below);
    const slope = years / (below * below);
    // L = years·(1 − q/2); left = L + (1 − q)·left of the next age.
    moves[at] = slope * (-years / 2 - left);
    left = years * (1 - dies / 2) + (1 - dies) * left;
  }
  let [alive, variance] = [1, 0];
  for (const [at, { rate, se }] of rates.entries()) {
    variance += (alive * (moves[at] ?? 0) * se) ** 2;
    const years = rows[at]?.years ?? null;
    if (years !== null) alive *= 1 - Math.min(1, (years * rate) / (1 + (years * rate) / 2));
  }
  return { value: left, se: Math.sqrt(variance) };
}
