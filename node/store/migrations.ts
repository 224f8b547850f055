/**
 * A node's store, step by step: the first makes the tables, each later one changes what the one before left. A step
 * that was landed is never changed, and none may lose a charge. Tables of datasets are made beside these, as versions
 * of the directory name them (`prepareNode`): a step that changes their shape finds them in `tables()` by their `d_`.
 */
import { sql } from "kysely";
import { yearOf } from "../../protocol/values/period.ts";
import { add, format, parseRational, type Rational, ZERO } from "../../protocol/values/rational.ts";
import { LOG_TABLES } from "../../server/log-tables.ts";
import { type Changing, type Migrations, refuseOthers } from "../../server/migrations.ts";
import { chained, type LedgerEntry } from "./ledger-entries.ts";

/** As f02469a made them. */
const FIRST = [
  "create table if not exists meta (key varchar primary key, value varchar not null)",
  "create table if not exists person (id bigint not null, pseudonym uuid not null, excluded varchar)",
  "create table if not exists identity (chunk bigint not null, sealed varchar not null)",
  "create table if not exists file (id integer primary key, dataset varchar not null, hash varchar not null, taken varchar not null, unique (dataset, hash))",
  "create table if not exists ledger_head (id integer primary key, sequence integer not null, hash varchar not null)",
  "create table if not exists ledger_entry (sequence integer primary key, query varchar not null, ledger_group varchar not null, period varchar not null, charge varchar not null, spent varchar not null, made varchar not null, hash varchar not null)",
  "create table if not exists session (query varchar not null, attempt integer not null, masked varchar, primary key (query, attempt))",
  "create table if not exists agreed (query varchar primary key, attempt integer not null, session varchar not null, survivors varchar not null)",
  "create table if not exists answer (query varchar primary key, charge varchar not null, envelope varchar, made varchar not null)",
  "create table if not exists witness (id integer primary key, state varchar not null)",
  ...LOG_TABLES,
];

/** PostgreSQL finds persons by index; DuckDB by hash join, and its index would slow an import down tenfold. */
const FIRST_INDEXES = [
  "create unique index if not exists person_pseudonym on person (pseudonym)",
  "create unique index if not exists person_id on person (id)",
];

/** Stores had no versions before this step: what an earlier program made is left as it is. */
async function begin(store: Changing): Promise<void> {
  const { engine, run } = store;
  await refuseOthers(store, { party: "node", other: "coordinator", table: "query" });
  for (const statement of FIRST) await run(statement);
  if (engine === "postgresql") for (const statement of FIRST_INDEXES) await run(statement);
}

/**
 * Declines are kept. A store from before has read its log and kept nothing of it: it is read anew from its first entry,
 * and nothing is answered until that has come to what was cosigned, which stays known.
 */
async function keepDeclines({ run }: Changing): Promise<void> {
  await run("create table question (query varchar not null, expires varchar not null)");
  await run(
    "create table decline (query varchar not null, key varchar not null, role varchar not null, expires varchar not null, envelope varchar not null)",
  );
  await readAnew(run);
}

/** The coordinator's log, from its first entry. */
async function readAnew(run: Changing["run"]): Promise<void> {
  for (const { id, state } of await run<{ id: number; state: string }>("select id, state from witness")) {
    const anew = { ...(JSON.parse(state) as object), frontier: { size: 0, roots: [] } }; // Our own text.
    await run(sql`update witness set state = ${JSON.stringify(anew)} where id = ${id}`);
  }
}

/** Which periods are delivered was read off the rows before it was declared: it stays so for what was taken in then. */
async function keepDelivered({ run, tables }: Changing): Promise<void> {
  await run(
    "create table delivered (dataset varchar not null, period integer not null, declared boolean not null, primary key (dataset, period))",
  );
  for (const table of (await tables()).keys())
    if (table.startsWith("d_"))
      await run(
        sql`insert into delivered select distinct ${sql.lit(table)}, period, false from ${sql.table(table)}`,
      );
}

/**
 * Every charge so far is booked on its years' total too, in full, as entries after those that stand: of which part of the
 * year it was, nobody wrote down. Calendars are kept, and those that stand in the log are read anew.
 */
async function bookYears({ run }: Changing): Promise<void> {
  await run("create table calendar (id varchar not null, place integer not null, envelope varchar not null)");
  await run("create table calendar_query (query varchar not null, calendar varchar not null)");
  await readAnew(run);
  const entries = await run<LedgerEntry>("select * from ledger_entry order by sequence");
  const last = entries.at(-1);
  if (last === undefined) return;
  const [spent, charged] = [new Map<string, Rational>(), new Map<string, Rational>()];
  for (const { query, period, charge } of entries) {
    const name = `${query} ${yearOf(period)}`;
    charged.set(name, add(charged.get(name) ?? ZERO, parseRational(charge)));
  }
  const times = new Map(entries.map(({ query, made }) => [query, made]));
  const bodies = [...charged].map(([name, charge]) => {
    const [query = "", period = ""] = name.split(" ");
    const after = add(spent.get(period) ?? ZERO, charge);
    spent.set(period, after);
    const made = times.get(query) ?? last.made;
    return { query, ledger_group: "year: total", period, charge: format(charge), spent: format(after), made };
  });
  const added = chained(last, bodies);
  for (const { sequence, query, ledger_group, period, charge, spent, made, hash } of added)
    await run(
      sql`insert into ledger_entry (sequence, query, ledger_group, period, charge, spent, made, hash) values (${sequence}, ${query}, ${ledger_group}, ${period}, ${charge}, ${spent}, ${made}, ${hash})`,
    );
  const end = added.at(-1) ?? last;
  await run(sql`update ledger_head set sequence = ${end.sequence}, hash = ${end.hash} where id = 1`);
}

export const NODE_MIGRATIONS: Migrations = {
  party: "node",
  steps: [
    { version: 1, name: "the store as it was before it had versions", change: begin },
    { version: 2, name: "declines that were read are kept", change: keepDeclines },
    { version: 3, name: "which periods are delivered is declared", change: keepDelivered },
    // Done by node/import/old-persons.ts, which needs the keys. A program from before would take one person for several.
    { version: 4, name: "persons are told apart by normal forms, and records are hashes", change: [] },
    { version: 5, name: "charges are booked on their years", change: bookYears },
  ],
};
