/** What a question would ask, cost and yield, told before it is asked: from the directory and the nodes' budgets alone. */
import { accountsOf, type Booking, type Drawing } from "../../protocol/federation/accounts.ts";
import { type Federation, rosterOf } from "../../protocol/federation/directory.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { meaningOf } from "../../protocol/privacy/meaning.ts";
import { YEAR_TOTAL } from "../../protocol/question/accounts.ts";
import { ledgerGroupOf } from "../../protocol/question/catalogue.ts";
import type { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import { type Expected, expectedByKind, expectedOfBoth } from "../../protocol/release/expected-error.ts";
import type { Language } from "../../protocol/values/language.ts";
import {
  add,
  compare,
  format,
  least,
  parseRational,
  type Rational,
  subtract,
  toNumber,
  ZERO,
} from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Ledgers } from "../../protocol/wire/budgets.ts";
import { meaningText, twiceText } from "../../publication/year-words.ts";
import { costText } from "./print.ts";

/** Persons in a cell, for whom the error is told. */
const SIZES = [100, 1_000, 10_000] as const;

/** Who asks, of which part of the year, and what the regions have spent. */
export type Asking = Drawing & { readonly ledgers: Ledgers; readonly language: Language };

/**
 * For each region what remains of its budget, for each measure the error to expect, and what it costs: each period, and
 * each person's year.
 */
export function checkReport(federation: Federation, query: Query, plan: Plan, asking: Asking) {
  const { language } = asking;
  const roster = rosterOf(federation, query);
  const bookings = accountsOf(federation, plan, asking);
  const spent = spentIn(asking.ledgers);
  return {
    words: inWords(query, plan.dataset, language),
    rho: format(plan.charge),
    integers: plan.length * plan.periods.length,
    remains: roster.map((region) => remainsIn(region, plan, bookings, spent)),
    /** Regions that have not said where their ledgers stand: counted as if nothing were spent there. */
    silent: roster.filter((region) => !asking.ledgers.some(({ node }) => node === region)),
    years: bookings
      .filter(({ account }) => account === YEAR_TOTAL)
      .map((booking) => yearOf(booking, roster, spent, language)),
    beside: twiceText(language),
    floor:
      plan.noiseShares === null
        ? null
        : { threshold: plan.noiseShares.threshold, survivors: plan.noiseShares.survivors },
    expected: bothKinds(federation, query, roster.length),
    reconciled: query.release === "both" ? expectedOfBoth(plan, roster.length, SIZES) : null,
  };
}

type Spent = (region: string, booking: Pick<Booking, "account" | "period">) => Rational;

/** What each region's ledger head says of an account: nothing of it is spent, where it does not name it. */
function spentIn(ledgers: Ledgers): Spent {
  const known = new Map(
    ledgers.flatMap(({ node, ledger }) =>
      ledger.accounts.map(({ group, period, spent }) => [`${node} ${group} ${period}`, parseRational(spent)]),
    ),
  );
  return (region, { account, period }) => known.get(`${region} ${account} ${period}`) ?? ZERO;
}

/** What is left of the dataset's account in the period that has least, and every account that does not suffice. */
function remainsIn(region: string, { dataset }: Plan, bookings: readonly Booking[], spent: Spent) {
  const left = bookings.map((booking) => {
    const rest = subtract(booking.ceiling, spent(region, booking));
    return { ...booking, rest: compare(rest, ZERO) < 0 ? ZERO : rest };
  });
  const own = left.filter(({ account }) => account === ledgerGroupOf(dataset)).map(({ rest }) => rest);
  const short = left
    .filter(({ rest, rho }) => compare(rest, rho) < 0)
    .map(({ account, period, rest }) => ({ account, period, remains: format(rest) }));
  return { region, remains: format(own.reduce(least)), suffices: short.length === 0, short };
}

/** What the question adds to one person's year, and what that then comes to where it comes to most. */
function yearOf(booking: Booking, roster: readonly string[], spent: Spent, language: Language) {
  const { period, rho, ceiling } = booking;
  const before = roster.map((region) => spent(region, booking)).reduce(most, ZERO);
  const after = add(before, rho);
  return {
    year: period,
    rho: format(rho),
    after: format(after),
    ceiling: format(ceiling),
    means: meaningText(meaningOf(after), language),
  };
}

const most = (a: Rational, b: Rational): Rational => (compare(a, b) > 0 ? a : b);

/** The same question at the same ρ, asked of each region and of the nation, so that the asker can choose. */
function bothKinds(federation: Federation, query: Query, regions: number) {
  const { nationalPart: _, ...rest } = query;
  const as = (release: "regions" | "national"): Plan => planIn(federation, { ...rest, release });
  let national: Plan | null = null;
  try {
    national = as("national");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error; // Not to be had for this roster: one kind is shown.
  }
  return expectedByKind(as("regions"), national, regions, SIZES);
}

/** A fraction as a decimal, rounded up. */
const shown = (rho: string): string => String(Math.ceil(1e4 * toNumber(parseRational(rho)) - 1e-9) / 1e4);

/** The same for people. */
export function checkText(report: ReturnType<typeof checkReport>, plan: Plan): string {
  const short = report.remains
    .filter(({ suffices }) => !suffices)
    .map(({ region, short: [account] }) =>
      account === undefined
        ? region
        : `${region} (${account.account} ${account.period}: ${account.remains} left)`,
    );
  const years = report.years.map(
    ({ year, rho, after, ceiling, means }) =>
      `One person's ${year}: ρ = ${shown(rho)} for this question; with all before it, of ${shown(ceiling)}, at most ${shown(after)}. ${means}`,
  );
  const say = (halfWidth: number | null | undefined) =>
    halfWidth == null ? "depends on the data" : `± ${halfWidth.toPrecision(2)}`;
  const of = ({ measure, kind, persons }: Expected) =>
    persons === null
      ? `  ${measure} (${kind})`
      : `  ${measure} (${kind}) with ${persons.toLocaleString("en").replaceAll(",", " ")} persons in the cell`;
  const reconciled = report.reconciled?.region.map(
    (row, index) =>
      `${of(row)}: a region ${say(row.halfWidth)}, the nation ${say(report.reconciled?.nation[index]?.halfWidth)}`,
  );
  const lines = report.expected.region.map((row, index) => {
    const nation = report.expected.nation[index];
    const secure = report.expected.secure?.[index];
    const worst = report.expected.secureAtWorst?.[index];
    const summed =
      secure === undefined
        ? ""
        : `, or ${say(secure.halfWidth)} by secure sum (release national; ${say(worst?.halfWidth)} with all missing that may be)`;
    return `${of(row)}: a region ${say(row.halfWidth)}, the nation ${say(nation?.halfWidth)} as their sum${summed}`;
  });
  return [
    report.words,
    `Cost: ${costText(plan)}.`,
    short.length === 0
      ? "What remains suffices in every region."
      : `What remains does not suffice in: ${short.join(", ")}.`,
    ...(report.silent.length === 0
      ? []
      : [`Not said yet, and counted as nothing spent: ${report.silent.join(", ")}.`]),
    ...years,
    report.beside,
    ...(report.floor === null
      ? []
      : [
          `No sum is opened of fewer than ${report.floor.survivors} regions; ${report.floor.threshold} must sign which.`,
        ]),
    "Expected error at this ρ (half of the 95 % interval, at worst; a nation's cell of so many persons in all):",
    ...(reconciled === undefined
      ? []
      : [...reconciled, "Were all of this ρ spent on one kind of release instead:"]),
    ...lines,
  ].join("\n");
}
