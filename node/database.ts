/**
 * What a node stores: persons by pseudonym, one table a dataset, the ledger and the answers. Append only where it
 * says so. No free text of anyone's is kept, and identity numbers only sealed.
 */
import type { Dataset } from "../protocol/catalogue.ts";
import { makeTables, type Store } from "../server/database.ts";
import { LOG_TABLES, type LogTables } from "../server/tlog.ts";

export type NodeDatabase = {
  /** Small facts of the node itself: the poll's cursor, the check value of the pseudonym key. */
  meta: { key: string; value: string };
  person: { id: bigint; pseudonym: string; excluded: string | null };
  /** Identity numbers of persons, sealed many at a time under a key outside the database. */
  identity: { chunk: bigint; sealed: string };
  /** Files taken in, by hash: each is taken once. */
  file: { id: number; dataset: string; hash: string; taken: string };
  ledger_head: { id: number; sequence: number; hash: string };
  /** Append only; `spent` is the account's balance after the entry. */
  ledger_entry: {
    sequence: number;
    query: string;
    ledger_group: string;
    period: string;
    charge: string;
    spent: string;
    made: string;
    hash: string;
  };
  /** Attempts at a secure sum that this node took part in, and the digest of the one masked vector it sent. */
  session: { query: string; attempt: number; masked: string | null };
  /** The one set of survivors that this node helps to open of a query, ever, across attempts. */
  agreed: { query: string; attempt: number; session: string; survivors: string };
  /** One row a query for ever, made in the transaction that charges for it. */
  answer: { query: string; charge: string; envelope: string | null; made: string };
  /** One row: what this witness has seen of every log, as JSON. */
  witness: { id: number; state: string };
} & LogTables;

export type NodeStore = Store<NodeDatabase>;

const TABLES = [
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
const POSTGRES = [
  "create unique index if not exists person_pseudonym on person (pseudonym)",
  "create unique index if not exists person_id on person (id)",
];

const SQL_TYPES = { category: "smallint", integer: "integer", boolean: "boolean" } as const;

export const tableOf = (dataset: Dataset): string =>
  `d_${dataset.dataset.replaceAll("-", "_")}_${dataset.version}`;

/** A dataset's column in its table. The name is the catalogue's own, whose form the schema fixes. */
export const columnIn = (name: string): string => `c_${name}`;

/** Period as its ordinal, weight in 1/60; categories as their index in the catalogue; `record` where a mapping has one. */
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

export async function prepareNode(store: NodeStore, datasets: readonly Dataset[]): Promise<void> {
  const tables = datasets.map((dataset) => {
    const columns = datasetColumns(dataset).map(([name, type]) => `${name} ${type}`);
    return `create table if not exists ${tableOf(dataset)} (${columns.join(", ")})`;
  });
  const indexes = datasets.map((dataset) => {
    const table = tableOf(dataset);
    return `create index if not exists ${table}_person on ${table} (person, period)`;
  });
  await makeTables(store, [...TABLES, ...tables, ...(store.pool === null ? [] : [...POSTGRES, ...indexes])]);
}
