/**
 * Stores go on: through every step of a migration, killed at any statement of it, from any program to a later one,
 * never to an earlier; and those of f02469a, on both engines, are opened, brought to this program's shape and asked.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { inspect } from "node:util";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { ask, fillQuery, follow, signApproval, signQuery } from "../../cli/client/ask.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { type CoordinatorDatabase, prepareCoordinator } from "../../coordinator/store/database.ts";
import { COORDINATOR_MIGRATIONS } from "../../coordinator/store/migrations.ts";
import { checkLedger, ledgerOf } from "../../node/answer/ledger.ts";
import { readMapping } from "../../node/import/mapping.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeDatabase, prepareNode } from "../../node/store/database.ts";
import { NODE_MIGRATIONS } from "../../node/store/migrations.ts";
import { isYearAccount, YEAR_TOTAL } from "../../protocol/question/accounts.ts";
import { LedgerState } from "../../protocol/release/answer.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { format, parseRational, sum } from "../../protocol/values/rational.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { type DatabaseConfig, openStore, type Store } from "../../server/database.ts";
import { changing, type Migrations, migrate, reshape } from "../../server/migrations.ts";
import { databaseUrlFor, ENGINES, type Engine, missing, temporaryFolder } from "../support/engines.ts";
import { CARE, DRAFT } from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";
import { REGIONS, type Resumed, resume, type Unpacked, unpack } from "../support/stores.ts";

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
const takenOf = async <DB>({ kysely }: Store<DB>) =>
  (await sql<{ version: number }>`select version from migration order by version`.execute(kysely)).rows.map(
    ({ version }) => version,
  );
/** Takes each step only once it has failed after each of its statements; gives how many that were. */
async function failEverywhere<DB>(store: Store<DB>, { party, steps }: Migrations): Promise<number[]> {
  const failures: number[] = [];
  for (const { version } of steps) {
    for (let at = 1, taken = false; !taken; at++) {
      let statements = 0;
      const failing = (statement: string) => {
        if (++statements === at) throw new Error(`ended after ${statement}`);
        if (statement.startsWith("insert into migration")) statements = Number.NaN; // The step is whole.
      };
      taken = await migrate(store, { party, steps: steps.slice(0, version) }, failing).then(
        () => true,
        (error: unknown) => {
          if (!String(error).startsWith("Error: ended after ")) throw error;
          return false;
        },
      );
      expect(await takenOf(store).catch(() => [])).toHaveLength(taken ? version : version - 1);
      if (!taken) failures[version - 1] = at;
    }
  }
  return failures;
}

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
    const store = await open();
    // What looks how far the store is, the step's own statements, and the one that writes it down.
    expect(await failEverywhere(store, ALL)).toEqual([5, 9, 9]);
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

const opened = (unpacked: Unpacked, party: string): Promise<Store<object>> => {
  const { name, config } = unpacked.store(party);
  return openStore<object>(name, config);
};
const fileOf = (unpacked: Unpacked, party: string): string => {
  const { name, config } = unpacked.store(party);
  return join(config.data, `${name}.duckdb`);
};

/** Every row of every table, as text. */
async function allIn<DB>({ kysely }: Store<DB>): Promise<Map<string, string[]>> {
  const { rows: tables } = await sql<{
    name: string;
  }>`select table_name as name from information_schema.tables
    where table_schema = current_schema() order by table_name`.execute(kysely);
  const all = new Map<string, string[]>();
  for (const { name } of tables) {
    const { rows } = await sql<object>`select * from ${sql.table(name)}`.execute(kysely);
    all.set(name, rows.map((row) => inspect(row, { breakLength: Number.POSITIVE_INFINITY })).sort());
  }
  return all;
}

/** A day after the federation was stopped, and on from there. */
function clockOf({ left }: Unpacked): () => Date {
  const from = performance.now();
  return () => new Date(Date.parse(left.at) + 24 * 3_600_000 + performance.now() - from);
}

async function statusUntil(
  { client }: Resumed,
  id: Hash,
  holds: (status: QueryStatus) => boolean,
): Promise<QueryStatus> {
  for (;;) {
    const status = await client("getQuery", { params: { id } });
    if (holds(status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe.each(ENGINES)("stores of f02469a on %s", (engine) => {
  test.skipIf(missing(engine))("failing after any statement, they come to the same", async () => {
    const [straight, failing] = [await unpack(engine), await unpack(engine)];
    for (const party of ["coordinator", "05"]) {
      const migrations = party === "coordinator" ? COORDINATOR_MIGRATIONS : NODE_MIGRATIONS;
      const one = await opened(straight, party);
      await migrate(one, migrations);
      const other = await opened(failing, party);
      await failEverywhere(other, migrations);
      expect(await allIn(other)).toEqual(await allIn(one));
      await one.close();
      await other.close();
    }
    straight.remove();
    failing.remove();
  });

  test.skipIf(missing(engine))(
    "another party does not take them, though they do not say whose they are",
    async () => {
      const unpacked = await unpack(engine);
      for (const [party, others] of [
        ["coordinator", NODE_MIGRATIONS],
        ["05", COORDINATOR_MIGRATIONS],
      ] as const) {
        const store = await opened(unpacked, party);
        const before = await allIn(store);
        await expect(migrate(store, others)).rejects.toMatchObject({ code: "config-invalid" });
        expect(await allIn(store)).toEqual(before);
        await migrate(store, party === "05" ? NODE_MIGRATIONS : COORDINATOR_MIGRATIONS);
        await store.close();
      }
      unpacked.remove();
    },
  );

  test.skipIf(missing(engine))("made by a later program, they are refused and not touched", async () => {
    const unpacked = await unpack(engine);
    for (const party of ["coordinator", "05"]) {
      const { steps, ...own } = party === "coordinator" ? COORDINATOR_MIGRATIONS : NODE_MIGRATIONS;
      const later = {
        version: steps.length + 1,
        name: "of tomorrow",
        change: ["create table tomorrow (id integer)"],
      };
      const made = await opened(unpacked, party);
      await migrate(made, { ...own, steps: [...steps, later] });
      const before = await allIn(made);
      await made.close();
      const file = fileOf(unpacked, party);
      const bytes = engine === "duckdb" ? readFileSync(file) : null;
      const store = await opened(unpacked, party);
      const prepared =
        party === "coordinator"
          ? prepareCoordinator(store as unknown as Store<CoordinatorDatabase>)
          : prepareNode(store as unknown as Store<NodeDatabase>, []);
      await expect(prepared).rejects.toMatchObject({ code: "store-newer" });
      expect(await allIn(store)).toEqual(before);
      await store.close();
      if (bytes !== null) expect(readFileSync(file).equals(bytes)).toBe(true);
    }
    unpacked.remove();
  });

  test.skipIf(missing(engine))(
    "what was charged and where queries stood is unchanged to the digit",
    async () => {
      const unpacked = await unpack(engine);
      const { left, store } = unpacked;
      for (const code of REGIONS) {
        const { name, config } = store(code);
        const node = await openStore<NodeDatabase>(name, config);
        await prepareNode(node, []);
        const before = LedgerState.parse(left.ledgers[code]);
        const { sequence, accounts } = await ledgerOf(node, clockOf(unpacked), null).head();
        const isOld = ({ group }: { group: string }) => !isYearAccount(group);
        expect(accounts.filter(isOld)).toEqual(before.accounts);
        const end = await node.kysely
          .selectFrom("ledger_entry")
          .select("hash")
          .where("sequence", "=", before.sequence)
          .executeTakeFirstOrThrow();
        expect(end.hash).toBe(before.hash);
        // And in full on their year: one entry more a query, after those that stood.
        const spent = sum(before.accounts.map((each) => parseRational(each.spent)));
        const year = { group: YEAR_TOTAL, period: "2025", spent: format(spent) };
        expect(accounts.filter((each) => !isOld(each))).toEqual([year]);
        const queries = await node.kysely.selectFrom("answer").select("query").execute();
        expect(sequence).toBe(before.sequence + queries.length);
        expect(await checkLedger(node)).toBeNull();
        expect(await node.kysely.selectFrom("person").select("id").execute()).toHaveLength(40);
        await node.close();
      }
      const { name, config } = store("coordinator");
      const coordinator = await openStore<CoordinatorDatabase>(name, config);
      await prepareCoordinator(coordinator);
      const rows = await coordinator.kysely.selectFrom("query").select(["id", "state"]).execute();
      expect(Object.fromEntries(rows.map(({ id, state }) => [id, state]))).toEqual(left.states);
      await coordinator.close();
      unpacked.remove();
    },
  );

  test.skipIf(missing(engine))(
    "the federation goes on: what is released, late, open and waiting",
    async () => {
      const unpacked = await unpack(engine);
      const { left, person, folder } = unpacked;
      const now = clockOf(unpacked);
      const network = await resume(unpacked, now);
      const { client, nodes, address } = network;
      const federation = nodes[0]?.answerer.federation;
      if (federation === undefined) throw new Error("a federation has a node");
      const queryOf = (name: string): Hash => {
        const id = left.queries[name];
        if (id === undefined) throw new Error(`expected a query ${name}`);
        return id;
      };
      for (const name of ["regions", "national"]) {
        const { cells } = await fetchResult(client, federation, queryOf(name));
        const { release } = await client("getQuery", { params: { id: queryOf(name) } });
        expect({ release, cells: cells.length }).toEqual(left.releases[name]);
      }
      const all = { region: expect.any(String), state: "answered" };
      const answered = REGIONS.map((region) => expect.objectContaining({ ...all, region }));

      const late = await statusUntil(
        network,
        queryOf("late"),
        ({ release }) => release !== left.releases["late"]?.release,
      );
      expect(late.regions).toEqual(answered);
      const open = await statusUntil(network, queryOf("open"), ({ state }) => state !== "open");
      expect(open).toMatchObject({ state: "released", regions: answered });
      const summed = await statusUntil(network, queryOf("summing"), ({ state }) => state !== "open");
      expect(summed.state).toBe("released");
      const approval = signApproval(queryOf("waiting"), person("approver-1", "approve"), now());
      await client("submitApproval", { body: approval });
      const waited = await statusUntil(
        network,
        queryOf("waiting"),
        ({ state }) => state !== "waiting" && state !== "open",
      );
      expect(waited).toMatchObject({ state: "released", regions: answered });

      // Known persons are known again: of forty and one, one is new.
      const rows = [
        "person,period,sex,unit,score,flag",
        "made-up-05-1,2025K3,1,a,50,true",
        "another,2025K3,2,b,60,false",
      ];
      writeFileSync(join(folder, "more.csv"), `${rows.join("\n")}\n`);
      const mapping = readMapping(plainMapping(CARE));
      const request = { dataset: "care@1", mapping, path: join(folder, "more.csv"), dryRun: false };
      expect(await nodes[0]?.import(request, () => undefined)).toMatchObject({ outcome: "taken", rows: 2 });
      expect(await nodes[0]?.store.kysely.selectFrom("person").select("id").execute()).toHaveLength(41);

      const asker = person("researcher", "ask");
      const draft = { ...DRAFT, title: "Anew", periods: ["2025K3"], rho: "1/8" };
      const query = fillQuery(draft, left.directory, asker.id, now(), systemRandom);
      const envelope = signQuery(query, asker.signer);
      const id = await ask(client, envelope, []);
      await ask(client, envelope, [signApproval(id, person("approver-2", "approve"), now())]);
      expect((await follow(client, id)).state).toBe("released");
      expect((await fetchResult(client, federation, id)).cells.length).toBeGreaterThan(0);

      for (const node of nodes) expect(await checkLedger(node.store)).toBeNull();
      const audited = await auditFrom(sourceOf(address, fetch), left.directory, now());
      expect(audited.findings).toEqual([]);
      await network.stop();
      unpacked.remove();
    },
  );
});

test("duckdb: whatever lies on disk at any statement of a migration can be gone on with", async () => {
  const unpacked = await unpack("duckdb");
  const file = fileOf(unpacked, "coordinator");
  const store = await opened(unpacked, "coordinator");
  // What a process killed there would have left: the files, copied each time they have changed.
  const copies: string[] = [];
  let last = "";
  const copy = () => {
    const files = [file, `${file}.wal`].filter((path) => existsSync(path));
    const state = files.map((path) => `${statSync(path).mtimeMs} ${statSync(path).size}`).join();
    if (state === last) return;
    last = state;
    const folder = join(unpacked.folder, `killed-${copies.length}`);
    mkdirSync(folder);
    for (const path of files) copyFileSync(path, join(folder, basename(path)));
    copies.push(folder);
  };
  await migrate(store, COORDINATOR_MIGRATIONS, copy);
  expect(copies.length).toBeGreaterThan(COORDINATOR_MIGRATIONS.steps.length);
  const whole = await allIn(store);
  await store.close();
  for (const data of copies) {
    const { name, config } = unpacked.store("coordinator");
    const left = await openStore<CoordinatorDatabase>(name, { ...config, data });
    await prepareCoordinator(left);
    expect(await allIn(left)).toEqual(whole);
    await left.close();
  }
  unpacked.remove();
});

test.skipIf(missing("postgresql"))(
  "postgresql: of two that start at once, each step is taken by one",
  async () => {
    const unpacked = await unpack("postgresql");
    const stores = [await opened(unpacked, "coordinator"), await opened(unpacked, "coordinator")];
    const [watching] = stores;
    if (watching === undefined) throw new Error("two stores");
    const waiting = async (): Promise<number> => {
      const { rows } = await sql`select 1 from pg_locks join pg_database on pg_database.oid = database
      where locktype = 'advisory' and not granted and datname = current_database()`.execute(watching.kysely);
      return rows.length;
    };
    const taken = await changing(watching, async () => {
      const both = stores.map((store) => migrate(store, COORDINATOR_MIGRATIONS));
      while ((await waiting()) < stores.length) await new Promise((resolve) => setTimeout(resolve, 20));
      return { both: Promise.all(both) };
    });
    await taken.both;
    expect(await takenOf(watching)).toEqual(COORDINATOR_MIGRATIONS.steps.map(({ version }) => version));
    for (const store of stores) await store.close();
    unpacked.remove();
  },
);
