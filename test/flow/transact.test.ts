/**
 * A transaction is tried again where another came in between, and only there: by SQLSTATE in PostgreSQL and by how
 * DuckDB's messages begin, which this pins. What is simply wrong fails at once, whatever words its message has.
 */
import { type Kysely, sql, type Transaction } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStore, type Store, transact } from "../../server/database.ts";
import { databaseUrlFor, ENGINES, type Engine, missing, temporaryFolder } from "../support/engines.ts";

type Tables = { thing: { id: string; size: number } };
type Own = Transaction<Tables>;
type Other = Kysely<Tables>;

const grow = (database: Kysely<Tables>, id: string) =>
  database
    .updateTable("thing")
    .set((row) => ({ size: sql<number>`${row.ref("size")} + 1` }))
    .where("id", "=", id)
    .execute();
const add = (database: Kysely<Tables>, id: string) =>
  database.insertInto("thing").values({ id, size: 1 }).execute();
const look = (database: Kysely<Tables>) => database.selectFrom("thing").selectAll().execute();

/** What the database says: PostgreSQL's code, or how DuckDB's message begins. */
const saidBy = (error: unknown): string =>
  error instanceof pg.DatabaseError ? (error.code ?? "") : error instanceof Error ? error.message : "";

type Case = {
  readonly name: string;
  readonly said: Readonly<Record<Engine, string>>;
  /** Changes something with `own`, after `other` has come in between where `first`. */
  readonly work: (own: Own, other: Other, first: boolean) => Promise<void>;
};

/** Those that pass at the second attempt. */
const CONFLICTS: readonly Case[] = [
  {
    name: "a row that another changed since this one looked",
    said: { duckdb: "TransactionContext Error: Conflict on update!", postgresql: "40001" },
    work: async (own, other, first) => {
      await look(own);
      if (first) await grow(other, "a");
      await grow(own, "a");
    },
  },
  {
    name: "a row that another took away since",
    said: { duckdb: "TransactionContext Error: Conflict on tuple deletion!", postgresql: "40001" },
    work: async (own, other, first) => {
      await look(own);
      const taken = (database: Kysely<Tables>) =>
        database.deleteFrom("thing").where("id", "=", "a").execute();
      if (first) await taken(other);
      await taken(own);
    },
  },
  {
    name: "a key that another inserted since this one began",
    said: { duckdb: 'Constraint Error: Duplicate key "id: b"', postgresql: "23505" },
    work: async (own, other, first) => {
      const { rows } = await sql<{ here: boolean }>`select 1 = 1 as here`.execute(own);
      expect(rows).toEqual([{ here: true }]);
      if (first) await add(other, "b");
      if (first || !(await look(own)).some(({ id }) => id === "b")) await add(own, "b");
    },
  },
];

/** Those that would fail for ever. */
const WRONG: readonly Case[] = [
  {
    name: "a value that is missing",
    said: { duckdb: "Constraint Error: NOT NULL constraint failed", postgresql: "23502" },
    work: async (own) => void (await sql`insert into thing values ('c', null)`.execute(own)),
  },
  {
    name: "a value out of its bounds",
    said: { duckdb: "Constraint Error: CHECK constraint failed", postgresql: "23514" },
    work: async (own) => void (await sql`insert into thing values ('c', 0)`.execute(own)),
  },
  {
    name: "a text that speaks of conflicts",
    said: { duckdb: "Conversion Error: Could not convert string 'deadlock", postgresql: "22P02" },
    work: async (own) =>
      void (await sql`select cast('deadlock conflict duplicate key' as integer) from thing`.execute(own)),
  },
];

describe.each(ENGINES)("%s", (engine) => {
  const folder = temporaryFolder();
  let store: Store<Tables>;
  beforeAll(async () => {
    if (missing(engine)) return;
    const databaseUrl = await databaseUrlFor(engine);
    store = await openStore("test", { data: folder.path, databaseUrl, threads: 1, memory: "500MB" });
    await sql`create table thing (id varchar primary key, size integer not null check (size > 0))`.execute(
      store.kysely,
    );
  });
  beforeEach(async () => {
    if (missing(engine)) return;
    await store.kysely.deleteFrom("thing").execute();
    await add(store.kysely, "a");
  });
  afterAll(async () => {
    if (!missing(engine)) await store.close();
    folder.remove();
  });

  const attempt = async ({ work }: Case) => {
    const said: string[] = [];
    let attempts = 0;
    const outcome = await transact(store, async (own) => {
      attempts++;
      await work(own, store.kysely, attempts === 1).catch((error: unknown) => {
        said.push(saidBy(error));
        throw error;
      });
    }).then(
      () => "done",
      () => "failed",
    );
    return { attempts, outcome, said };
  };

  test.skipIf(missing(engine)).each(CONFLICTS)("tried again: $name", async (each) => {
    expect(await attempt(each)).toEqual({
      attempts: 2,
      outcome: "done",
      said: [expect.stringContaining(each.said[engine])],
    });
  });

  test.skipIf(missing(engine)).each(WRONG)("not tried again: $name", async (each) => {
    expect(await attempt(each)).toEqual({
      attempts: 1,
      outcome: "failed",
      said: [expect.stringContaining(each.said[engine])],
    });
  });

  test.skipIf(missing(engine))("tried again: two that looked, and insert the same key", async () => {
    let attempts = 0;
    let looked: (value?: unknown) => void = () => undefined;
    const both = new Promise((resolve) => {
      looked = resolve;
    });
    const work = async (own: Own) => {
      const there = (await look(own)).some(({ id }) => id === "d");
      if (++attempts === 2) looked();
      await both;
      await (there ? grow(own, "d") : add(own, "d"));
    };
    await Promise.all([transact(store, work), transact(store, work)]);
    expect(attempts).toBeGreaterThan(2);
    expect((await look(store.kysely)).find(({ id }) => id === "d")).toEqual({ id: "d", size: 2 });
  });

  test.skipIf(engine === "postgresql")(
    "tried again: what DuckDB finds out only when it commits",
    async () => {
      let attempts = 0;
      const work = async (own: Own) => {
        if (++attempts === 1) {
          await add(own, "e");
          await add(store.kysely, "e");
        } else await grow(own, "e");
      };
      await expect(store.kysely.transaction().execute(work)).rejects.toThrow(
        /^TransactionContext Error: Failed to commit: PRIMARY KEY or UNIQUE constraint violation/,
      );
      await store.kysely.deleteFrom("thing").where("id", "=", "e").execute();
      attempts = 0;
      await transact(store, work);
      expect(attempts).toBe(2);
      expect((await look(store.kysely)).find(({ id }) => id === "e")).toEqual({ id: "e", size: 2 });
    },
  );
});

test.skipIf(missing("postgresql"))("postgresql: tried again after a deadlock", async () => {
  const folder = temporaryFolder();
  const databaseUrl = await databaseUrlFor("postgresql");
  const store = await openStore<Tables>("test", {
    data: folder.path,
    databaseUrl,
    threads: 1,
    memory: "500MB",
  });
  await sql`create table thing (id varchar primary key, size integer not null)`.execute(store.kysely);
  for (const id of ["a", "b"]) await add(store.kysely, id);
  const said: string[] = [];
  let other: Promise<unknown> = Promise.resolve();
  await transact(store, async (own) => {
    await grow(own, "a");
    if (said.length === 0) {
      // The other never looks whether there is a deadlock: this one finds out, and gives way.
      const locked = new Promise<void>((resolve) => {
        other = store.kysely.transaction().execute(async (transaction) => {
          await sql`set local deadlock_timeout = '1h'`.execute(transaction);
          await grow(transaction, "b");
          resolve();
          await grow(transaction, "a");
        });
      });
      await locked;
    }
    await grow(own, "b").catch((error: unknown) => {
      said.push(saidBy(error));
      throw error;
    });
  });
  await other;
  expect(said[0]).toBe("40P01");
  expect(await look(store.kysely)).toEqual(
    expect.arrayContaining([
      { id: "a", size: 3 },
      { id: "b", size: 3 },
    ]),
  );
  await store.close();
  folder.remove();
});
