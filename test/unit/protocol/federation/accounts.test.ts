/** The accounts that a charge is booked on: which, how much, how far each may go, and what makes a query the calendar's. */
import { expect, test } from "vitest";
import {
  ceilingsOf,
  checkSpending,
  compartmentOf,
  rhoPerYearOf,
} from "../../../../protocol/federation/accounts.ts";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { nextFederation } from "../../../../protocol/federation/versions.ts";
import { nodeEntry } from "../../../../protocol/log/leaf.ts";
import { MAX_ENTRY } from "../../../../protocol/log/tile.ts";
import type { Calendar } from "../../../../protocol/plan/calendar.ts";
import type { Plan } from "../../../../protocol/plan/plan.ts";
import {
  compartmentAccount,
  isYearAccount,
  requesterAccount,
} from "../../../../protocol/question/accounts.ts";
import { refOf, writeDataset } from "../../../../protocol/question/catalogue.ts";
import { signDocument } from "../../../../protocol/signing/envelope.ts";
import { hashOf, utf8 } from "../../../../protocol/values/bytes.ts";
import { format, parseRational } from "../../../../protocol/values/rational.ts";
import { newKey, signerOf } from "../../../../server/signing.ts";
import {
  type Asking,
  type Changed,
  chargeFor,
  directoryWith,
  draftsOf,
  type Made,
} from "../../../support/charges.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const JOURNAL: Changed[] = [
  { dataset: "visits", ledgerGroup: "journal", budget: { rhoPerPeriod: "1/2", delta: "1e-9" } },
  {
    dataset: "visits-yearly",
    ledgerGroup: "journal",
    period: "year",
    budget: { rhoPerPeriod: "1/2", delta: "1e-9" },
  },
  { dataset: "care" },
];
const QUESTION: Asking = {
  dataset: "visits@1",
  periods: ["2025K3", "2025K4", "2026K1"],
  rho: "1/100",
  requester: "anna",
  compartment: "questions",
};
const linesOf = (federation: Federation, asking: Asking): string[] =>
  chargeFor(federation, "q", asking).bookings.map(
    ({ account, period, rho, ceiling }) => `${account} ${period}: ${format(rho)} of ${format(ceiling)}`,
  );

test("a question is booked on its periods, and on its years by their periods", () => {
  const { federation } = directoryWith(JOURNAL, { rhoPerYear: "1" });
  expect(linesOf(federation, QUESTION)).toEqual([
    "journal 2025K3: 1/100 of 1/2",
    "journal 2025K4: 1/100 of 1/2",
    "journal 2026K1: 1/100 of 1/2",
    "year: total 2025: 1/50 of 1",
    "year: questions 2025: 1/50 of 3/8",
    "year: requester anna 2025: 1/50 of 1/8",
    "year: total 2026: 1/100 of 1",
    "year: questions 2026: 1/100 of 3/8",
    "year: requester anna 2026: 1/100 of 1/8",
  ]);
});

test("a year over quarters is charged to each of them, once to the year, and once to the calendar year", () => {
  const { federation } = directoryWith(JOURNAL, { rhoPerYear: "1" });
  const asking = {
    ...QUESTION,
    dataset: "visits-yearly@1",
    periods: ["2025"],
    compartment: "calendar",
  } as const;
  expect(linesOf(federation, asking)).toEqual([
    "journal 2025: 1/100 of 1/2",
    ...[1, 2, 3, 4].map((quarter) => `journal 2025K${quarter}: 1/100 of 1/2`),
    "year: total 2025: 1/100 of 1",
    "year: calendar 2025: 1/100 of 1/2",
  ]);
});

test("a year by itself is charged to no quarter", () => {
  const { federation } = directoryWith([{ dataset: "register", period: "year", compartment: "units" }], {
    rhoPerYear: "4/5",
  });
  const asking = { ...QUESTION, dataset: "register@1", periods: ["2025"], compartment: "units" } as const;
  expect(linesOf(federation, asking)).toEqual([
    "register 2025: 1/100 of 1",
    "year: total 2025: 1/100 of 4/5",
    "year: units 2025: 1/100 of 1/10",
  ]);
});

test("a directory that names no ceiling has what its budgets come to in a year, and no parts", () => {
  const { federation } = directoryWith(JOURNAL);
  // Four quarters of 1/2, whatever else the group holds, and four of 1.
  expect(format(rhoPerYearOf(federation))).toBe("6");
  expect(linesOf(federation, { ...QUESTION, periods: ["2025K3"] })).toEqual([
    "journal 2025K3: 1/100 of 1/2",
    "year: total 2025: 1/100 of 6",
  ]);
});

test("a region's own ceilings count where they are lower", () => {
  const { federation } = directoryWith(JOURNAL, { rhoPerYear: "1" });
  const own = { rhoPerPeriod: parseRational("1/5"), rhoPerYear: parseRational("1/2") };
  const ceilings = ceilingsOf(federation, own);
  const all = ["journal", "care", "year: total", "year: calendar", "year: units", "year: questions"];
  expect([...all, requesterAccount("anna")].map((account) => format(ceilings(account)))).toEqual([
    "1/5",
    "1/5",
    "1/2",
    "1/4",
    "1/16",
    "3/16",
    "1/16",
  ]);
  expect(format(ceilingsOf(federation, { rhoPerYear: parseRational("2") })("year: total"))).toBe("1");
  expect(format(ceilings("unknown"))).toBe("0");
});

test("a charge on more accounts than an entry of a log holds is refused", () => {
  const { federation } = directoryWith([{ dataset: "monthly", period: "month" }], { rhoPerYear: "1" });
  const periods = Array.from({ length: 480 }, (_, at) => {
    const month = String((at % 12) + 1).padStart(2, "0");
    return `${1980 + Math.floor(at / 12)}M${month}`;
  });
  const asking = { ...QUESTION, dataset: "monthly@1", periods };
  expect(() => linesOf(federation, asking)).toThrow(expect.objectContaining({ code: "too-large" }));
});

test.each([
  ["quarter", (year: number) => [1, 2, 3, 4].map((quarter) => `${year}K${quarter}`)],
  ["year", (year: number) => [String(year)]],
] as const)(
  "what is charged by %s fits an entry of a log, however long names and balances are",
  (period, within) => {
    const ledgerGroup = "g".repeat(48);
    const other = period === "year" ? "quarter" : "year";
    const { federation } = directoryWith(
      [
        { dataset: "asked", ledgerGroup, period },
        { dataset: "other", ledgerGroup, period: other },
      ],
      { rhoPerYear: "1" },
    );
    const rho = "999999999999/1000000000000";
    const spent = "999999999999999/1000000000000";
    let years = 0;
    let largest = 0;
    for (;;) {
      const periods = Array.from({ length: years + 1 }, (_, at) => within(1800 + at)).flat();
      const asking = { ...QUESTION, dataset: "asked@1", periods, rho, requester: "r".repeat(48) };
      let charge: ReturnType<typeof chargeFor>;
      try {
        charge = chargeFor(federation, "q", asking);
      } catch (error) {
        expect(error).toMatchObject({ code: "too-large" });
        break;
      }
      const own = ({ account, period }: (typeof charge.bookings)[number]) =>
        account === charge.account && periods.includes(period);
      const accounts = charge.bookings
        .filter((each) => !own(each))
        .map(({ account, period, rho }) => ({ account, period, charge: format(rho), spent }));
      const { query, account } = charge;
      const leaf = { kind: "charge", query, account, charge: rho, accounts } as const;
      const told = { periods: charge.bookings.filter(own).map(({ period }) => ({ period, spent })) };
      const seen = { size: Number.MAX_SAFE_INTEGER, root: "r".repeat(44) };
      largest = nodeEntry({ ...leaf, ...told, public: seen, time: "2026-06-01T12:00:00Z" }).length;
      years++;
    }
    expect(years).toBeGreaterThan(50);
    expect(largest).toBeLessThanOrEqual(MAX_ENTRY);
  },
);

test("no dataset can be called as an account of a year is", () => {
  for (const account of ["year: total", compartmentAccount("units"), requesterAccount("anna")])
    expect(isYearAccount(account)).toBe(true);
  for (const account of ["year", "total", "year-total"]) expect(isYearAccount(account)).toBe(false);
});

const ID = hashOf(utf8("a query"));
function calendarBy({ federation, anna }: Made, more: Partial<Calendar> = {}, signer = anna) {
  const calendar: Calendar = {
    directory: federation.hash,
    requester: "anna",
    title: { sv: "K", en: "C" },
    indicators: ID,
    entries: [
      { query: ID, dataset: "care@1", periods: ["2025K1"], release: "regions", at: "2026-01-01T00:00:00Z" },
    ],
    ...more,
  };
  return signDocument("calendar", calendar, signer);
}

test("only a calendar that its requester signed, with the role for it, makes a query the calendar's", () => {
  const made = directoryWith(JOURNAL, { rhoPerYear: "1" });
  const { federation } = made;
  const of = (
    envelopes: ReturnType<typeof calendarBy>[],
    by: Federation = federation,
    at = NOW,
    asked = "anna",
  ) => compartmentOf(by, { id: ID, requester: asked }, {}, envelopes, at);
  expect(of([calendarBy(made)])).toBe("calendar");
  expect(of([])).toBe("questions");
  const other = hashOf(utf8("another"));
  const entries = [
    { query: other, dataset: "care@1", periods: ["2025K1"], release: "regions", at: "2026-01-01T00:00:00Z" },
  ] as const;
  expect(
    of([calendarBy(made, { entries: entries.map((each) => ({ ...each, periods: [...each.periods] })) })]),
  ).toBe("questions");
  expect(of([calendarBy(made)], federation, NOW, "bo")).toBe("questions");
  expect(of([calendarBy(made, {}, signerOf(newKey("ask")))])).toBe("questions");
  expect(of([calendarBy(made)], federation, new Date("2031-01-01T00:00:00Z"))).toBe("questions");
  const [anna] = federation.directory.people;
  const directory = {
    ...federation.directory,
    people: anna === undefined ? [] : [{ ...anna, roles: ["researcher"] }],
  };
  expect(of([calendarBy(made)], { ...federation, directory })).toBe("questions");
  expect(
    compartmentOf(
      federation,
      { id: other, requester: "anna" },
      { compartment: "units" },
      [calendarBy(made)],
      NOW,
    ),
  ).toBe("units");
});

test("a calendar that passes its part of a year is refused before it is kept", () => {
  const { federation } = directoryWith(JOURNAL, { rhoPerYear: "1" });
  const dataset = federation.datasets.get("care@1")?.dataset;
  if (dataset === undefined) throw new Error("care");
  const plan = (rho: string) =>
    ({ dataset, periods: ["2025K1", "2025K2"], charge: parseRational(rho) }) as unknown as Plan;
  expect(() => checkSpending(federation, [plan("1/8"), plan("1/8")], { requester: "anna" })).not.toThrow();
  expect(() => checkSpending(federation, [plan("1/8"), plan("1/7")], { requester: "anna" })).toThrow(
    /year: calendar 2025 at most 1\/2/,
  );
});

/** The version after, with changes of the directory and more datasets. */
function next({ federation, root }: Made, more: object, added: readonly Changed[] = []): Federation {
  const documents = draftsOf(added).map(writeDataset);
  const { directory, hash } = federation;
  const datasets = [
    ...directory.datasets,
    ...documents.map((each) => ({ dataset: refOf(each.dataset), hash: each.hash })),
  ];
  const after = { ...directory, version: 2, previous: hash, datasets, ...more };
  return nextFederation(
    federation,
    signDocument("directory", after, root),
    documents.map(({ body }) => body),
  );
}

test("what was promised of a year is named or lowered by later versions, and no more", () => {
  const [none, one] = [directoryWith(JOURNAL), directoryWith(JOURNAL, { rhoPerYear: "1" })];
  expect(format(rhoPerYearOf(next(none, { rhoPerYear: "1" })))).toBe("1");
  expect(format(rhoPerYearOf(next(one, { rhoPerYear: "3/4" })))).toBe("3/4");
  for (const rhoPerYear of [undefined, "5/4"])
    expect(() => next(one, { rhoPerYear })).toThrow(expect.objectContaining({ code: "directory-unfit" }));
});

test("datasets that were withdrawn still count: in a year's ceiling, and as the quarters of a year", () => {
  const made = directoryWith(JOURNAL);
  const yearly = made.federation.directory.datasets.filter(({ dataset }) => dataset === "visits-yearly@1");
  const after = next(made, { datasets: yearly });
  expect(format(rhoPerYearOf(after))).toBe("6");
  const asking = { ...QUESTION, dataset: "visits-yearly@1", periods: ["2025"] };
  expect(linesOf(after, asking)).toContain("journal 2025K4: 1/100 of 1/2");
});

test("a group of years takes no quarters in: what was charged before was charged to none of them", () => {
  const [quarterly, yearly] = JOURNAL;
  if (quarterly === undefined || yearly === undefined) throw new Error("two datasets");
  const refused = expect.objectContaining({ code: "schema-mismatch" });
  expect(() => next(directoryWith([yearly]), {}, [quarterly])).toThrow(refused);
  expect(() => next(directoryWith([quarterly]), {}, [yearly])).not.toThrow();
  const monthly = { ...quarterly, dataset: "monthly", period: "month" } as const;
  for (const pair of [
    [quarterly, monthly],
    [yearly, monthly],
  ])
    expect(() => directoryWith(pair)).toThrow(refused);
  const dearer = { ...yearly, budget: { rhoPerPeriod: "2", delta: "1e-9" } };
  expect(() => directoryWith([quarterly, dearer])).toThrow(refused);
  // A later version of one name keeps its kind of period.
  expect(() => directoryWith([quarterly, { ...yearly, dataset: "visits", version: 2 }])).toThrow(refused);
});
