/** Where imports go when the node's store is PostgreSQL: rows that DuckDB staged travel by COPY, in one transaction. */
import { pipeline } from "node:stream/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { openDuckDb } from "../../server/duckdb.ts";
import { datasetColumns, type NodeStore, tableOf } from "../store/database.ts";
import {
  type Fresh,
  listed,
  type Named,
  names,
  type Rows,
  SUMMARY,
  stays,
  type Target,
  touchedOf,
} from "./target.ts";

export async function inPostgres({ pool }: NodeStore, data: string, threads: number): Promise<Target> {
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
  await staging.run("create temp table known (person bigint, pseudonym uuid, excluded boolean)");
  const sides: Sides = { client, staging, run };
  return {
    staging,
    run,
    people: "known",
    number: (named) => number(sides, named),
    exclude: (named, since) => exclude(sides, named, since),
    known: (candidates) => countKnown(sides, candidates),
    takeTouched: (dataset, arriving, file) => takeTouched(sides, dataset, arriving, file),
    takeOf: (dataset, persons, sums = false) => takeOf(sides, dataset, persons, sums),
    put: async (dataset, { relation }) => {
      const columns = names(dataset);
      // Streamed from a table, not from the view: a stream over its joins and windows can stall for good.
      await staging.run(`create or replace temp table done as select * from ${relation}`);
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

const PEOPLE = "select p.id::text, p.pseudonym::text, (p.excluded is not null)::text from person p";

async function number({ client, staging, run }: Sides, { relation }: Named): Promise<Fresh> {
  await run("create temp table seen (pseudonym uuid primary key) on commit drop");
  await copyInto(client, "seen (pseudonym)", staging, `select cast(pseudonym as varchar) from ${relation}`);
  const before = await run("select coalesce(max(id), 0) from person");
  const start = String(before[0]?.[0] ?? 0);
  await run(
    `insert into person (id, pseudonym) select $1::bigint + row_number() over (), s.pseudonym
        from seen s left join person p using (pseudonym) where p.id is null`,
    [start],
  );
  await readInto(staging, "known", client, `${PEOPLE} join seen using (pseudonym)`);
  await staging.run(
    `create or replace temp table fresh as select person, form from ${relation} join known using (pseudonym) where person > ${BigInt(start)}`,
  );
  return { relation: "fresh" };
}

async function exclude({ client, staging, run }: Sides, { relation }: Named, since: string): Promise<void> {
  await run("create temp table excluding (pseudonym uuid) on commit drop");
  await copyInto(client, "excluding", staging, `select cast(pseudonym as varchar) from ${relation}`);
  await run(
    "update person p set excluded = $1 from excluding e where p.pseudonym = e.pseudonym and p.excluded is null",
    [since],
  );
  await staging.run(
    `update known set excluded = true where pseudonym in (select pseudonym from ${relation})`,
  );
}

async function countKnown({ client, staging, run }: Sides, { relation }: Named): Promise<number> {
  await staging.run(
    `create or replace temp table candidate as select dense_rank() over (order by form) as n, pseudonym from ${relation}`,
  );
  await run("create temp table candidate (n bigint, pseudonym uuid) on commit drop");
  await copyInto(client, "candidate", staging, `select ${copyLine(["n", "pseudonym"])} from candidate`);
  const rows = await run("select count(distinct n) from candidate join person using (pseudonym)");
  return Number(rows[0]?.[0] ?? 0);
}

async function takeTouched(
  sides: Sides,
  dataset: Dataset,
  { relation }: Rows,
  file: number,
): Promise<Rows | null> {
  const { client, staging, run } = sides;
  const table = tableOf(dataset);
  await run("drop table if exists pg_temp.pair");
  await run("create temp table pair (person bigint, period integer, record varchar) on commit drop");
  const pairs = `select distinct person, period, record from ${relation}`;
  await copyInto(
    client,
    "pair",
    staging,
    `select ${copyLine(["person", "period", "record"])} from (${pairs})`,
  );
  await run("analyze pair");
  const touched = `select distinct t.person, t.period from ${table} t
    join (${touchedOf(table, "pair", file)}) a using (person, period)`;
  return await take(sides, dataset, touched, stays("pair", file));
}

async function takeOf(
  sides: Sides,
  dataset: Dataset,
  persons: readonly bigint[],
  sums: boolean,
): Promise<Rows | null> {
  const { client, staging, run } = sides;
  await listed(staging, "persons", persons);
  await run("drop table if exists pg_temp.persons");
  await run("create temp table persons (person bigint) on commit drop");
  await copyInto(client, "persons", staging, `select ${copyLine(["person"])} from persons`);
  const touched = `select distinct person, period from ${tableOf(dataset)} where person in (select person from persons)`;
  return await take(sides, dataset, touched, sums ? "true" : `t.file <> ${SUMMARY}`, "persons");
}

/** Takes the rows of the pairs `touched` out of the table, and gives those that stay; their persons are known then. */
async function take(
  { client, staging, run }: Sides,
  dataset: Dataset,
  touched: string,
  staying: string,
  whose = "touched",
): Promise<Rows | null> {
  const table = tableOf(dataset);
  const columns = names(dataset);
  await run("drop table if exists pg_temp.touched");
  await run(`create temp table touched on commit drop as ${touched}`);
  if ((await run("select 1 from touched limit 1")).length === 0) return null;
  await readInto(staging, "known", client, `${PEOPLE} where p.id in (select person from ${whose})`);
  await staging.run("create or replace temp table known as select distinct * from known");
  const types = new Map(datasetColumns(dataset));
  await staging.run(
    `create or replace temp table kept (${columns.map((name) => `${name} ${types.get(name)}`).join(", ")})`,
  );
  await readInto(
    staging,
    "kept",
    client,
    `select ${columns.map((name) => `t.${name}::text`).join(", ")}
        from ${table} t join touched using (person, period) where ${staying}`,
  );
  await run(
    `delete from ${table} t using touched where t.person = touched.person and t.period = touched.period`,
  );
  return { relation: "kept" };
}

/** PostgreSQL's COPY text format: tab between, \N for null. */
function copyLine(columns: readonly string[]): string {
  const texts = columns.map((name) => {
    // Numbers, booleans and hexadecimal alone: nothing that COPY would read as its own.
    return `coalesce(cast(${name} as varchar), '\\N')`;
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
