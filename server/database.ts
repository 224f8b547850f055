/**
 * Opens a party's database: DuckDB in a file by default, PostgreSQL where there is a `databaseUrl`. The same Kysely
 * statements run on both. What differs is said here and nowhere else.
 */

import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import { Refusal } from "../protocol/values/refusal.ts";
import { deadlineIn, sleep } from "./deadline.ts";
import { type DuckDb, duckDbDialect, openDuckDb } from "./duckdb.ts";

export type Store<DB> = {
  readonly kysely: Kysely<DB>;
  /** What the import needs beyond Kysely; exactly one of the two is there. */
  readonly duckdb: DuckDb | null;
  readonly pool: pg.Pool | null;
  /**
   * Makes these tables' files anew of what stands in them, so that they hold nothing that was deleted: in DuckDB the one
   * file of all (`rewrite` there); in PostgreSQL by `vacuum full`, which waits for whoever reads them, and is done again while others may see what was deleted. What PostgreSQL's
   * write-ahead log, its archives and replicas hold stays until they are recycled.
   */
  readonly rewrite: (tables: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type DatabaseConfig = {
  readonly data: string;
  readonly databaseUrl?: string | undefined;
  readonly threads: number;
  readonly memory: string;
};

// int8 as bigint, as DuckDB gives it.
const types: pg.CustomTypesConfig = {
  getTypeParser: ((id: number, format?: "text" | "binary") =>
    id === 20 && format !== "binary"
      ? BigInt
      : pg.types.getTypeParser(id, format)) as typeof pg.types.getTypeParser,
};

export async function openStore<DB>(name: string, config: DatabaseConfig): Promise<Store<DB>> {
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  if (config.databaseUrl !== undefined) {
    const pool = new pg.Pool({ connectionString: config.databaseUrl, max: 6, types });
    // A connection that dies fails the statement that uses it, or is replaced at its next use. Without listeners,
    // on idle ones and on those handed out alike, it would end the process.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
    const rewrite = (tables: readonly string[]) => vacuum(pool, tables);
    return { kysely, duckdb: null, pool, rewrite, close: () => kysely.destroy() };
  }
  const path = join(config.data, `${name}.duckdb`);
  const duckdb = await openDuckDb(path, { ...config, spill: config.data });
  chmodSync(path, 0o600); // Also one that an earlier program left for everyone to read.
  const kysely = new Kysely<DB>({ dialect: duckDbDialect(duckdb) });
  const close = async () => {
    await kysely.destroy();
    duckdb.instance.closeSync();
  };
  return { kysely, duckdb, pool: null, rewrite: () => duckdb.rewrite(), close };
}

/** How long transactions that began before are waited for, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Writes tables anew without what was deleted, with new statistics: the old ones hold examples of what columns hold.
 * PostgreSQL copies into the new file what any transaction under way may still see, so it is done until it says that it
 * copied nothing dead. Refuses (`unavailable`) where that does not come to be.
 */
async function vacuum(pool: pg.Pool, tables: readonly string[]): Promise<void> {
  const client = await pool.connect();
  let dead = false;
  // "3 dead row versions cannot be removed yet", in whatever language.
  const heard = ({ detail }: { readonly detail: string | undefined }) => {
    if (/^[1-9]\d* /.test(detail ?? "")) dead = true;
  };
  client.on("notice", heard);
  const deadline = deadlineIn(PATIENCE);
  try {
    for (const table of tables)
      for (;;) {
        dead = false;
        await client.query(`vacuum (full, verbose, analyze) ${table}`);
        if (!dead) break;
        if (deadline.signal.aborted)
          throw new Refusal(
            "unavailable",
            "expected transactions from before to end within a minute: they keep in the tables' files what was deleted",
          );
        await sleep(1000, deadline.signal);
      }
  } finally {
    deadline.stop();
    client.off("notice", heard);
    client.release();
  }
}

/** PostgreSQL's codes for: not serializable, deadlock, and a key that another inserted since this one looked. */
const SQLSTATES: ReadonlySet<string> = new Set(["40001", "40P01", "23505"]);

/** DuckDB's errors have no codes: how the messages of the same three begin. Its "Constraint Error" alone says also what is simply wrong. */
const DUCKDB = [
  "TransactionContext Error: Conflict on ",
  "TransactionContext Error: Failed to commit: ",
  "TransactionContext Error: Catalog write-write conflict",
  "Constraint Error: Duplicate key ",
];

/** Whether a statement, or a commit, failed only because another transaction came in between. */
export function isConflict(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return SQLSTATES.has(error.code ?? "");
  return error instanceof Error && DUCKDB.some((beginning) => error.message.startsWith(beginning));
}

/**
 * One transaction that sees a consistent state and whose writes conflict with any other's to the same rows; tried
 * again on a conflict. Every transaction that reads before it writes must also update a row that all such ones do,
 * since DuckDB's snapshots alone let concurrent check-then-insert all commit.
 */
export async function transact<DB, T>(
  store: Store<DB>,
  work: (transaction: Transaction<DB>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const then: Array<() => void> = [];
    try {
      const transaction = store.kysely.transaction();
      const result = await (store.pool === null
        ? transaction
        : transaction.setIsolationLevel("serializable")
      ).execute((inside) => {
        following.set(inside, then);
        return work(inside);
      });
      for (const each of then) each();
      return result;
    } catch (error) {
      if (attempt >= 200 || !isConflict(error)) throw error;
      await sleep(Math.min(50, attempt));
    }
  }
}

const following = new WeakMap<object, Array<() => void>>();

/** Runs once what a transaction of `transact` has written is on disk; never where it is undone. Must not throw. */
export function onceWritten(transaction: object, then: () => void): void {
  const list = following.get(transaction);
  if (list === undefined) throw new Error("expected to be within a transaction");
  list.push(then);
}

/** Lets one piece of work of a kind run at a time within this process, in the order they came. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
