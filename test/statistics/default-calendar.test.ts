/**
 * The default calendar, before anything is released: that what it says of regions can be read, what it says of one person
 * in a year, and that nodes answer all of it. Exact sums and the plans' own noise; nothing is drawn.
 */
import { expect, test } from "vitest";
import { CARE_EXPERIENCE, DEMO_QUERY, RARE_QUERY } from "../../cli/demo/journals.ts";
import { demoCalendar, standingDatasets } from "../../cli/demo/standing-releases.ts";
import {
  type Booking,
  CALENDAR_ROLE,
  chargesOf,
  checkSpending,
  RHO_PER_YEAR,
} from "../../protocol/federation/accounts.ts";
import { isIndicator, measureOf, queryOfEntry } from "../../protocol/plan/calendar.ts";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { YEAR_TOTAL } from "../../protocol/question/accounts.ts";
import { Dataset } from "../../protocol/question/catalogue.ts";
import { PER_YEAR, periodAt } from "../../protocol/values/period.ts";
import { compare, format, parseRational, toNumber } from "../../protocol/values/rational.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { directoryWith } from "../support/charges.ts";
import { queryOf } from "../support/generate.ts";
import { plansOf, type Readable, readableIn, shareOf } from "../support/readable.ts";

const DATASETS = [CARE_EXPERIENCE, ...standingDatasets().map(({ dataset }) => dataset)];
const { federation } = directoryWith(DATASETS, { rhoPerYear: RHO_PER_YEAR });
const plans = plansOf();
const CALENDAR = { requester: "researcher", compartment: "calendar" } as const;
const QUESTIONS = { requester: "researcher", compartment: "questions" } as const;
/** What the tables of today may come to, of the calendar's half of a year. */
const MOST = parseRational("3/10");

const yearsIn = (charges: readonly Booking[]): Booking[] =>
  charges.filter(({ account }) => account === YEAR_TOTAL);

test("at least 80 % of its regional figures can be read, of every dataset, and most of the nation's", () => {
  const all = readableIn(plans);
  const [regional, national] = [true, false].map((each) => all.filter(({ regions }) => regions === each));
  expect(shareOf(regional ?? [])).toBeGreaterThan(0.88);
  expect(shareOf(national ?? [])).toBeGreaterThan(0.9);
  const byDataset = new Map<string, Readable[]>();
  for (const each of regional ?? [])
    byDataset.set(each.dataset, [...(byDataset.get(each.dataset) ?? []), each]);
  expect(byDataset.size).toBe(10);
  for (const [dataset, own] of byDataset) expect(shareOf(own), dataset).toBeGreaterThan(0.8);
});

test("it says of nobody more than ρ = 0.30 in any calendar year, nor would it in a year of which all quarters are released", () => {
  const whole = plans.map((plan): Plan => {
    const { period } = plan.dataset;
    const of = PER_YEAR[period];
    return { ...plan, periods: Array.from({ length: of }, (_, at) => periodAt(period, 2030 * of + at)) };
  });
  for (const of of [plans, whole]) {
    const years = yearsIn(chargesOf(federation, of, CALENDAR));
    expect(years.length).toBe(of === plans ? 6 : 1);
    for (const { period, rho } of years)
      expect(compare(rho, MOST), `${period}: ${format(rho)}`).toBeLessThanOrEqual(0);
  }
  // Nor is less said than may be: what is not spent is noise for nothing.
  expect(toNumber(yearsIn(chargesOf(federation, whole, CALENDAR))[0]?.rho ?? MOST)).toBeGreaterThan(0.29);
});

test("nodes answer all of it, and the demonstration's questions beside it, where a person's year is ρ = 1", () => {
  expect(CALENDAR_ROLE).toBe("calendar");
  expect(() => checkSpending(federation, plans, CALENDAR)).not.toThrow();
  const journal = Dataset.parse(CARE_EXPERIENCE);
  const asked = [
    DEMO_QUERY,
    ...(["regions", "national"] as const).map((release) => ({ ...RARE_QUERY, release })),
  ];
  const questions = asked.map((query) => planOf({ ...queryOf(query as object), edition: 2 }, journal, 21));
  const all = [...chargesOf(federation, plans, CALENDAR), ...chargesOf(federation, questions, QUESTIONS)];
  const booked = new Map<string, number>();
  for (const { account, period, rho, ceiling } of all) {
    const name = `${account} ${period}`;
    booked.set(name, (booked.get(name) ?? 0) + toNumber(rho));
    expect(booked.get(name), name).toBeLessThanOrEqual(toNumber(ceiling));
  }
});

test("an indicator is measured on its dataset and on those beside it, whatever the version; parts are of the entry's indicators", () => {
  const { indicators } = catalogueHere();
  const datasets = standingDatasets().map(({ dataset }) => dataset);
  const indicator = indicators.find(({ id }) => id === "first-visit-within-90d");
  const measure = indicator === undefined ? null : measureOf(indicator);
  if (indicator === undefined || measure === null) throw new Error("a measured indicator");
  for (const dataset of ["waiting-quarter", "waiting-year", "waiting"])
    expect(isIndicator(indicator, { ...measure, part: 3 }, dataset), dataset).toBe(true);
  expect(isIndicator(indicator, measure, "care-contact-year")).toBe(false);
  const entry = demoCalendar(21).entries.find(({ parts }) => parts !== undefined);
  if (entry === undefined) throw new Error("an entry with parts");
  const { measures } = queryOfEntry(entry, datasets, indicators);
  expect(
    Object.fromEntries(measures.flatMap(({ id, part }) => (part === undefined ? [] : [[id, part]]))),
  ).toEqual(entry.parts);
  expect(() => queryOfEntry({ ...entry, parts: { "suicide-rate": 2 } }, datasets, indicators)).toThrow(
    expect.objectContaining({ code: "measure-unfit" }),
  );
});
