/** Life expectancy of people with mental illness: an abridged life table of what is released of deaths and of persons. */
import { publishedPeriods } from "../protocol/plan/plan.ts";
import { cellAt } from "../protocol/plan/tables.ts";
import { Z } from "../protocol/release/estimate.ts";
import { NATION, totalCode } from "../protocol/values/codes.ts";
import { finderOf, type StandingRelease } from "./cube.ts";
import type { Estimate, Interval } from "./intervals.ts";

/** What is measured for it beside the indicators, by the calendar. */
const DEATHS = "deaths-mental-illness";
const PERSONS = "persons-mental-illness";

/** How many years each age lasts; the last is open. */
const AGES: ReadonlyArray<readonly [string, number | null]> = [
  ["16-29", 14],
  ["30-44", 15],
  ["45-64", 20],
  ["65-84", 20],
  ["85+", null],
];

export type LifeExpectancy = Estimate & Interval & { readonly period: string; readonly sex: string };

/** Years left at 16 in the nation, by year and sex, with the 95 % interval of the noise; years that cannot be said are left out. */
export function lifeExpectanciesOf(standings: readonly StandingRelease[]): LifeExpectancy[] {
  const measured = (id: string) =>
    standings.flatMap((standing) => {
      const measure = standing.plan.measures.findIndex((each) => each.measure.id === id);
      const tables = standing.plan.tables;
      return measure < 0 || tables === null ? [] : [{ standing, measure, tables, find: finderOf(standing) }];
    });
  const [deaths, persons] = [measured(DEATHS).at(-1), measured(PERSONS).at(-1)];
  if (deaths === undefined || persons === undefined) return [];
  const at = (of: typeof deaths, period: string, sex: string, age: string): Estimate | null => {
    const codes = new Map([["age_group", age]]);
    if (sex !== totalCode("sex")) codes.set("sex", sex);
    const found = cellAt(of.tables, codes);
    if (found === null) return null;
    const { value, se } = of.find(NATION, period, found.set, found.cell, of.measure);
    return value === null || se === null ? null : { value, se };
  };
  const periods = publishedPeriods(deaths.standing.plan).filter((period) =>
    publishedPeriods(persons.standing.plan).includes(period),
  );
  return periods.flatMap((period) =>
    [totalCode("sex"), "1", "2"].flatMap((sex) => {
      const rows = AGES.flatMap(([age, years]): LifeRow[] => {
        const [dead, alive] = [at(deaths, period, sex, age), at(persons, period, sex, age)];
        return dead === null || alive === null ? [] : [{ deaths: dead, persons: alive, years }];
      });
      const found = rows.length < AGES.length ? null : lifeExpectancy(rows);
      if (found === null) return [];
      return [{ period, sex, ...found, low: found.value - Z * found.se, high: found.value + Z * found.se }];
    }),
  );
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
