/**
 * Stores go on: through every step of a migration, killed at any statement of it, from any program to a later one,
 * never to an earlier; and those of f02469a, on both engines, are opened, brought to this program's shape and asked.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { type DatabaseConfig, openStore, type Store } from "../../server/database.ts";
import { type Migrations, migrate, reshape } from "../../server/migrations.ts";
import { databaseUrlFor, ENGINES, type Engine, missing, temporaryFolder } from "../support/engines.ts";

type Thing = { thing: { id: string; kind: string; size: number } };

const STEPS: Migrations["steps"] = [
  {
    version: 1,
    name: "there are things",
    change: [
      "create table thing (id varchar primary key, kind varchar not null)",
      "insert into thing values ('a', 'old'), ('b', 'old')",
    ],
  },
  {
    version: 2,
    name: "things have a size",
    change: async ({ run, tables }) => {
      expect([...((await tables()).get("thing") ?? [])]).toEqual(["id", "kind"]);
      const definition = "id varchar primary key, kind varchar not null, size integer not null";
      const from = { id: "id", kind: "kind", size: "1" };
      for (const statement of reshape("thing", definition, from)) await run(statement);
      await run("create index thing_size on thing (size)");
    },
  },
  {
    version: 3,
    name: "a thing's size is its own, and its kind is kept",
    change: [
      "drop index thing_size",
      ...reshape(
        "thing",
        "id varchar primary key, kind varchar not null, size integer not null, unique (kind, id)",
        {
          ...{ id: "id", kind: "kind", size: "size + case when id = 'a' then 1 else 2 end" },
        },
      ),
      "create index thing_size on thing (size)",
    ],
  },
];
const upTo = (version: number): Migrations => ({ party: "test", steps: STEPS.slice(0, version) });
const ALL = upTo(3);

async function storeOf(engine: Engine) {
  const folder = temporaryFolder();
  const config: DatabaseConfig = {
    data: folder.path,
    databaseUrl: await databaseUrlFor(engine),
    threads: 1,
    memory: "500MB",
  };
  return { folder, config, open: () => openStore<Thing>("test", config) };
}

const rowsOf = ({ kysely }: Store<Thing>) => kysely.selectFrom("thing").selectAll().orderBy("id").execute();
const takenOf = async ({ kysely }: Store<Thing>) =>
  (await sql<{ version: number }>`select version from migration order by version`.execute(kysely)).rows.map(
    ({ version }) => version,
  );
const DONE = [
  { id: "a", kind: "old", size: 2 },
  { id: "b", kind: "old", size: 3 },
];

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))("steps are taken once, in order, from wherever the store is", async () => {
    const { folder, open } = await storeOf(engine);
    for (const version of [1, 1, 3, 3]) {
      const store = await open();
      await migrate(store, upTo(version));
      expect(await takenOf(store)).toEqual(STEPS.slice(0, version).map((step) => step.version));
      await store.close();
    }
    const store = await open();
    expect(await rowsOf(store)).toEqual(DONE);
    await expect(
      store.kysely.insertInto("thing").values({ id: "a", kind: "new", size: 0 }).execute(),
    ).rejects.toThrow(/unique|primary key/i);
    await store.close();
    folder.remove();
  });

  test.skipIf(missing(engine))("a step that fails after any of its statements leaves nothing", async () => {
    const { folder, open } = await storeOf(engine);
    const failures = [0, 0, 0];
    for (const { version } of STEPS) {
      for (let at = 1, taken = false; !taken; at++) {
        const store = await open();
        let statements = 0;
        const failing = (statement: string) => {
          if (++statements === at) throw new Error(`ended after ${statement}`);
          if (statement.startsWith("insert into migration")) statements = Number.NaN; // The step is whole.
        };
        taken = await migrate(store, upTo(version), failing).then(
          () => true,
          () => false,
        );
        expect(await takenOf(store).catch(() => [])).toHaveLength(taken ? version : version - 1);
        if (!taken) failures[version - 1] = at;
        await store.close();
      }
    }
    // What looks how far the store is, the step's own statements, and the one that writes it down.
    expect(failures).toEqual([5, 9, 9]);
    const store = await open();
    expect(await rowsOf(store)).toEqual(DONE);
    await store.close();
    folder.remove();
  });

  test.skipIf(missing(engine))("a store that a later program made is refused and not touched", async () => {
    const { folder, config, open } = await storeOf(engine);
    const made = await open();
    await migrate(made, ALL);
    const rows = await rowsOf(made);
    await made.close();
    const file = join(config.data, "test.duckdb");
    const bytes = engine === "duckdb" ? readFileSync(file) : null;
    const store = await open();
    await expect(migrate(store, upTo(2))).rejects.toMatchObject({
      code: "store-newer",
      message: expect.stringMatching(/version 2 or earlier; this one is of version 3, made by Brus \d+\.\d+/),
    });
    await expect(migrate(store, { ...ALL, party: "other" })).rejects.toMatchObject({
      code: "config-invalid",
    });
    expect(await rowsOf(store)).toEqual(rows);
    expect(await takenOf(store)).toEqual([1, 2, 3]);
    await store.close();
    if (bytes !== null) expect(readFileSync(file).equals(bytes)).toBe(true);
    folder.remove();
  });
});
