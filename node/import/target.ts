/**
 * Where rows are weighed and kept: the datasets' tables in DuckDB or in PostgreSQL. All that happens through one target
 * is one transaction, which either commits or leaves nothing. Staging is always DuckDB's.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { datasetColumns } from "../store/database.ts";

/** Persons by their pseudonyms, in a temporary table of the staging DuckDB: `form`, the identity's, and `pseudonym`. */
export type Named = { readonly relation: string };

/** New persons: `person`, and the `form` of their identity. */
export type Fresh = { readonly relation: string };

/** Rows of a dataset, in the staging DuckDB: its table's columns, whatever their weights. */
export type Rows = { readonly relation: string };

/** Rows that are weighed: what is put into a dataset's table. */
export type Weighed = { readonly relation: string };

export type Target = {
  readonly staging: DuckDBConnection;
  /** One statement on the target's own database. */
  readonly run: (sql: string, values?: readonly (string | number)[]) => Promise<unknown[][]>;
  /** In staging: `person`, `pseudonym` and `excluded` of at least everybody whom this target has numbered or taken rows of. */
  readonly people: string;
  /** Gives each person a number, new ones too. */
  readonly number: (named: Named) => Promise<Fresh>;
  /** Excludes persons whom it has numbered, from the import's time on. */
  readonly exclude: (named: Named, since: string) => Promise<void>;
  /** How many of a relation's forms are, by a pseudonym beside them, persons of this node. */
  readonly known: (candidates: Named) => Promise<number>;
  /**
   * Takes stored rows out of a dataset's table that share person and period, or person and record, with rows that
   * arrive as `file`. Those that these replace are dropped, the others given. Null where there are none.
   */
  readonly takeTouched: (dataset: Dataset, arriving: Rows, file: number) => Promise<Rows | null>;
  /** Takes all rows of these persons out of a dataset's table, and gives them, sums where asked for. Null where there are none. */
  readonly takeOf: (dataset: Dataset, persons: readonly bigint[], sums?: boolean) => Promise<Rows | null>;
  readonly put: (dataset: Dataset, weighed: Weighed) => Promise<void>;
  readonly commit: () => Promise<void>;
  readonly rollback: () => Promise<void>;
};

export const names = (dataset: Dataset): string[] => datasetColumns(dataset).map(([name]) => name);

/**
 * Rows that the incoming ones touch: same person and period, or same record *of the same person*, whose own pair is
 * then touched too. Were a record anyone's, one person's rows could displace another's, and no bound would hold.
 */
export const touchedOf = (table: string, incoming: string, file: number) =>
  `select distinct person, period from ${incoming}
   union select t.person, t.period from ${table} t join ${incoming} i on i.person = t.person and i.record = t.record
   union select person, period from ${table} where file = ${file}`;

/** The file of a row that sums up a person's others: made anew whenever these change. */
export const SUMMARY = -1;

/** A stored row stays unless an incoming one of its own person replaces it. */
export const stays = (incoming: string, file: number) =>
  `t.file <> ${file} and t.file <> ${SUMMARY} and not exists (select 1 from ${incoming} i where i.person = t.person and i.record = t.record)`;

/** A temporary table of these persons. */
export async function listed(
  duckdb: DuckDBConnection,
  name: string,
  persons: readonly bigint[],
): Promise<void> {
  await duckdb.run(`create or replace temp table ${name} (person bigint)`);
  const appender = await duckdb.createAppender(name, null, "temp");
  for (const person of persons) {
    appender.appendBigInt(person);
    appender.endRow();
  }
  appender.closeSync();
}
