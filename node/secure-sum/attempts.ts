/**
 * What a node keeps on disk of secure sums: which attempts it began, the digest of each masked vector, and the one
 * set it signed. Never a session's secrets: databases, their logs and backups do not forget.
 */
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { oneAtATime, transact } from "../../server/database.ts";
import type { NodeLog } from "../log/own-log.ts";
import type { NodeStore } from "../store/database.ts";

export type AgreedSet = { readonly attempt: number; readonly session: Hash; readonly survivors: Hash };

export type AttemptDisk = {
  /**
   * Begins an attempt, once. Refuses one that was begun before (the node restarted, and its secrets are gone), one
   * before an attempt that was begun, and any once a set was agreed on: the query is burnt.
   */
  readonly begin: (query: Hash, attempt: number) => Promise<void>;
  /** Stores the digest of an attempt's masked vector. Refuses a second one. */
  readonly keepMasked: (query: Hash, attempt: number, masked: Hash) => Promise<void>;
  /** Stores the one set of a query, on disk when it returns. Refuses another than the one that is stored. */
  readonly agree: (query: Hash, set: AgreedSet) => Promise<void>;
};

export function attemptDiskOf(store: NodeStore, now: () => Date, log: AttemptLog | null): AttemptDisk {
  const alone = oneAtATime();
  /** One after the other in this process, and each in a transaction of its own. */
  const write = (work: (database: Database) => Promise<void>): Promise<void> =>
    alone(() => transact(store, work));
  return {
    begin: (query, attempt) => write((database) => begin(database, query, attempt)),
    keepMasked: (query, attempt, masked) =>
      write(async (database) => {
        await keepMasked(database, query, attempt, masked);
        await log?.promise(database, { kind: "masked", query, attempt, id: masked, time: instant(now()) });
      }),
    agree: (query, set) =>
      write(async (database) => {
        if (!(await isFirst(database, query, set))) return;
        await database
          .insertInto("agreed")
          .values({ query, ...set })
          .execute();
        await log?.promise(database, { kind: "agreed", query, ...set, time: instant(now()) });
      }),
  };
}

type AttemptLog = Pick<NodeLog, "promise">;
type Database = NodeStore["kysely"];

async function begin(database: Database, query: Hash, attempt: number): Promise<void> {
  const agreed = await database
    .selectFrom("agreed")
    .select("attempt")
    .where("query", "=", query)
    .executeTakeFirst();
  if (agreed !== undefined)
    throw new Refusal("round-burnt", "expected a query of which this region has signed no set yet");
  const { last } = await database
    .selectFrom("session")
    .select((row) => row.fn.max("attempt").as("last"))
    .where("query", "=", query)
    .executeTakeFirstOrThrow();
  if (last !== null && Number(last) >= attempt)
    throw new Refusal("round-unfit", "expected an attempt that this region has not begun before");
  await database.insertInto("session").values({ query, attempt, masked: null }).execute();
}

async function keepMasked(database: Database, query: Hash, attempt: number, masked: Hash): Promise<void> {
  const kept = await database
    .updateTable("session")
    .set({ masked })
    .where("query", "=", query)
    .where("attempt", "=", attempt)
    .where("masked", "is", null)
    .executeTakeFirst();
  if (kept.numUpdatedRows === 0n)
    throw new Refusal("round-unfit", "expected an attempt in which this region has sent no vector yet");
}

/** False where this very set is stored already. Refuses another than the one that is stored. */
async function isFirst(database: Database, query: Hash, set: AgreedSet): Promise<boolean> {
  const stored = await database
    .selectFrom("agreed")
    .selectAll()
    .where("query", "=", query)
    .executeTakeFirst();
  if (stored === undefined) return true;
  const same =
    stored.attempt === set.attempt && stored.session === set.session && stored.survivors === set.survivors;
  if (!same) throw new Refusal("round-unfit", "expected the one set that this region has signed");
  return false;
}
