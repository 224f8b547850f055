/**
 * The accounts that a charge is booked on, and how far each may go: computed here and nowhere else, from public
 * documents alone, by the node that charges, the coordinator, the audit, `brus query check` and the pages. Exact.
 */
import { Calendar } from "../plan/calendar.ts";
import type { Plan } from "../plan/plan.ts";
import { compose } from "../privacy/privacy.ts";
import {
  COMPARTMENTS,
  type Compartment,
  compartmentAccount,
  requesterAccount,
  YEAR_TOTAL,
} from "../question/accounts.ts";
import { type Dataset, ledgerGroupOf } from "../question/catalogue.ts";
import type { Query } from "../question/query.ts";
import type { Envelope } from "../signing/envelope.ts";
import type { Hash } from "../values/bytes.ts";
import { PER_YEAR, type Period, quartersOf, yearOf } from "../values/period.ts";
import {
  compare,
  format,
  least,
  multiply,
  parseRational,
  type Rational,
  rational,
  sum,
  ZERO,
} from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import type { Federation } from "./directory.ts";
import { openByPerson } from "./openers.ts";

/** One account that a charge is booked on: what it adds there, and what may come to stand there in all. */
export type Booking = {
  readonly account: string;
  /** A period of the ledger group's, or a year. */
  readonly period: Period;
  readonly rho: Rational;
  readonly ceiling: Rational;
};

/** What a region may spend by its own policy, where that is less. */
export type OwnCeilings = { readonly rhoPerPeriod?: Rational; readonly rhoPerYear?: Rational };

/** Whose question it is, and of which part of the year. */
export type Drawing = { readonly requester: string; readonly compartment: Compartment };

/** The parts of `rhoPerYear` that nothing else may take, and what one person may have of the questions'. */
const PARTS = {
  calendar: rational(1n, 2n),
  units: rational(1n, 8n),
  questions: rational(3n, 8n),
} as const satisfies Record<Compartment, Rational>;
const REQUESTER_PART = rational(1n, 8n);

/** What a directory names unless it is told otherwise: ε = 9.5 at δ = 1e-9. */
export const RHO_PER_YEAR = "1";

/** A person with this role may sign calendars whose releases draw on the calendar's part of the year. */
export const CALENDAR_ROLE = "calendar";

/** More accounts than this do not fit into one entry of a log. */
const MOST_ACCOUNTS = 450;

/** Every dataset that a version has named so far: what was spent of those that were withdrawn is spent. */
const datasetsEver = ({ earlier, datasets }: Federation): Dataset[] => [
  ...new Map(
    [...earlier.flatMap((each) => [...each.datasets]), ...datasets].map(([ref, { dataset }]) => [
      ref,
      dataset,
    ]),
  ).values(),
];

/**
 * The accounts of a charge, each once: the ledger group's for each period (of a dataset of years in a group of quarters:
 * each quarter of the year, and once the year); and for each calendar year ρ times the periods in it, on the year's total
 * and, where the directory names `rhoPerYear`, on the compartment and on what one person may ask. Refuses (`too-large`)
 * more than a log's entry holds.
 */
export function accountsOf(
  federation: Federation,
  { dataset, periods, charge }: Pick<Plan, "dataset" | "periods" | "charge">,
  { requester, compartment }: Drawing,
  own: OwnCeilings = {},
): Booking[] {
  const group = ledgerGroupOf(dataset);
  const covered = isYearsOverQuarters(federation, dataset)
    ? periods.flatMap((period) => [period, ...quartersOf(period)])
    : periods;
  const years = new Map<Period, Rational>();
  for (const year of periods.map(yearOf)) years.set(year, compose(years.get(year) ?? ZERO, charge));
  const parts =
    federation.directory.rhoPerYear === undefined
      ? []
      : [
          compartmentAccount(compartment),
          ...(compartment === "questions" ? [requesterAccount(requester)] : []),
        ];
  const booked = [
    ...covered.map((period) => ({ account: group, period, rho: charge })),
    ...[...years].flatMap(([period, rho]) =>
      [YEAR_TOTAL, ...parts].map((account) => ({ account, period, rho })),
    ),
  ];
  if (booked.length > MOST_ACCOUNTS)
    throw new Refusal("too-large", `expected periods that are charged to at most ${MOST_ACCOUNTS} accounts`);
  const ceilings = ceilingsOf(federation, own);
  return booked.map((each) => ({ ...each, ceiling: ceilings(each.account) }));
}

/** Whether a dataset has one row a person and year of what other datasets of its group have by quarter. */
export const isYearsOverQuarters = (federation: Federation, dataset: Dataset): boolean =>
  dataset.period === "year" &&
  datasetsEver(federation).some(
    (each) => each.period === "quarter" && ledgerGroupOf(each) === ledgerGroupOf(dataset),
  );

/** How far an account may go: a group's in each period, others' in each year; 0 of what the directory does not know. */
export function ceilingsOf(federation: Federation, own: OwnCeilings = {}): (account: string) => Rational {
  const datasets = datasetsEver(federation);
  const groups = new Map(
    datasets.map((each) => [
      ledgerGroupOf(each),
      lower(parseRational(each.budget.rhoPerPeriod), own.rhoPerPeriod),
    ]),
  );
  const year = lower(rhoPerYearOf(federation), own.rhoPerYear);
  const parts = new Map([
    [YEAR_TOTAL, year],
    ...COMPARTMENTS.map((each) => [compartmentAccount(each), multiply(year, PARTS[each])] as const),
  ]);
  const requester = multiply(year, REQUESTER_PART);
  return (account) =>
    groups.get(account) ??
    parts.get(account) ??
    (account.startsWith(requesterAccount("")) ? requester : ZERO);
}

const lower = (ceiling: Rational, own: Rational | undefined): Rational =>
  own === undefined ? ceiling : least(ceiling, own);

/**
 * ρ that a region may release of one person's rows of a calendar year: what the directory names, or else what the
 * budgets of all its datasets come to in a year.
 */
export function rhoPerYearOf(federation: Federation): Rational {
  const { rhoPerYear } = federation.directory;
  if (rhoPerYear !== undefined) return parseRational(rhoPerYear);
  const groups = new Map<string, Rational>();
  for (const dataset of datasetsEver(federation)) {
    const budget = parseRational(dataset.budget.rhoPerPeriod);
    const group = ledgerGroupOf(dataset);
    const whole = multiply(budget, rational(BigInt(PER_YEAR[dataset.period])));
    // A group of quarters is four, whatever else it holds: each charge of a year is one to its quarters.
    const before = groups.get(group) ?? ZERO;
    groups.set(group, compare(whole, before) > 0 ? whole : before);
  }
  return sum([...groups.values()]);
}

/**
 * Of which part of the year a query is: the calendar's, if a calendar names it that was signed by its own requester, a
 * person whom the directory gives the role for that; else what its dataset says. `calendars` stand in the coordinator's
 * log below what is judged by; what does not open at this time counts for nothing. What is not
 * signed yet has no id, and is in none.
 */
export function compartmentOf(
  federation: Federation,
  { id, requester }: { readonly id: Hash | null; readonly requester: string },
  { compartment }: Pick<Dataset, "compartment">,
  calendars: readonly Envelope[],
  at: Date,
): Compartment {
  const named = calendars.some((envelope) => {
    try {
      const { payload, person } = openByPerson(federation, envelope, Calendar, at);
      return (
        person.id === requester &&
        person.roles.includes(CALENDAR_ROLE) &&
        payload.entries.some(({ query }) => query === id)
      );
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  });
  return named ? "calendar" : (compartment ?? "questions");
}

/** What plans of one requester and compartment charge each account together, in order of their first charge. */
export function chargesOf(
  federation: Federation,
  plans: readonly Plan[],
  drawing: Drawing,
): readonly Booking[] {
  const charges = new Map<string, Booking>();
  for (const booking of plans.flatMap((plan) => accountsOf(federation, plan, drawing))) {
    const name = `${booking.account} ${booking.period}`;
    charges.set(name, { ...booking, rho: compose(charges.get(name)?.rho ?? ZERO, booking.rho) });
  }
  return [...charges.values()];
}

/** Refuses (`budget-exceeded`) a calendar's queries that together charge an account more than all it may have. */
export function checkSpending(
  federation: Federation,
  plans: readonly Plan[],
  { requester }: Pick<Query, "requester">,
): void {
  const drawing = { requester, compartment: "calendar" } as const;
  for (const { account, period, rho, ceiling } of chargesOf(federation, plans, drawing))
    if (compare(rho, ceiling) > 0)
      throw new Refusal(
        "budget-exceeded",
        `expected a calendar that charges ${account} ${period} at most ${format(ceiling)}; it charges ${format(rho)}`,
      );
}
