/**
 * Where an import ends up: the dataset's table in DuckDB or in PostgreSQL. Both take part in one transaction, which
 * either commits all of a file or nothing. Staging is always DuckDB's.
 */
import { once } from "node:events";
import type { DuckDBConnection } from "@duckdb/node-api";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Dataset } from "../protocol/catalogue.ts";
import { openDuckDb } from "../server/duckdb.ts";
import { datasetColumns, type NodeStore, tableOf } from "./database.ts";

export type Target = {
  /** Where `staged`, `hashed`, `incoming` and `ready` are temporary tables. */
  readonly staging: DuckDBConnection;
  /** One statement on the target's own database. */
  readonly run: (sql: string, values?: readonly (string | number)[]) => Promise<unknown[][]>;
  /** From `hashed` (identity, pseudonym): gives each person a number, new ones too. Makes `who` and `fresh`. */
  readonly resolvePersons: () => Promise<void>;
  /** Moves the rows of every person and period that `incoming` touches out of the table and into `incoming`. */
  readonly takeTouched: () => Promise<void>;
  /** Puts `ready` into the table. */
  readonly put: () => Promise<void>;
  readonly commit: () => Promise<void>;
  readonly rollback: () => Promise<void>;
};

export async function targetOf(store: NodeStore, dataset: Dataset, threads: number): Promise<Target> {
  return store.duckdb === null
    ? await inPostgres(store, dataset, threads)
    : await inDuckDb(await store.duckdb.connect(), dataset);
}

const names = (dataset: Dataset): string[] => datasetColumns(dataset).map(([name]) => name);

/** Rows that the incoming ones touch: same person and period, or same record, whose own pair is then touched too. */
const touchedOf = (table: string, pairs: string, records: string) =>
  `select distinct person, period from ${pairs} union select t.person, t.period from ${table} t where t.record in (select record from ${records})`;

async function inDuckDb(duckdb: DuckDBConnection, dataset: Dataset): Promise<Target> {
  const table = tableOf(dataset);
  const columns = names(dataset).join(", ");
  const run: Target["run"] = async (sql, values = []) =>
    (await duckdb.runAndReadAll(sql, [...values])).getRows();
  await run("begin transaction");
  return {
    staging: duckdb,
    run,
    resolvePersons: async () => {
      await run(`create or replace temp table fresh as select (select coalesce(max(id), 0) from person) + row_number() over () as person, pseudonym, identity
        from hashed where pseudonym not in (select pseudonym from person)`);
      await run("insert into person (id, pseudonym, excluded) select person, pseudonym, null from fresh");
      await run(`create or replace temp table who as select identity, id as person, excluded is not null as excluded
        from hashed join person using (pseudonym)`);
    },
    takeTouched: async () => {
      const [[some] = []] = await run(`select exists (select 1 from ${table})`);
      if (some !== true) return;
      await run(`create or replace temp table touched as ${touchedOf(table, "incoming", "incoming")}`);
      await run(`insert into incoming (${columns}, excluded) select ${names(dataset)
        .map((name) => `t.${name}`)
        .join(", ")}, p.excluded is not null
        from ${table} t join touched using (person, period) join person p on p.id = t.person
        where t.record is null or t.record not in (select record from incoming where record is not null)`);
      await run(`delete from ${table} where (person, period) in (select person, period from touched)`);
    },
    put: async () => {
      await run(`insert into ${table} (${columns}) select ${columns} from ready`);
    },
    commit: async () => {
      await run("commit");
      duckdb.closeSync();
    },
    rollback: async () => {
      await run("rollback").catch(() => undefined); // A transaction that failed is rolled back already.
      duckdb.closeSync();
    },
  };
}

async function inPostgres({ pool }: NodeStore, dataset: Dataset, threads: number): Promise<Target> {
  if (pool === null) throw new Error("a store is either DuckDB's or PostgreSQL's");
  const table = tableOf(dataset);
  const columns = names(dataset);
  const { instance, connect } = await openDuckDb(":memory:", { threads, memory: "2GB" });
  const staging = await connect();
  const client = await pool.connect();
  const run: Target["run"] = async (sql, values = []) =>
    (await client.query<unknown[]>({ text: sql, values: [...values], rowMode: "array" })).rows;
  const done = () => {
    client.release();
    staging.closeSync();
    instance.closeSync();
  };
  await run("begin isolation level repeatable read");
  return {
    staging,
    run,
    resolvePersons: async () => {
      await run("lock table person in share row exclusive mode");
      await run("create temp table seen (pseudonym uuid primary key) on commit drop");
      await copyInto(client, "seen (pseudonym)", staging, "select cast(pseudonym as varchar) from hashed");
      const before = await run("select coalesce(max(id), 0) from person");
      const start = String(before[0]?.[0] ?? 0);
      await run(
        `insert into person (id, pseudonym) select $1::bigint + row_number() over (), s.pseudonym
        from seen s left join person p using (pseudonym) where p.id is null`,
        [start],
      );
      await staging.run(
        "create or replace temp table known (person bigint, pseudonym uuid, excluded boolean)",
      );
      await readInto(
        staging,
        "known",
        client,
        "select p.id::text, p.pseudonym::text, (p.excluded is not null)::text from person p join seen using (pseudonym)",
      );
      await staging.run(
        `create or replace temp table fresh as select person, pseudonym, identity from hashed join known using (pseudonym) where person > ${BigInt(start)}`,
      );
      await staging.run(
        "create or replace temp table who as select identity, person, excluded from hashed join known using (pseudonym)",
      );
    },
    takeTouched: async () => {
      await run("create temp table pair (person bigint, period integer, record varchar) on commit drop");
      await copyInto(
        client,
        "pair",
        staging,
        `select ${copyLine(["person", "period", "record"])} from (select distinct person, period, record from incoming)`,
      );
      await run("analyze pair");
      await run(`create temp table touched on commit drop as ${touchedOf(table, "pair", "pair")}`);
      const types = new Map(datasetColumns(dataset));
      await staging.run(
        `create or replace temp table kept (${columns.map((name) => `${name} ${types.get(name)}`).join(", ")}, excluded boolean)`,
      );
      await readInto(
        staging,
        "kept",
        client,
        `select ${columns.map((name) => `t.${name}::text`).join(", ")}, (p.excluded is not null)::text
        from ${table} t join touched using (person, period) join person p on p.id = t.person
        where t.record is null or t.record not in (select record from pair where record is not null)`,
      );
      await staging.run(
        `insert into incoming (${columns.join(", ")}, excluded) select ${columns.join(", ")}, excluded from kept`,
      );
      await run(
        `delete from ${table} t using touched where t.person = touched.person and t.period = touched.period`,
      );
    },
    put: async () => {
      await copyInto(
        client,
        `${table} (${columns.join(", ")})`,
        staging,
        `select ${copyLine(columns)} from ready`,
      );
    },
    commit: async () => {
      await run("commit");
      done();
    },
    rollback: async () => {
      await run("rollback").catch(() => undefined); // A broken connection has rolled back already.
      done();
    },
  };
}

/** PostgreSQL's COPY text format: tab between, \N for null, backslash before what would be read as either. */
function copyLine(columns: readonly string[]): string {
  const texts = columns.map((name) => {
    const text = `cast(${name} as varchar)`;
    const escaped = name === "record" ? `replace(replace(${text}, '\\', '\\\\'), chr(9), '\\t')` : text;
    return `coalesce(${escaped}, '\\N')`;
  });
  return `concat_ws(chr(9), ${texts.join(", ")})`;
}

/** Streams one text column of DuckDB into a COPY, a chunk at a time. */
async function copyInto(
  client: pg.PoolClient,
  into: string,
  staging: DuckDBConnection,
  select: string,
): Promise<void> {
  const stream = client.query(copyFrom(`copy ${into} from stdin`));
  const result = await staging.stream(select);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    const lines = chunk.getColumnValues(0);
    if (!stream.write(`${lines.join("\n")}\n`)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
}

/** Reads rows of PostgreSQL, all as text, into a temporary table of DuckDB, which casts them. */
async function readInto(
  staging: DuckDBConnection,
  table: string,
  client: pg.PoolClient,
  select: string,
): Promise<void> {
  const { rows } = await client.query<(string | null)[]>({ text: select, rowMode: "array" });
  for (let at = 0; at < rows.length; at += 1000) {
    const part = rows.slice(at, at + 1000);
    const holes = part.map((row) => `(${row.map(() => "?").join(", ")})`).join(", ");
    await staging.run(`insert into ${table} values ${holes}`, part.flat());
  }
}
