/**
 * The ledger: what each account's periods have been charged, exact, append only, hash-chained. A charge is reserved
 * in one transaction before any data is read; nothing is ever refunded; the account is shared by all who ask.
 */
import type { Transaction } from "kysely";
import type { Checkpoint } from "../../protocol/log/checkpoint.ts";
import { compose } from "../../protocol/privacy/privacy.ts";
import type { LedgerHead } from "../../protocol/release/answer.ts";
import { type Hash, hashOf, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import type { Period } from "../../protocol/values/period.ts";
import {
  compare,
  format,
  parseRational,
  type Rational,
  subtract,
  ZERO,
} from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { oneAtATime, transact } from "../../server/database.ts";
import type { NodeLog } from "../log/own-log.ts";
import type { NodeDatabase, NodeStore } from "../store/database.ts";

export type Charge = {
  readonly query: Hash;
  readonly account: string;
  readonly periods: readonly Period[];
  /** ρ for each period. */
  readonly rho: Rational;
  /** What each period of the account may come to in all. */
  readonly ceiling: Rational;
  /** Where the coordinator's log stood when it showed the query to be public; null where no logs are kept. */
  readonly seen: Checkpoint | null;
};

export type Ledger = {
  /**
   * Charges every period, or none: true if charged now, false if this query was charged before. Refuses with
   * `budget-exceeded`. When it returns, the charge is on disk.
   */
  readonly reserve: (charge: Charge) => Promise<boolean>;
  /** Refuses what `reserve` would refuse now. Charges nothing, and holds nothing free. */
  readonly check: (charge: Charge) => Promise<void>;
  readonly head: () => Promise<LedgerHead>;
};

const START: Hash = hashOf(utf8("brus ledger"));

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
  const { query, account, periods, rho, seen } = charge;
  const head = await lockedHead(database);
  const spent = await fitting(database, charge);
  let { sequence, hash } = head;
  const made = instant(now);
  const entries = periods.map((period) => {
    const after = format(compose(spent.get(period) ?? ZERO, rho));
    const entry = {
      sequence: ++sequence,
      query,
      ledger_group: account,
      period,
      charge: format(rho),
      spent: after,
      made,
    };
    hash = hashOf(utf8(`${hash}\n${JSON.stringify(entry)}`));
    return { ...entry, hash };
  });
  await database.insertInto("ledger_entry").values(entries).execute();
  await database
    .insertInto("answer")
    .values({ query, charge: format(rho), envelope: null, made })
    .execute();
  await database.updateTable("ledger_head").set({ sequence, hash }).where("id", "=", 1).execute();
  if (log !== null && seen !== null)
    await log.promise(database, {
      kind: "charge",
      query,
      account,
      charge: format(rho),
      periods: entries.map(({ period, spent }) => ({ period, spent })),
      public: { size: seen.size, root: toBase64(seen.root) },
      time: made,
    });
  return true;
}

/** The head's row, written even before it is read, so that two reservations always conflict (`transact` retries). */
async function lockedHead(database: Transaction<NodeDatabase>): Promise<{ sequence: number; hash: string }> {
  const touched = await database
    .updateTable("ledger_head")
    .set((row) => ({ sequence: row.ref("sequence") }))
    .where("id", "=", 1)
    .executeTakeFirst();
  if (touched.numUpdatedRows === 0n) {
    await database.insertInto("ledger_head").values({ id: 1, sequence: 0, hash: START }).execute();
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

/** The balances before a charge that fits below its ceiling. Refuses one that does not. */
async function fitting(
  database: Transaction<NodeDatabase>,
  { account, periods, rho, ceiling }: Charge,
): Promise<Map<string, Rational>> {
  const spent = await balances(database, account, periods);
  const exceeded = periods.find((period) => compare(compose(spent.get(period) ?? ZERO, rho), ceiling) > 0);
  if (exceeded === undefined) return spent;
  const rest = subtract(ceiling, spent.get(exceeded) ?? ZERO);
  throw new Refusal(
    "budget-exceeded",
    `expected at most ${format(rest)} for ${exceeded}; ${format(rho)} was asked`,
  );
}

/** Each period's balance: what stands in its latest entry. */
async function balances(
  database: Transaction<NodeDatabase>,
  account: string,
  periods: readonly Period[],
): Promise<Map<string, Rational>> {
  const rows = await database
    .selectFrom("ledger_entry")
    .select(["period", "spent"])
    .where("ledger_group", "=", account)
    .where("period", "in", [...periods])
    .orderBy("sequence")
    .execute();
  return new Map(rows.map(({ period, spent }) => [period, parseRational(spent)]));
}

async function headOf({ kysely }: NodeStore): Promise<LedgerHead> {
  return await kysely.transaction().execute(async (database) => {
    const head = await database.selectFrom("ledger_head").select(["sequence", "hash"]).executeTakeFirst();
    const rows = await database
      .selectFrom("ledger_entry as entry")
      .select(["ledger_group", "period", "spent"])
      .where("sequence", "in", (latest) =>
        latest
          .selectFrom("ledger_entry")
          .select((row) => row.fn.max("sequence").as("last"))
          .groupBy(["ledger_group", "period"]),
      )
      .orderBy("ledger_group")
      .orderBy("period")
      .execute();
    return {
      sequence: head?.sequence ?? 0,
      hash: head?.hash ?? START,
      accounts: rows.map(({ ledger_group, period, spent }) => ({ group: ledger_group, period, spent })),
    };
  });
}

/** Recomputes chain and balances from the entries; the sequence of the first that does not hold, or null. */
export async function checkLedger({ kysely }: NodeStore): Promise<number | null> {
  let before: string = START;
  const spent = new Map<string, Rational>();
  const rows = await kysely.selectFrom("ledger_entry").selectAll().orderBy("sequence").execute();
  for (const [index, { hash, ...entry }] of rows.entries()) {
    const { sequence, query, ledger_group, period, charge, spent: after, made } = entry;
    const name = `${ledger_group} ${period}`;
    const expected = compose(spent.get(name) ?? ZERO, parseRational(charge));
    const body = JSON.stringify({ sequence, query, ledger_group, period, charge, spent: after, made });
    if (sequence !== index + 1 || format(expected) !== after || hashOf(utf8(`${before}\n${body}`)) !== hash)
      return sequence;
    before = hash;
    spent.set(name, expected);
  }
  return null;
}
