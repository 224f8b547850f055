/** `brus query check`: the accounts of a person's year, what is left of each, and what the year then comes to. */
import { expect, test } from "vitest";
import { checkReport, checkText } from "../../../cli/client/price.ts";
import { planIn } from "../../../protocol/federation/plan-in.ts";
import { hashOf, utf8 } from "../../../protocol/values/bytes.ts";
import type { Language } from "../../../protocol/values/language.ts";
import type { Ledgers } from "../../../protocol/wire/budgets.ts";
import { directoryWith } from "../../support/charges.ts";
import { queryOf } from "../../support/generate.ts";

const { federation } = directoryWith([{ dataset: "care" }, { dataset: "visits" }], { rhoPerYear: "1" });
const query = queryOf({
  requester: "anna",
  directory: federation.hash,
  dataset: "care@1",
  periods: ["2025K1", "2025K2"],
  rho: "1/32",
});

/** What the one region has spent, by account and period. */
const ledgersOf = (spent: Readonly<Record<string, string>>): Ledgers => [
  {
    node: "01",
    ledger: {
      sequence: 1,
      hash: hashOf(utf8("ledger")),
      accounts: Object.entries(spent).map(([name, rho]) => {
        const [, group = "", period = ""] = /^(.*) (\S+)$/.exec(name) ?? [];
        return { group, period, spent: rho };
      }),
    },
  },
];

function checked(
  spent: Readonly<Record<string, string>>,
  language: Language = "en",
  compartment: "questions" | "calendar" = "questions",
) {
  const plan = planIn(federation, query);
  const asking = { requester: "anna", compartment, ledgers: ledgersOf(spent), language };
  const report = checkReport(federation, query, plan, asking);
  return { report, text: checkText(report, plan) };
}

test("says ρ of the year, ε and the guesser's odds, and what a person of two regions has", () => {
  const { report, text } = checked({ "care 2025K1": "1/4", "year: total 2025": "1/2" });
  expect(report.years).toEqual([
    {
      year: "2025",
      rho: "1/16",
      after: "9/16",
      ceiling: "1",
      means: expect.stringMatching(/^ρ = 0\.57 \(ε = 7 at δ = 1e-9\)/),
    },
  ]);
  expect(text).toContain(
    "One person's 2025: ρ = 0.0625 for this question; with all before it, of 1, at most 0.5625.",
  );
  expect(text).toMatch(/would be right at most 71 times in 100/);
  expect(text).toContain("A person with rows in two regions has it twice, and over five years five times.");
  expect(text).toContain("What remains suffices in every region.");
  expect(report.remains).toEqual([{ region: "01", remains: "3/4", suffices: true, short: [] }]);
  expect(checked({}, "sv").report.years[0]?.means).toMatch(/högst \d\d gånger av 100/);
});

test.each([
  ["year: requester anna", "3/32", "1/32"],
  ["year: questions", "23/64", "1/64"],
  ["year: total", "31/32", "1/32"],
])("says that %s does not suffice, and what is left of it", (account, spent, remains) => {
  const { report, text } = checked({ [`${account} 2025`]: spent });
  expect(report.remains[0]).toMatchObject({ suffices: false, short: [{ account, period: "2025", remains }] });
  expect(text).toContain(`What remains does not suffice in: 01 (${account} 2025: ${remains} left).`);
});

test("what questions have spent is nothing to the calendar", () => {
  const spent = {
    "year: requester anna 2025": "1/8",
    "year: questions 2025": "3/8",
    "year: total 2025": "3/8",
  };
  expect(checked(spent).report.remains[0]?.suffices).toBe(false);
  expect(checked(spent, "en", "calendar").report.remains[0]?.suffices).toBe(true);
});
