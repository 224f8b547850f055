/**
 * Small facts that a node keeps of itself, by name, in the table `meta`: read and written in the transaction of whoever
 * calls, through Kysely, or through the statements of an import's own transaction.
 */
import type { NodeStore } from "./database.ts";

type Database = NodeStore["kysely"];
type Statements = {
  readonly run: (sql: string, values?: readonly (string | number)[]) => Promise<unknown[][]>;
};

/** In `meta` while files hold what was deleted or replaced, and so are to be written anew. */
export const UNWRITTEN = "people-unwritten";
/** The check value of the key that the store's pseudonyms are made with. */
export const PSEUDONYM_CHECK = "pseudonym-check";

export async function factOf(database: Database, key: string): Promise<string | null> {
  const row = await database.selectFrom("meta").select("value").where("key", "=", key).executeTakeFirst();
  return row?.value ?? null;
}

export async function keepFact(database: Database, key: string, value: string): Promise<void> {
  await database
    .insertInto("meta")
    .values({ key, value })
    .onConflict((known) => known.column("key").doUpdateSet({ value }))
    .execute();
}

export async function dropFact(database: Database, key: string): Promise<void> {
  await database.deleteFrom("meta").where("key", "=", key).execute();
}

export async function factIn({ run }: Statements, key: string): Promise<string | null> {
  const [[value] = []] = await run("select value from meta where key = $1", [key]);
  return value == null ? null : String(value);
}

export async function keepFactIn({ run }: Statements, key: string, value: string): Promise<void> {
  await run(
    "insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value",
    [key, value],
  );
}

export async function dropFactIn({ run }: Statements, key: string): Promise<void> {
  await run("delete from meta where key = $1", [key]);
}
