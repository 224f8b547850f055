/** DuckDB under Kysely: statements are kept prepared by their texts, and nobody can tell. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fromUtf8 } from "../../protocol/values/bytes.ts";
import { openStore, type Store } from "../../server/database.ts";

type Tables = { t: { a: number; b: string | null; bytes?: Uint8Array } };

let folder: string;
let store: Store<Tables>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "brus-duckdb-"));
  store = await openStore<Tables>("test", { data: folder, threads: 1, memory: "200MB" });
  await run("create table t (a integer primary key, b varchar)");
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const run = (statement: string) => sql.raw(statement).execute(store.kysely);
const insert = (a: number, b: string | null = "x") =>
  store.kysely.insertInto("t").values({ a, b }).executeTakeFirst();
const find = (a: number) => store.kysely.selectFrom("t").selectAll().where("a", "=", a).execute();
const all = () => store.kysely.selectFrom("t").selectAll().orderBy("a").execute();

test("a statement that ran before gives what its values ask for now", async () => {
  for (const a of [1, 2, 3]) expect((await insert(a)).numInsertedOrUpdatedRows).toBe(1n);
  expect(await find(2)).toEqual([{ a: 2, b: "x" }]);
  expect(await find(3)).toEqual([{ a: 3, b: "x" }]);
  expect(await find(4)).toEqual([]);
  const rename = (a: number, b: string | null) =>
    store.kysely.updateTable("t").set({ b }).where("a", "=", a).executeTakeFirst();
  expect((await rename(2, "y")).numUpdatedRows).toBe(1n);
  expect((await rename(9, "y")).numUpdatedRows).toBe(0n);
  expect((await rename(3, null)).numUpdatedRows).toBe(1n);
  expect((await all()).map(({ b }) => b)).toEqual(["x", "y", null]);
});

test("a statement that failed runs again", async () => {
  await insert(1);
  await expect(insert(1)).rejects.toThrow(/^Constraint Error/);
  await insert(2);
  expect(await all()).toHaveLength(2);
});

test("a statement that ran before sees a table that was changed, made anew, and gone", async () => {
  await insert(1);
  await find(1);
  await all();
  await run("alter table t add column bytes blob");
  expect(await find(1)).toEqual([{ a: 1, b: "x", bytes: null }]);
  expect(await all()).toEqual([{ a: 1, b: "x", bytes: null }]);
  await store.kysely.transaction().execute(async (transaction) => {
    for (const step of [
      "create table u (a bigint primary key, b varchar)",
      "insert into u select a, b from t",
      "drop table t",
      "alter table u rename to t",
    ])
      await sql.raw(step).execute(transaction);
  });
  expect(await find(1)).toEqual([{ a: 1n, b: "x" }]);
  expect(await all()).toEqual([{ a: 1n, b: "x" }]);
  await run("drop table t");
  await expect(find(1)).rejects.toThrow(/^Catalog Error/);
});

test("more statements than are kept prepared, and rows by the thousand", async () => {
  await run("alter table t add column bytes blob");
  await run("insert into t select a, null, encode(cast(a as varchar)) from range(5000) as r(a)");
  for (let limit = 1; limit <= 120; limit++)
    expect((await run(`select a from t order by a limit ${limit}`)).rows).toHaveLength(limit);
  const read = await all();
  expect(read).toHaveLength(5000);
  for (const [index, { a, b, bytes }] of read.entries())
    expect([a, b, fromUtf8(bytes ?? new Uint8Array())]).toEqual([index, null, String(index)]);
});
