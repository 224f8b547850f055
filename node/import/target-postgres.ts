/** Where imports go when the node's store is PostgreSQL: rows that DuckDB staged travel by COPY, in one transaction. */
import { pipeline } from "node:stream/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { openDuckDb } from "../../server/duckdb.ts";
import { datasetColumns, type NodeStore, tableOf } from "../store/database.ts";
import { names, stays, type Target, touchedOf } from "./target.ts";

export async function inPostgres(
  { pool }: NodeStore,
  dataset: Dataset,
  data: string,
  threads: number,
): Promise<Target> {
  if (pool === null) throw new Error("a store is either DuckDB's or PostgreSQL's");
  const { instance, connect } = await openDuckDb(":memory:", { threads, memory: "2GB", spill: data });
  const staging = await connect();
  const client = await pool.connect();
  const run: Target["run"] = async (sql, values = []) =>
    (await client.query<unknown[]>({ text: sql, values: [...values], rowMode: "array" })).rows;
  let ended = false;
  const done = () => {
    if (ended) return;
    ended = true;
    client.release();
    staging.closeSync();
    instance.closeSync();
  };
  // The lock before anything is read: what is read must be what the import before this one left.
  await run("begin isolation level read committed");
  await run("lock table person in share row exclusive mode");
  const sides: Sides = { client, staging, run };
  return {
    staging,
    run,
    resolvePersons: () => resolvePersons(sides),
    takeTouched: (file) => takeTouched(sides, dataset, file),
    put: async () => {
      const columns = names(dataset);
      // Streamed from a table, not from the view: a stream over its joins and windows can stall for good.
      await staging.run("create or replace temp table done as select * from ready");
      const into = `${tableOf(dataset)} (${columns.join(", ")})`;
      await copyInto(client, into, staging, `select ${copyLine(columns)} from done`);
    },
    commit: async () => {
      await run("commit");
      done();
    },
    rollback: async () => {
      if (!ended) await run("rollback").catch(() => undefined); // A broken connection has rolled back already.
      done();
    },
  };
}

/** The two databases of one import: PostgreSQL's connection, in its transaction, and DuckDB's. */
type Sides = Pick<Target, "staging" | "run"> & { readonly client: pg.PoolClient };

async function resolvePersons({ client, staging, run }: Sides): Promise<void> {
  await run("create temp table seen (pseudonym uuid primary key) on commit drop");
  await copyInto(client, "seen (pseudonym)", staging, "select cast(pseudonym as varchar) from hashed");
  const before = await run("select coalesce(max(id), 0) from person");
  const start = String(before[0]?.[0] ?? 0);
  await run(
    `insert into person (id, pseudonym) select $1::bigint + row_number() over (), s.pseudonym
        from seen s left join person p using (pseudonym) where p.id is null`,
    [start],
  );
  await staging.run("create or replace temp table known (person bigint, pseudonym uuid, excluded boolean)");
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
}

async function takeTouched(
  { client, staging, run }: Sides,
  dataset: Dataset,
  file: number,
): Promise<boolean> {
  const table = tableOf(dataset);
  const columns = names(dataset);
  await run("create temp table pair (person bigint, period integer, record varchar) on commit drop");
  await copyInto(
    client,
    "pair",
    staging,
    `select ${copyLine(["person", "period", "record"])} from (select distinct person, period, record from arriving)`,
  );
  await run("analyze pair");
  await run(`create temp table touched on commit drop as select distinct t.person, t.period from ${table} t
        join (${touchedOf(table, "pair", file)}) a using (person, period)`);
  if ((await run("select 1 from touched limit 1")).length === 0) return false;
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
        where ${stays("pair", file)}`,
  );
  await staging.run("create or replace temp table incoming as select * from arriving");
  await staging.run(
    `insert into incoming (${columns.join(", ")}, excluded) select ${columns.join(", ")}, excluded from kept`,
  );
  await run(
    `delete from ${table} t using touched where t.person = touched.person and t.period = touched.period`,
  );
  return true;
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
  const result = await staging.stream(select);
  await pipeline(linesOf(result), client.query(copyFrom(`copy ${into} from stdin`)));
}

async function* linesOf(result: Awaited<ReturnType<DuckDBConnection["stream"]>>): AsyncGenerator<string> {
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield `${chunk.getColumnValues(0).join("\n")}\n`;
  }
}

/** Reads rows of PostgreSQL, all as text, into a temporary table of DuckDB, which casts them. */
async function readInto(
  staging: DuckDBConnection,
  table: string,
  client: pg.PoolClient,
  select: string,
): Promise<void> {
  const { rows, fields } = await client.query<(string | null)[]>({ text: select, rowMode: "array" });
  const columns = fields.map((_, index) => `t${index} varchar`);
  await staging.run(`create or replace temp table texts (${columns.join(", ")})`);
  const appender = await staging.createAppender("texts", null, "temp");
  for (const row of rows) {
    for (const text of row) {
      if (text === null) appender.appendNull();
      else appender.appendVarchar(text);
    }
    appender.endRow();
  }
  appender.closeSync();
  await staging.run(`insert into ${table} select * from texts`);
  await staging.run("drop table texts");
}
