/** Where imports go when the node's store is DuckDB: the tables that queries read, filled in one transaction. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { tableOf } from "../store/database.ts";
import { names, stays, type Target, touchedOf } from "./target.ts";

export async function inDuckDb(duckdb: DuckDBConnection, dataset: Dataset): Promise<Target> {
  const table = tableOf(dataset);
  const columns = names(dataset).join(", ");
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
    resolvePersons: async () => {
      await run(`create or replace temp table fresh as select (select coalesce(max(id), 0) from person) + row_number() over () as person, pseudonym, identity
        from hashed where pseudonym not in (select pseudonym from person)`);
      await run("insert into person (id, pseudonym, excluded) select person, pseudonym, null from fresh");
      await run(`create or replace temp table who as select identity, id as person, excluded is not null as excluded
        from hashed join person using (pseudonym)`);
    },
    takeTouched: async (file) => {
      const [[some] = []] = await run(`select exists (select 1 from ${table})`);
      if (some !== true) return false;
      await run(`create or replace temp table touched as select distinct t.person, t.period from ${table} t
        join (${touchedOf(table, "arriving", file)}) a using (person, period)`);
      const [[any] = []] = await run("select exists (select 1 from touched)");
      if (any !== true) return false;
      await run("create or replace temp table incoming as select * from arriving");
      await run(`insert into incoming (${columns}, excluded) select ${names(dataset)
        .map((name) => `t.${name}`)
        .join(", ")}, p.excluded is not null
        from ${table} t join touched using (person, period) join person p on p.id = t.person
        where ${stays("arriving", file)}`);
      await run(`delete from ${table} where (person, period) in (select person, period from touched)`);
      return true;
    },
    put: async () => {
      await run(`insert into ${table} (${columns}) select ${columns} from ready`);
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
