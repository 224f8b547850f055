/**
 * The coordinator's store, step by step: the first makes the tables, each later one changes what the one before left.
 * A step that was landed is never changed, and none may lose what was signed.
 */
import { Refusal } from "../protocol/refusal.ts";
import { type Changing, type Migrations, reshape } from "../server/migrations.ts";
import { LOG_TABLES } from "../server/tlog.ts";

/** As f02469a made them. */
const FIRST = [
  "create table if not exists meta (key varchar primary key, value varchar not null)",
  "create table if not exists directory (version integer primary key, document varchar not null, place integer not null)",
  "create table if not exists query (id varchar primary key, envelope varchar not null, title varchar not null, purpose varchar not null, received varchar not null, state varchar not null, reason varchar, release varchar, place integer)",
  "create table if not exists aside (id varchar primary key, text varchar, erased varchar)",
  "create table if not exists approval (query varchar not null, slot varchar not null, id varchar not null, envelope varchar not null, received varchar not null, place integer, primary key (query, slot))",
  "create table if not exists calendar (id varchar primary key, envelope varchar not null, received varchar not null)",
  "create table if not exists announcement (query varchar not null, size integer not null)",
  "create table if not exists published (log varchar primary key, size integer not null, checkpoint varchar not null)",
  "create table if not exists work (sequence integer primary key, query varchar not null)",
  "create table if not exists answer (query varchar not null, region varchar not null, kind varchar not null, id varchar not null, code varchar, envelope varchar not null, primary key (query, region))",
  "create table if not exists release (id varchar primary key, query varchar not null, version integer not null, envelope varchar not null, cells varchar not null, sum varchar, place integer, unique (query, version))",
  "create table if not exists round (query varchar primary key, attempt integer not null, phase varchar not null, since varchar not null, began varchar not null, version integer not null, members varchar not null, first varchar, second varchar, session varchar, u2 varchar, survivors varchar)",
  "create table if not exists message (query varchar not null, attempt integer not null, kind varchar not null, node varchar not null, id varchar not null, envelope varchar not null, boxes varchar not null, pieces integer not null, primary key (query, attempt, kind, node))",
  "create table if not exists chunk (document varchar not null, place integer not null, bytes bytea not null, primary key (document, place))",
  "create table if not exists request (id varchar primary key, release varchar not null, envelope varchar not null, received varchar not null)",
  "create table if not exists budget (node varchar primary key, sequence integer not null, envelope varchar not null)",
  ...LOG_TABLES,
];

/**
 * Stores had no versions before this step: one may have been made by any earlier program. Where releases had no
 * versions, each was its query's first. Where queries held their purposes in words, what was signed then can no longer
 * be read: refused.
 */
async function begin({ run, tables }: Changing): Promise<void> {
  const before = await tables();
  if (before.get("query")?.has("purpose") === false)
    throw new Refusal(
      "config-invalid",
      "expected a store whose queries bind their purposes by digest; keep this one with the program that made it, and begin an empty one",
    );
  for (const statement of FIRST) await run(statement);
  if (before.get("release")?.has("version") !== false) return;
  const definition =
    "id varchar primary key, query varchar not null, version integer not null, envelope varchar not null, cells varchar not null, sum varchar, place integer, unique (query, version)";
  const same = { envelope: "envelope", cells: "cells", sum: "sum", place: "place" };
  for (const statement of reshape("release", definition, { id: "id", query: "query", version: "1", ...same }))
    await run(statement);
}

export const COORDINATOR_MIGRATIONS: Migrations = {
  party: "coordinator",
  steps: [{ version: 1, name: "the store as it was before it had versions", change: begin }],
};
