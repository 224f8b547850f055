/**
 * The coordinator's store, step by step: the first makes the tables, each later one changes what the one before left.
 * A step that was landed is never changed, and none may lose what was signed.
 */
import { sql } from "kysely";
import { z } from "zod";
import { VersionDocument } from "../../protocol/federation/versions.ts";
import { envelopeId, pae } from "../../protocol/signing/envelope.ts";
import { fromBase64, hashOf } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { LOG_TABLES } from "../../server/log-tables.ts";
import { type Changing, type Migrations, refuseOthers, reshape } from "../../server/migrations.ts";

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
async function begin(store: Changing): Promise<void> {
  const { run, tables } = store;
  await refuseOthers(store, { party: "coordinator", other: "node", table: "ledger_entry" });
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

/**
 * A query is looked at when it is due, and no longer each second: at once, where it is not over. And answers in a release
 * are counted by a column, no longer by reading the release. DuckDB needs no index: it keeps columns apart and reads this
 * one whole, faster than by an index, and its planner would not use one here.
 */
async function due({ engine, run }: Changing): Promise<void> {
  const query = {
    id: "id",
    envelope: "envelope",
    title: "title",
    purpose: "purpose",
    received: "received",
    state: "state",
    reason: "reason",
    release: "release",
    place: "place",
    due: "case when state in ('waiting', 'open', 'late') then 0 end",
  };
  const ofQuery =
    "id varchar primary key, envelope varchar not null, title varchar not null, purpose varchar not null, received varchar not null, state varchar not null, reason varchar, release varchar, place integer, due bigint";
  for (const statement of reshape("query", ofQuery, query)) await run(statement);
  if (engine === "postgresql") await run("create index query_due on query (due)");

  await run("create table counted (release varchar primary key, answers integer not null)");
  for (const { id, envelope } of await run<{ id: string; envelope: string }>(
    "select id, envelope from release",
  ))
    await run(sql`insert into counted values (${id}, ${answersIn(envelope)})`);
  const release = {
    id: "id",
    query: "query",
    version: "version",
    envelope: "envelope",
    answers: "(select answers from counted where counted.release = release.id)",
    cells: "cells",
    sum: "sum",
    place: "place",
  };
  const ofRelease =
    "id varchar primary key, query varchar not null, version integer not null, envelope varchar not null, answers integer not null, cells varchar not null, sum varchar, place integer, unique (query, version)";
  for (const statement of reshape("release", ofRelease, release)) await run(statement);
  await run("drop table counted");
}

/** Of a release as it was signed. */
function answersIn(envelope: string): number {
  const { payload } = z.object({ payload: z.string() }).parse(JSON.parse(envelope));
  const { answers } = z.object({ answers: z.array(z.unknown()) }).parse(parseJson(fromBase64(payload)));
  return answers.length;
}

/** A phase of a secure sum waits from when it began, whatever comes: when its latest message came is not asked any more. */
const FROM_THE_BEGINNING = reshape(
  "round",
  "query varchar primary key, attempt integer not null, phase varchar not null, began varchar not null, version integer not null, members varchar not null, first varchar, second varchar, session varchar, u2 varchar, survivors varchar",
  {
    query: "query",
    attempt: "attempt",
    phase: "phase",
    began: "began",
    version: "version",
    members: "members",
    first: "first",
    second: "second",
    session: "session",
    u2: "u2",
    survivors: "survivors",
  },
);

/**
 * Whoever has handed a document in is shown where it stands; and what one person adds in a day is counted. Of old
 * calendars and auditors' requests it was not kept where they stand.
 */
async function placed({ run }: Changing): Promise<void> {
  await run("create table placed (id varchar primary key, place integer not null)");
  for (const table of ["query", "approval", "release"])
    await run(
      `insert into placed select id, min(place) from ${table} where place is not null and id not in (select id from placed) group by id`,
    );
  for (const { document, place } of await run<{ document: string; place: number }>(
    "select document, place from directory",
  )) {
    const { directory } = parseWith(VersionDocument, parseJson(document), "stored directory");
    const id = envelopeId(directory);
    await run(sql`insert into placed values (${id}, ${place}) on conflict do nothing`);
  }
  await run(
    "create table added (person varchar not null, day varchar not null, documents integer not null, primary key (person, day))",
  );
}

/**
 * What a node signs to ask for work is shown to nobody any more, and answered once: the polls that were kept as heads of
 * ledgers, and were public, are forgotten but for their time, before which none is answered. Each node says its head
 * anew with its next poll. Requests of auditors that were answered are answered no more.
 */
async function spent({ run }: Changing): Promise<void> {
  await run("create table poll (node varchar primary key, time varchar not null, ids varchar not null)");
  for (const { node, envelope } of await run<{ node: string; envelope: string }>(
    "select node, envelope from budget",
  )) {
    const { time, id } = pollIn(envelope);
    await run(sql`insert into poll values (${node}, ${time}, ${JSON.stringify([id])})`);
  }
  await run("drop table budget");
  await run(
    "create table budget (node varchar primary key, sequence integer not null, time varchar not null, envelope varchar not null)",
  );
  await run("alter table request add column word varchar");
}

/** Of a poll as it was signed. */
function pollIn(envelope: string): { readonly time: string; readonly id: string } {
  const signed = z.object({ payload: z.string(), payloadType: z.string() }).parse(JSON.parse(envelope));
  const body = fromBase64(signed.payload);
  const { time } = z.object({ time: z.string() }).parse(parseJson(body));
  return { time, id: hashOf(pae(signed.payloadType, body)) };
}

export const COORDINATOR_MIGRATIONS: Migrations = {
  party: "coordinator",
  steps: [
    { version: 1, name: "the store as it was before it had versions", change: begin },
    { version: 2, name: "queries are due, and answers in a release counted", change: due },
    { version: 3, name: "phases wait from when they began", change: FROM_THE_BEGINNING },
    { version: 4, name: "where documents stand, and what each person adds in a day", change: placed },
    { version: 5, name: "polls and requests are spent", change: spent },
  ],
};
