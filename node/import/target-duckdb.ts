/** Where rows go when the node's store is DuckDB: the tables that queries read, filled in one transaction. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { tableOf } from "../store/database.ts";
import { listed, names, type Rows, SUMMARY, stays, type Target, touchedOf } from "./target.ts";

export async function inDuckDb(duckdb: DuckDBConnection): Promise<Target> {
  const run: Target["run"] = async (sql, values) =>
    (await duckdb.runAndReadAll(sql, values === undefined ? undefined : [...values])).getRows();
  await run("begin transaction");
  let ended = false;
  const done = () => {
    if (!ended) duckdb.closeSync();
    ended = true;
  };
  return {
    staging: duckdb,
    run,
    people: "(select id as person, pseudonym, excluded is not null as excluded from person)",
    number: async ({ relation }) => {
      await run(`create or replace temp table fresh as select (select coalesce(max(id), 0) from person) + row_number() over () as person, pseudonym, form
        from ${relation} where pseudonym not in (select pseudonym from person)`);
      await run("insert into person (id, pseudonym, excluded) select person, pseudonym, null from fresh");
      return { relation: "fresh" };
    },
    exclude: async ({ relation }, since) => {
      await run(
        `update person set excluded = $1 where excluded is null and pseudonym in (select pseudonym from ${relation})`,
        [since],
      );
    },
    known: async ({ relation }) => {
      const [[count] = []] = await run(
        `select count(distinct form) from ${relation} where pseudonym in (select pseudonym from person)`,
      );
      return Number(count);
    },
    takeTouched: async (dataset, { relation }, file) => {
      const table = tableOf(dataset);
      const [[some] = []] = await run(`select exists (select 1 from ${table})`);
      if (some !== true) return null;
      const touched = `select distinct t.person, t.period from ${table} t
        join (${touchedOf(table, relation, file)}) a using (person, period)`;
      return await take(run, dataset, touched, stays(relation, file));
    },
    takeOf: async (dataset, persons, sums = false) => {
      await listed(duckdb, "persons", persons);
      const touched = `select distinct person, period from ${tableOf(dataset)} where person in (select person from persons)`;
      return await take(run, dataset, touched, sums ? "true" : `t.file <> ${SUMMARY}`);
    },
    put: async (dataset, { relation }) => {
      const columns = names(dataset).join(", ");
      await run(`insert into ${tableOf(dataset)} (${columns}) select ${columns} from ${relation}`);
    },
    commit: async () => {
      await run("commit");
      // Into the file at once: until then what came lies in memory, uncompressed.
      await run("checkpoint").catch(() => undefined); // Another transaction writes: a later one will do.
      done();
    },
    rollback: async () => {
      if (!ended) await run("rollback").catch(() => undefined); // A transaction that failed is rolled back already.
      done();
    },
  };
}

/** Takes the rows of the pairs `touched` out of the table, and gives those that stay. */
async function take(
  run: Target["run"],
  dataset: Dataset,
  touched: string,
  staying: string,
): Promise<Rows | null> {
  const table = tableOf(dataset);
  await run(`create or replace temp table touched as ${touched}`);
  const [[any] = []] = await run("select exists (select 1 from touched)");
  if (any !== true) return null;
  const columns = names(dataset).map((name) => `t.${name}`);
  await run(`create or replace temp table kept as select ${columns.join(", ")}
    from ${table} t join touched using (person, period) where ${staying}`);
  await run(`delete from ${table} where (person, period) in (select person, period from touched)`);
  return { relation: "kept" };
}
