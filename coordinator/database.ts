/**
 * What the coordinator stores: documents as they were signed, and where each query stands. No data of patients,
 * ever; nothing that is not signed by somebody else or derived from what is.
 */
import { Refusal } from "../protocol/refusal.ts";
import { makeTables, type Store } from "../server/database.ts";
import { LOG_TABLES, type LogTables } from "../server/tlog.ts";

export type CoordinatorDatabase = {
  meta: { key: string; value: string };
  /** Versions of the directory after the first, as they were handed in (JSON), and their places in the log. */
  directory: { version: number; document: string; place: number };
  query: {
    id: string;
    envelope: string;
    title: string;
    /** The digest of its purpose. */
    purpose: string;
    received: string;
    /** `late`: released, and open still to regions that are missing. */
    state: "waiting" | "open" | "late" | "released" | "failed" | "declined" | "expired";
    reason: string | null;
    release: string | null;
    /** Its place in the log; null where none is kept. */
    place: number | null;
  };
  /** What stands beside the log by digest; null once it was erased. */
  aside: { id: string; text: string | null; erased: string | null };
  /** One a person, role, region and decision (`slot`); a later one replaces it. */
  approval: {
    query: string;
    slot: string;
    id: string;
    envelope: string;
    received: string;
    place: number | null;
  };
  /** Release calendars, as signed. */
  calendar: { id: string; envelope: string; received: string };
  /** Queries to put to the nodes once so much of the log is public. */
  announcement: { query: string; size: number };
  /** Of each log, the checkpoint that the world is shown, with the cosignatures of its quorum. */
  published: { log: string; size: number; checkpoint: string };
  /** What nodes are to read, in order; the cursor of a poll is the sequence. */
  work: { sequence: number; query: string };
  /** One row a query and region: a refusal may give way to an answer while the query is open; an answer stays. */
  answer: {
    query: string;
    region: string;
    kind: "answer" | "refusal";
    id: string;
    code: string | null;
    envelope: string;
  };
  /** Where a secure sum stands: one row a query. Sets are JSON lists of regions' codes, fixed when a phase begins. */
  round: {
    query: string;
    attempt: number;
    phase: "advertise" | "share" | "mask" | "agree" | "open";
    /** When the phase began, or its latest new message came, in milliseconds. */
    since: string;
    /** When the phase began, in milliseconds. */
    began: string;
    /** Counts all that comes and every step, so that a step that did not see the latest is not taken. */
    version: number;
    members: string;
    first: string | null;
    second: string | null;
    session: string | null;
    u2: string | null;
    survivors: string | null;
  };
  /** Signed messages of rounds; sealed shares beside a commitment, as JSON. */
  message: {
    query: string;
    attempt: number;
    kind: string;
    node: string;
    id: string;
    envelope: string;
    boxes: string;
    /** How many pieces of a vector it binds. */
    pieces: number;
  };
  /** Pieces of masked vectors and of surplus noise, bound by hash in the message that `document` names. */
  chunk: { document: string; place: number; bytes: Uint8Array };
  /** Auditors' requests for what stands behind a secure sum, as signed. */
  request: { id: string; release: string; envelope: string; received: string };
  release: {
    id: string;
    query: string;
    /** 1, and one more for each that regions who came late made. */
    version: number;
    envelope: string;
    cells: string;
    sum: string | null;
    place: number | null;
  };
  /** Each node's latest poll, as signed: its ledger head is public. */
  budget: { node: string; sequence: number; envelope: string };
} & LogTables;

export type CoordinatorStore = Store<CoordinatorDatabase>;

const TABLES = [
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

/** Refuses (`config-invalid`) a database of a version before questions bound their purposes by digest, and releases had versions. */
export async function prepareCoordinator(store: CoordinatorStore): Promise<void> {
  await makeTables(store, TABLES);
  try {
    await store.kysely.selectFrom("query").select("purpose").limit(0).execute();
    await store.kysely.selectFrom("release").select("version").limit(0).execute();
  } catch (cause) {
    throw new Refusal(
      "config-invalid",
      "expected a database of this version of the coordinator; this one was made by an earlier one",
      { cause },
    );
  }
}
