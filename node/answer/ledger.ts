/**
 * The ledger: what each account has been charged, period by period and year by year, exact, append only, hash-chained. A
 * charge is reserved on all its accounts in one transaction before any data is read; nothing is ever refunded.
 */
import type { Transaction } from "kysely";
import type { Booking } from "../../protocol/federation/accounts.ts";
import type { Checkpoint } from "../../protocol/log/checkpoint.ts";
import type { NodeLeaf } from "../../protocol/log/leaf.ts";
import { compose } from "../../protocol/privacy/privacy.ts";
import { isYearAccount, YEAR_TOTAL } from "../../protocol/question/accounts.ts";
import type { LedgerState } from "../../protocol/release/answer.ts";
import { type Hash, toBase64 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { type Period, yearOf } from "../../protocol/values/period.ts";
import {
  compare,
  format,
  parseRational,
  type Rational,
  subtract,
  sum,
  ZERO,
} from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { oneAtATime, transact } from "../../server/database.ts";
import type { NodeLog } from "../log/own-log.ts";
import type { NodeDatabase, NodeStore } from "../store/database.ts";
import { chained, LEDGER_START, type LedgerEnd, type LedgerEntry } from "../store/ledger-entries.ts";

export type Charge = {
  readonly query: Hash;
  /** The dataset's account, and the periods that are asked about. */
  readonly account: string;
  readonly periods: readonly Period[];
  /** ρ for each period. */
  readonly rho: Rational;
  /** All that it is booked on, those periods among it, with what each may come to in all. */
  readonly bookings: readonly Booking[];
  /** Where the coordinator's log stood when it showed the query to be public; null where no logs are kept. */
  readonly seen: Checkpoint | null;
};

export type Ledger = {
  /**
   * Charges every account, or none: true if charged now, false if this query was charged before. Refuses with
   * `budget-exceeded`. When it returns, the charge is on disk.
   */
  readonly reserve: (charge: Charge) => Promise<boolean>;
  /** Refuses what `reserve` would refuse now. Charges nothing, and holds nothing free. */
  readonly check: (charge: Charge) => Promise<void>;
  readonly head: () => Promise<LedgerState>;
};

/** The only writer of a node's ledger. `now` is for the entries' times alone; each charge is a leaf of the node's log. */
export function ledgerOf(store: NodeStore, now: () => Date, log: Pick<NodeLog, "promise"> | null): Ledger {
  const alone = oneAtATime();
  return {
    reserve: (charge) =>
      alone(() => transact(store, (transaction) => reserve(transaction, charge, now(), log))),
    check: (charge) =>
      alone(() =>
        transact(store, async (transaction) => {
          if (!(await isCharged(transaction, charge))) await fitting(transaction, charge);
        }),
      ),
    head: () => headOf(store),
  };
}

async function reserve(
  database: Transaction<NodeDatabase>,
  charge: Charge,
  now: Date,
  log: Pick<NodeLog, "promise"> | null,
): Promise<boolean> {
  if (await isCharged(database, charge)) return false;
  const { query, rho } = charge;
  const head = await lockedHead(database);
  const spent = await fitting(database, charge);
  const made = instant(now);
  const booked = charge.bookings.map(({ account, period, rho }) => {
    const after = format(compose(spent.get(nameOf({ account, period })) ?? ZERO, rho));
    return { query, ledger_group: account, period, charge: format(rho), spent: after, made };
  });
  const entries = chained(head, booked);
  const { sequence, hash } = entries.at(-1) ?? head;
  await database.insertInto("ledger_entry").values(entries).execute();
  await database
    .insertInto("answer")
    .values({ query, charge: format(rho), envelope: null, made })
    .execute();
  await database.updateTable("ledger_head").set({ sequence, hash }).where("id", "=", 1).execute();
  const leaf = leafOf(charge, entries, made);
  if (log !== null && leaf !== null) await log.promise(database, leaf);
  return true;
}

/** The charge as the node's log says it; null where no logs are kept. */
function leafOf(
  { query, account, periods, rho, seen }: Charge,
  entries: readonly LedgerEntry[],
  made: string,
): NodeLeaf | null {
  if (seen === null) return null;
  const isOwn = ({ ledger_group, period }: LedgerEntry) =>
    ledger_group === account && periods.includes(period);
  return {
    kind: "charge",
    query,
    account,
    charge: format(rho),
    periods: entries.filter(isOwn).map(({ period, spent }) => ({ period, spent })),
    accounts: entries
      .filter((entry) => !isOwn(entry))
      .map(({ ledger_group, period, charge, spent }) => ({ account: ledger_group, period, charge, spent })),
    public: { size: seen.size, root: toBase64(seen.root) },
    time: made,
  };
}

/** The head's row, written even before it is read, so that two reservations always conflict (`transact` retries). */
async function lockedHead(database: Transaction<NodeDatabase>): Promise<LedgerEnd> {
  const touched = await database
    .updateTable("ledger_head")
    .set((row) => ({ sequence: row.ref("sequence") }))
    .where("id", "=", 1)
    .executeTakeFirst();
  if (touched.numUpdatedRows === 0n) {
    await database
      .insertInto("ledger_head")
      .values({ id: 1, ...LEDGER_START })
      .execute();
  }
  return await database
    .selectFrom("ledger_head")
    .select(["sequence", "hash"])
    .where("id", "=", 1)
    .executeTakeFirstOrThrow();
}

async function isCharged(database: Transaction<NodeDatabase>, { query }: Charge): Promise<boolean> {
  const row = await database
    .selectFrom("answer")
    .select("query")
    .where("query", "=", query)
    .executeTakeFirst();
  return row !== undefined;
}

const nameOf = ({ account, period }: Pick<Booking, "account" | "period">): string => `${account} ${period}`;

/** The balances before a charge that fits below every ceiling, by account and period. Refuses one that does not. */
async function fitting(
  database: Transaction<NodeDatabase>,
  { bookings }: Charge,
): Promise<Map<string, Rational>> {
  const spent = await balances(database, bookings);
  for (const booking of bookings) {
    const { account, period, rho, ceiling } = booking;
    const before = spent.get(nameOf(booking)) ?? ZERO;
    if (compare(compose(before, rho), ceiling) <= 0) continue;
    // Migrated charges, or a ceiling that was lowered, may have left less than nothing.
    const rest = compare(before, ceiling) < 0 ? subtract(ceiling, before) : ZERO;
    throw new Refusal(
      "budget-exceeded",
      `expected at most ${format(rest)} of ${account} for ${period}; ${format(rho)} was asked`,
    );
  }
  return spent;
}

/** Each account's balance in its periods: what stands in its latest entry. */
async function balances(
  database: Transaction<NodeDatabase>,
  bookings: readonly Booking[],
): Promise<Map<string, Rational>> {
  const rows = await latestEntries(database, bookings);
  return new Map(
    rows.map(({ ledger_group, period, spent }) => [
      nameOf({ account: ledger_group, period }),
      parseRational(spent),
    ]),
  );
}

/** The latest entry of each account and period, in their order; of those that are booked on, or of all. */
async function latestEntries(
  database: Transaction<NodeDatabase>,
  bookings: readonly Booking[] | null,
): Promise<ReadonlyArray<Pick<LedgerEntry, "ledger_group" | "period" | "spent">>> {
  return await database
    .selectFrom("ledger_entry as entry")
    .select(["ledger_group", "period", "spent"])
    .where("sequence", "in", (inside) => {
      const latest = inside
        .selectFrom("ledger_entry")
        .select((row) => row.fn.max("sequence").as("last"))
        .groupBy(["ledger_group", "period"]);
      if (bookings === null) return latest;
      const [accounts, periods] = [
        bookings.map(({ account }) => account),
        bookings.map(({ period }) => period),
      ];
      return latest.where("ledger_group", "in", accounts).where("period", "in", periods);
    })
    .orderBy("ledger_group")
    .orderBy("period")
    .execute();
}

async function headOf({ kysely }: NodeStore): Promise<LedgerState> {
  return await kysely.transaction().execute(async (database) => {
    const head = await database.selectFrom("ledger_head").select(["sequence", "hash"]).executeTakeFirst();
    const rows = await latestEntries(database, null);
    return {
      ...(head ?? LEDGER_START),
      accounts: rows.map(({ ledger_group, period, spent }) => ({ group: ledger_group, period, spent })),
    };
  });
}

/**
 * Recomputes chain and balances from the entries, and what each charge comes to in its years; the sequence of the first
 * entry that does not hold, or null.
 */
export async function checkLedger({ kysely }: NodeStore): Promise<number | null> {
  let before: LedgerEnd = LEDGER_START;
  const spent = new Map<string, Rational>();
  const rows = await kysely.selectFrom("ledger_entry").selectAll().orderBy("sequence").execute();
  for (const row of rows) {
    const name = nameOf({ account: row.ledger_group, period: row.period });
    const expected = compose(spent.get(name) ?? ZERO, parseRational(row.charge));
    const [entry] = chained(before, [{ ...row, spent: format(expected) }]);
    if (entry?.sequence !== row.sequence || entry.hash !== row.hash) return row.sequence;
    before = row;
    spent.set(name, expected);
  }
  return unfitYear(rows);
}

/**
 * The sequence of a charge's first entry, if what it says of a year's total is not what its entries on a ledger group come
 * to in that year; null where all do.
 */
function unfitYear(rows: readonly LedgerEntry[]): number | null {
  for (const own of Map.groupBy(rows, ({ query }) => query).values())
    for (const entries of Map.groupBy(own, ({ period }) => yearOf(period)).values()) {
      const totals = entries.filter(({ ledger_group }) => ledger_group === YEAR_TOTAL);
      const inGroup = entries.filter(({ ledger_group }) => !isYearAccount(ledger_group));
      // Of a year over quarters, its own entry says what each quarter was charged too.
      const whole = inGroup.filter(({ period }) => period === yearOf(period));
      const charged = (list: readonly LedgerEntry[]) => sum(list.map(({ charge }) => parseRational(charge)));
      if (compare(charged(totals), charged(whole.length > 0 ? whole : inGroup)) !== 0)
        return own[0]?.sequence ?? null;
    }
  return null;
}
