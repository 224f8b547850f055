/** DuckDB's file made anew while statements run: each waits or is waited for, and none is lost. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openStore, transact } from "../../server/database.ts";
import { temporaryFolder } from "../support/engines.ts";

type Tables = { thing: { id: number; twice: number } };

test("what is written before, between and after stands in the new file, once", async () => {
  const folder = temporaryFolder();
  const config = { data: folder.path, threads: 2, memory: "500MB" };
  const store = await openStore<Tables>("test", config);
  await sql`create table thing (id integer primary key, twice integer not null)`.execute(store.kysely);
  const file = join(folder.path, "test.duckdb");
  const files = new Set([statSync(file).ino]);
  const write = (id: number) =>
    transact(store, async (database) => {
      await database.insertInto("thing").values({ id, twice: 0 }).execute();
      await database
        .updateTable("thing")
        .set((row) => ({ twice: row.ref("id") }))
        .where("id", "=", id)
        .execute();
    });
  const writing: Promise<void>[] = [];
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < 30; at++) writing.push(write(round * 30 + at));
    // At first one alone: of two, the second may be given the first one's place on the disk.
    await Promise.all(Array.from({ length: round === 0 ? 1 : 2 }, () => store.rewrite([])));
    files.add(statSync(file).ino);
    expect(existsSync(`${file}.next`)).toBe(false);
  }
  await Promise.all(writing);
  const rows = await store.kysely.selectFrom("thing").selectAll().orderBy("id").execute();
  expect(rows).toEqual(Array.from({ length: 90 }, (_, id) => ({ id, twice: id })));
  const second = store.kysely.insertInto("thing").values({ id: 0, twice: 0 }).execute();
  await expect(second).rejects.toThrow(/Duplicate key/); // With its keys.
  await store.close();
  const again = await openStore<Tables>("test", config);
  expect(await again.kysely.selectFrom("thing").selectAll().execute()).toHaveLength(90);
  await again.close();
  expect(files.size).toBeGreaterThan(1);
  folder.remove();
});
