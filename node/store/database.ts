/**
 * What a node stores: persons by pseudonym, one table a dataset, the ledger and the answers. Append only where it
 * says so. No free text of anyone's is kept, and identity numbers only encrypted.
 */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import type { Store } from "../../server/database.ts";
import type { LogTables } from "../../server/log-tables.ts";
import { changing, migrate } from "../../server/migrations.ts";
import type { LedgerEntry } from "./ledger-entries.ts";
import { NODE_MIGRATIONS } from "./migrations.ts";

export type NodeDatabase = {
  /** Small facts of the node itself: the poll's cursor, check values of keys, how datasets weigh, what must come anew. */
  meta: { key: string; value: string };
  /** `excluded`: why they do not count, null where they do. */
  person: { id: bigint; pseudonym: string; excluded: string | null };
  /** Identity numbers of persons, encrypted many at a time under a key outside the database. */
  identity: { chunk: bigint; sealed: string };
  /** Files taken in, by hash: each is taken once. */
  file: { id: number; dataset: string; hash: string; taken: string };
  /** Periods that a dataset's questions may be about, by its table; `declared`, or because rows came that fell in them. */
  delivered: { dataset: string; period: number; declared: boolean };
  ledger_head: { id: number; sequence: number; hash: string };
  ledger_entry: LedgerEntry;
  /** Attempts at a secure sum that this node took part in, and the digest of the one masked vector it sent. */
  session: { query: string; attempt: number; masked: string | null };
  /** The one set of survivors that this node helps to open of a query, ever, across attempts. */
  agreed: { query: string; attempt: number; session: string; survivors: string };
  /** One row a query for ever, made in the transaction that charges for it. */
  answer: { query: string; charge: string; envelope: string | null; made: string };
  /** One row: what this witness has seen of every log, as JSON. */
  witness: { id: number; state: string };
  /** Questions in the coordinator's log that have not expired, as far as it was read and cosigned. */
  question: { query: string; expires: string };
  /** Declines in it that bind this region: of one key, role and question, the one that ends last. */
  decline: { query: string; key: string; role: string; expires: string; envelope: string };
  /** Calendars in it, each with its place there, and the questions that they name. */
  calendar: { id: string; place: number; envelope: string };
  calendar_query: { query: string; calendar: string };
} & LogTables;

export type NodeStore = Store<NodeDatabase>;

const SQL_TYPES = { category: "smallint", integer: "integer", boolean: "boolean" } as const;

export const tableOf = (dataset: Dataset): string =>
  `d_${dataset.dataset.replaceAll("-", "_")}_${dataset.version}`;

/** A dataset's column in its table. The name is the catalogue's own, whose form the schema fixes. */
export const columnIn = (name: string): string => `c_${name}`;

/** Period as its ordinal, weight in 1/60; categories as their index; `record` a keyed hash, where a mapping has one. */
export function datasetColumns(dataset: Dataset): Array<[name: string, type: string]> {
  return [
    ["person", "bigint"],
    ["period", "integer"],
    ["weight", "integer"],
    ["file", "integer"],
    ["record", "varchar"],
    ...Object.entries(dataset.columns).map(([name, { kind }]): [string, string] => [
      columnIn(name),
      SQL_TYPES[kind],
    ]),
  ];
}

/** Brings the node's own tables to this program's shape, and makes those of datasets that are not there yet. */
export async function prepareNode(store: NodeStore, datasets: readonly Dataset[]): Promise<void> {
  await migrate(store, NODE_MIGRATIONS);
  for (const dataset of datasets)
    await changing(store, async ({ engine, run }) => {
      const columns = datasetColumns(dataset).map(([name, type]) => `${name} ${type}`);
      const table = tableOf(dataset);
      await run(`create table if not exists ${table} (${columns.join(", ")})`);
      if (engine === "postgresql")
        await run(`create index if not exists ${table}_person on ${table} (person, period)`);
    });
}
