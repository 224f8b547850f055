/** Charges as an admitted query would make them, for tests of the ledger alone. */
import type { Charge } from "../../node/answer/ledger.ts";
import type { Booking } from "../../protocol/federation/accounts.ts";
import { YEAR_TOTAL } from "../../protocol/question/accounts.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { parseRational } from "../../protocol/values/rational.ts";

/** ρ = 1/100 of two quarters of one account, of which ten fit; their year has room for all. */
export function chargeOfTwo(query: Hash): Charge {
  const periods = ["2025K1", "2025K2"];
  const rho = parseRational("1/100");
  const bookings: Booking[] = [
    ...periods.map((period) => ({ account: "journal", period, rho, ceiling: parseRational("1/10") })),
    { account: YEAR_TOTAL, period: "2025", rho: parseRational("1/50"), ceiling: parseRational("100") },
  ];
  return { query, account: "journal", periods, rho, bookings, seen: null };
}
