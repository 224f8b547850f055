/**
 * Where an import ends up: the dataset's table in DuckDB or in PostgreSQL. Both take part in one transaction, which
 * either commits all of a file or nothing. Staging is always DuckDB's.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { datasetColumns } from "../store/database.ts";

export type Target = {
  /** Where `staged`, `hashed`, `incoming` and `ready` are temporary tables. */
  readonly staging: DuckDBConnection;
  /** One statement on the target's own database. */
  readonly run: (sql: string, values?: readonly (string | number)[]) => Promise<unknown[][]>;
  /** From `hashed` (identity, pseudonym): gives each person a number, new ones too. Makes `who` and `fresh`. */
  readonly resolvePersons: () => Promise<void>;
  /**
   * True if the view `arriving` touches persons and periods that have rows already: then the table `incoming` holds
   * both, the stored ones taken out of the dataset's table, those of `file`, which comes once more, dropped.
   */
  readonly takeTouched: (file: number) => Promise<boolean>;
  /** Puts `ready` into the table. */
  readonly put: () => Promise<void>;
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
