/** What the standing releases, taken together, say of one person's year. */
import { type Meaning, meaningOf } from "../protocol/privacy/meaning.ts";
import { YEAR_TOTAL } from "../protocol/question/accounts.ts";
import { type Period, yearOf } from "../protocol/values/period.ts";
import { add, compare, parseRational, type Rational, ZERO } from "../protocol/values/rational.ts";

/** What a region has said in all of one person's years, as its ledger's head says: the latest year first. */
export type RegionYears = {
  readonly region: string;
  readonly years: ReadonlyArray<Meaning & { readonly year: string }>;
};

type Head = {
  readonly node: string;
  readonly ledger: {
    readonly accounts: ReadonlyArray<{
      readonly group: string;
      readonly period: string;
      readonly spent: string;
    }>;
  };
};

/** Of each region that has handed in its ledger's head. */
export const yearsIn = (heads: readonly Head[]): RegionYears[] =>
  heads.map(({ node, ledger }) => ({
    region: node,
    years: ledger.accounts
      .filter(({ group }) => group === YEAR_TOTAL)
      .map(({ period, spent }) => ({ year: period, ...meaningOf(parseRational(spent)) }))
      .toSorted((a, b) => b.year.localeCompare(a.year)),
  }));

/** What a release is charged: each period of it. */
type Charged = { readonly plan: { readonly periods: readonly Period[]; readonly charge: Rational } };

/** What releases say of a person who has rows in all of them: of the year of which they say most, the latest of several. */
export function toldOf(releases: readonly Charged[]): (Meaning & { readonly year: string }) | null {
  const years = new Map<string, Rational>();
  for (const { plan } of releases)
    for (const year of plan.periods.map(yearOf)) years.set(year, add(years.get(year) ?? ZERO, plan.charge));
  const [most] = [...years].toSorted(([a, x], [b, y]) => compare(y, x) || b.localeCompare(a));
  return most === undefined ? null : { year: most[0], ...meaningOf(most[1]) };
}
