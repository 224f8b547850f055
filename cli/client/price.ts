/** What a question would ask, cost and yield, told before it is asked: from the directory and the nodes' budgets alone. */
import { type Federation, rosterOf } from "../../protocol/federation/directory.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { ledgerGroupOf } from "../../protocol/question/catalogue.ts";
import type { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import { type Expected, expectedByKind, expectedOfBoth } from "../../protocol/release/expected-error.ts";
import type { Language } from "../../protocol/values/language.ts";
import { compare, format, parseRational, subtract, ZERO } from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Budgets } from "../../protocol/wire/routes.ts";
import { costText } from "./print.ts";

/** Persons in a cell, for whom the error is told. */
const SIZES = [100, 1_000, 10_000] as const;

/** For each region what remains of its budget, for each measure the error to expect, and what it costs. */
export function checkReport(
  federation: Federation,
  query: Query,
  plan: Plan,
  budgets: Budgets,
  language: Language,
) {
  const roster = rosterOf(federation, query);
  const group = ledgerGroupOf(plan.dataset);
  const budget = parseRational(plan.dataset.budget.rhoPerPeriod);
  const remains = roster.map((region) => {
    const accounts = budgets.find(({ node }) => node === region)?.ledger.accounts ?? [];
    const spent = accounts.filter(
      (account) => account.group === group && plan.periods.includes(account.period),
    );
    const most = spent
      .map((account) => parseRational(account.spent))
      .reduce((a, b) => (compare(a, b) > 0 ? a : b), ZERO);
    return {
      region,
      remains: format(subtract(budget, most)),
      suffices: compare(subtract(budget, most), plan.charge) >= 0,
    };
  });
  return {
    words: inWords(query, plan.dataset, language),
    rho: format(plan.charge),
    integers: plan.length * plan.periods.length,
    remains,
    floor:
      plan.noiseShares === null
        ? null
        : { threshold: plan.noiseShares.threshold, survivors: plan.noiseShares.survivors },
    expected: bothKinds(federation, query, roster.length),
    reconciled: query.release === "both" ? expectedOfBoth(plan, roster.length, SIZES) : null,
  };
}

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

/** The same for people. */
export function checkText(report: ReturnType<typeof checkReport>, plan: Plan): string {
  const short = report.remains.filter(({ suffices }) => !suffices).map(({ region }) => region);
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
