/**
 * Datasets whose rows must be imported anew before they are asked about: their persons were told apart by another rule,
 * and no identity was kept from which that could be mended. Marked by the files concerned, until each has come again.
 */
import { sql } from "kysely";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { type NodeStore, tableOf } from "../store/database.ts";
import { dropFactIn, factIn, keepFactIn } from "../store/facts.ts";
import type { Target } from "./target.ts";

const PREFIX = "anew:";
/** The files of a mark, by their numbers: our own text. */
const filesIn = (value: unknown): number[] => (JSON.parse(String(value)) as unknown[]).map(Number);

/** Marks a dataset's table, with all files that have rows in it now; nothing where there are none. */
export async function markAnew(target: Pick<Target, "run">, table: string): Promise<void> {
  const rows = await target.run(`select distinct file from ${table} where file > 0`);
  if (rows.length === 0) return;
  const files = JSON.stringify(rows.map(([file]) => Number(file)).sort((a, b) => a - b));
  await keepFactIn(target, `${PREFIX}${table}`, files);
}

/** A file has come once more: it is no longer among those that are waited for. */
export async function cameAnew(target: Pick<Target, "run">, dataset: Dataset, file: number): Promise<void> {
  const key = `${PREFIX}${tableOf(dataset)}`;
  const value = await factIn(target, key);
  if (value === null) return;
  const left = filesIn(value).filter((each) => each !== file);
  if (left.length === 0) await dropFactIn(target, key);
  else await keepFactIn(target, key, JSON.stringify(left));
}

/** The tables of datasets that still hold rows which must come anew. */
export async function anewIn({ kysely }: NodeStore): Promise<string[]> {
  const marks = await kysely
    .selectFrom("meta")
    .select(["key", "value"])
    .where("key", "like", `${PREFIX}%`)
    .execute();
  const tables: string[] = [];
  for (const { key, value } of marks) {
    const table = key.slice(PREFIX.length);
    const files = filesIn(value);
    const { rows } = await sql`select 1 from ${sql.table(table)} where file in (${sql.join(
      files.map((file) => sql.lit(file)),
    )}) limit 1`.execute(kysely);
    if (rows.length > 0) tables.push(table);
  }
  return tables.sort();
}
