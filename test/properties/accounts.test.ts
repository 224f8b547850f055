/**
 * What accounts come to is what a person's year costs: for somebody who has rows everywhere, summed query by query,
 * period by period and release by release, by other code than that which books.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { COMPARTMENTS } from "../../protocol/question/accounts.ts";
import { format, parseRational, type Rational, sum, ZERO } from "../../protocol/values/rational.ts";
import { type Asking, chargeFor, directoryWith } from "../support/charges.ts";

const { federation } = directoryWith(
  [
    { dataset: "quarterly", ledgerGroup: "journal" },
    { dataset: "yearly", ledgerGroup: "journal", period: "year" },
    { dataset: "monthly", period: "month" },
    { dataset: "register", period: "year" },
  ],
  { rhoPerYear: "1" },
);

const YEARS = ["2023", "2024", "2025"];
const QUARTERS = YEARS.flatMap((year) => ["K1", "K2", "K3", "K4"].map((quarter) => year + quarter));
const MONTHS = YEARS.flatMap((year) => ["M01", "M02", "M06", "M12"].map((month) => year + month));
const PERIODS = { quarterly: QUARTERS, yearly: YEARS, monthly: MONTHS, register: YEARS } as const;

const asking: fc.Arbitrary<Asking> = fc
  .constantFrom("quarterly" as const, "yearly" as const, "monthly" as const, "register" as const)
  .chain((name) =>
    fc.record({
      dataset: fc.constant(`${name}@1`),
      periods: fc.subarray<string>([...PERIODS[name]], { minLength: 1 }),
      rho: fc.integer({ min: 1, max: 997 }).map((thousandths) => `${thousandths}/1000`),
      requester: fc.constantFrom("anna", "bo"),
      compartment: fc.constantFrom(...COMPARTMENTS),
    }),
  );

/** ρ of everything that is said of one person's rows of a quarter, a month or a year, or of all of a year's rows. */
const spentOn = (asked: readonly Asking[], times: (each: Asking) => number): Rational =>
  sum(asked.flatMap((each) => Array.from({ length: times(each) }, () => parseRational(each.rho))));

test("every account's balance is the brute-force sum over a person's year", () => {
  fc.assert(
    fc.property(fc.array(asking, { minLength: 1, maxLength: 12 }), (asked) => {
      const booked = new Map<string, Rational>();
      asked.forEach((each, index) => {
        const { bookings } = chargeFor(federation, String(index), each);
        const names = bookings.map(({ account, period }) => `${account} ${period}`);
        expect(new Set(names).size).toBe(names.length);
        for (const { account, period, rho } of bookings) {
          const name = `${account} ${period}`;
          booked.set(name, sum([booked.get(name) ?? ZERO, rho]));
        }
      });
      const expected = new Map<string, Rational>();
      const expectedOn = (name: string, times: (each: Asking) => number) => {
        const spent = spentOn(asked, times);
        if (spent.n > 0n) expected.set(name, spent);
      };
      const isOf =
        (...names: string[]) =>
        (each: Asking) =>
          names.includes(each.dataset.split("@")[0] ?? "");
      // A row of a quarter is in that quarter's tables, and in those of its year.
      for (const quarter of QUARTERS)
        expectedOn(`journal ${quarter}`, (each) =>
          isOf("quarterly")(each)
            ? Number(each.periods.includes(quarter))
            : Number(isOf("yearly")(each) && each.periods.includes(quarter.slice(0, 4))),
        );
      for (const month of MONTHS)
        expectedOn(`monthly ${month}`, (each) =>
          Number(isOf("monthly")(each) && each.periods.includes(month)),
        );
      for (const year of YEARS) {
        expectedOn(`journal ${year}`, (each) => Number(isOf("yearly")(each) && each.periods.includes(year)));
        expectedOn(`register ${year}`, (each) =>
          Number(isOf("register")(each) && each.periods.includes(year)),
        );
        // Each release of a period of the year is one more that the person is in.
        const releases = (each: Asking) => each.periods.filter((period) => period.startsWith(year)).length;
        expectedOn(`year: total ${year}`, releases);
        for (const compartment of COMPARTMENTS)
          expectedOn(`year: ${compartment} ${year}`, (each) =>
            each.compartment === compartment ? releases(each) : 0,
          );
        for (const who of ["anna", "bo"])
          expectedOn(`year: requester ${who} ${year}`, (each) =>
            each.compartment === "questions" && each.requester === who ? releases(each) : 0,
          );
      }
      const texts = (of: ReadonlyMap<string, Rational>) =>
        Object.fromEntries([...of].map(([name, rho]) => [name, format(rho)]));
      expect(texts(booked)).toEqual(texts(expected));
    }),
  );
});
