/**
 * A store's way from the shape it was made in to the one that the program knows: ordered steps, each one transaction
 * that also writes down that it was taken. A store made by a later program is refused before anything is written.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type RawBuilder, sql } from "kysely";
import { z } from "zod";
import { Refusal } from "../protocol/values/refusal.ts";
import type { Store } from "./database.ts";

/** A store while it is being changed: alone, within one transaction. */
export type Changing = {
  readonly engine: "duckdb" | "postgresql";
  /** Runs one statement, and gives its rows. */
  readonly run: <Row = unknown>(statement: string | RawBuilder<Row>) => Promise<Row[]>;
  /** The columns of each table that is there, by the table's name. */
  readonly tables: () => Promise<ReadonlyMap<string, ReadonlySet<string>>>;
};

/** One step. What was landed is never changed: stores have taken it. */
export type Step = {
  /** 1, 2, 3 …: the version of the store once it was taken. */
  readonly version: number;
  /** What is so from then on, in a few words. */
  readonly name: string;
  readonly change: readonly string[] | ((store: Changing) => Promise<void>);
};

export type Migrations = {
  /** Whose store it is: one party's is never taken for another's. */
  readonly party: string;
  readonly steps: readonly Step[];
};

/** One row a step that was taken, and the version of the program that took it. */
const TAKEN =
  "create table migration (version integer primary key, party varchar not null, name varchar not null, program varchar not null)";
type Taken = { version: number; party: string; program: string };

const program = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"))).version;

/**
 * Takes the steps that this store has not taken. Refuses (`store-newer`) one that has taken steps unknown here, and
 * (`config-invalid`) another party's. `after` is called after each statement: tests alone end it there.
 */
export async function migrate<DB>(
  store: Store<DB>,
  { party, steps }: Migrations,
  after: (statement: string) => void = () => undefined,
): Promise<void> {
  const next = () =>
    changing(
      store,
      async (database) => {
        const taken = await takenIn(database);
        check(taken, party, steps.length);
        const step = steps[taken.length];
        if (step === undefined) return false;
        const { version, name, change } = step;
        if (taken.length === 0) await database.run(TAKEN);
        if (typeof change === "function") await change(database);
        else for (const statement of change) await database.run(statement);
        await database.run(sql`insert into migration values (${version}, ${party}, ${name}, ${program})`);
        return true;
      },
      after,
    );
  while (await next());
}

/**
 * Changes a store's tables in one transaction that no other process changes them beside: DuckDB's file is this
 * process's alone, and in PostgreSQL there is a lock. What it reads is what whoever had the lock before has left.
 */
export function changing<DB, T>(
  { kysely, pool }: Store<DB>,
  work: (database: Changing) => Promise<T>,
  after: (statement: string) => void = () => undefined,
): Promise<T> {
  return kysely
    .transaction()
    .setIsolationLevel("read committed")
    .execute(async (transaction) => {
      const run: Changing["run"] = async <Row>(statement: string | RawBuilder<Row>) => {
        const built = typeof statement === "string" ? sql.raw<Row>(statement) : statement;
        const { rows } = await built.execute(transaction);
        after(built.compile(transaction).sql);
        return rows;
      };
      if (pool !== null)
        await sql`select pg_advisory_xact_lock(hashtext('brus migration'))`.execute(transaction);
      return await work({
        engine: pool === null ? "duckdb" : "postgresql",
        run,
        tables: () => tablesIn(run),
      });
    });
}

async function tablesIn(run: Changing["run"]): Promise<Map<string, Set<string>>> {
  const rows = await run(
    sql<{ name: string; column: string }>`select table_name as name, column_name as "column"
      from information_schema.columns where table_schema = current_schema()`,
  );
  const tables = new Map<string, Set<string>>();
  for (const { name, column } of rows) tables.set(name, (tables.get(name) ?? new Set()).add(column));
  return tables;
}

async function takenIn({ run, tables }: Changing): Promise<Taken[]> {
  if (!(await tables()).has("migration")) return [];
  return await run(sql<Taken>`select version, party, program from migration order by version`);
}

function check(taken: readonly Taken[], party: string, known: number): void {
  const latest = taken.at(-1);
  if (latest === undefined) return;
  if (latest.party !== party)
    throw new Refusal("config-invalid", `expected the store of a ${party}; this one is a ${latest.party}'s`);
  if (latest.version > known)
    throw new Refusal(
      "store-newer",
      `expected a store of version ${known} or earlier; this one is of version ${latest.version}, made by Brus ${latest.program}`,
    );
}

/**
 * Refuses (`config-invalid`) a store from before versions that holds a table which only the other party has: nothing
 * in it says whose it is, and whoever opened it first would take it.
 */
export async function refuseOthers(
  { tables }: Changing,
  { party, other, table }: { readonly party: string; readonly other: string; readonly table: string },
): Promise<void> {
  if ((await tables()).has(table))
    throw new Refusal("config-invalid", `expected the store of a ${party}; this one is a ${other}'s`);
}

/**
 * Statements that give a table another shape: create, copy, drop, rename. DuckDB alters no column where an index
 * stands, adds none that is `not null`, and makes no index after an update in the same transaction. `from` says what
 * each column of the new table is in the old one's rows; indexes that are not part of `definition` are made anew.
 */
export function reshape(
  table: string,
  definition: string,
  from: Readonly<Record<string, string>>,
): readonly string[] {
  return [
    `create table ${table}_next (${definition})`,
    `insert into ${table}_next (${Object.keys(from).join(", ")}) select ${Object.values(from).join(", ")} from ${table}`,
    `drop table ${table}`,
    `alter table ${table}_next rename to ${table}`,
  ];
}
