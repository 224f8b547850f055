/**
 * A transparency log in a party's database. A leaf is promised in the transaction that stores what it says, and signed
 * for in the next batch: one checkpoint for many. One writer, by compare-and-swap on the head: two would be two
 * histories. What is signed is on disk before anyone sees it.
 */
import type { Kysely } from "kysely";
import { signCheckpoint } from "../protocol/log/checkpoint.ts";
import { EMPTY, extend, type Frontier, rootOfFrontier } from "../protocol/log/frontier.ts";
import type { VerifierKey } from "../protocol/log/note.ts";
import { MAX_ENTRY } from "../protocol/log/tile.ts";
import { fromBase64, fromUtf8, toBase64 } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { type Store, transact } from "./database.ts";

export type LogTables = {
  /** Entries in their places, for ever. */
  leaf: { log: string; place: number; entry: Uint8Array };
  /** One row a log: the tree that was signed last. The frontier as JSON, its hashes in base64. */
  log_head: { log: string; size: number; frontier: string; checkpoint: string | null };
};

/** As the first step of a store that holds logs makes them; what changes them later is a step of each. */
export const LOG_TABLES = [
  "create table if not exists leaf (log varchar not null, place integer not null, entry bytea not null, primary key (log, place))",
  "create table if not exists log_head (log varchar primary key, size integer not null, frontier varchar not null, checkpoint varchar)",
];

/** Kysely's types do not say that a database with more tables has these: the one cast of this file. */
const logIn = <DB extends LogTables>(database: Kysely<DB>): Kysely<LogTables> =>
  database as unknown as Kysely<LogTables>;

/** Adds leaves in the transaction that stores what they say: acknowledged is logged, whatever happens. Gives the first's place. */
export async function promiseLeaves<DB extends LogTables>(
  database: Kysely<DB>,
  log: string,
  entries: readonly Uint8Array[],
): Promise<number> {
  const { last } = await logIn(database)
    .selectFrom("leaf")
    .select((row) => row.fn.max("place").as("last"))
    .where("log", "=", log)
    .executeTakeFirstOrThrow();
  const first = last === null ? 0 : Number(last) + 1;
  if (entries.some(({ length }) => length > MAX_ENTRY))
    throw new RangeError(`expected entries of at most ${MAX_ENTRY} bytes`);
  // Of two that would have the same place one conflicts, and is tried again.
  if (entries.length > 0)
    await logIn(database)
      .insertInto("leaf")
      .values(entries.map((entry, index) => ({ log, place: first + index, entry })))
      .execute();
  return first;
}

export type Head = { readonly frontier: Frontier; readonly checkpoint: string | null };

export async function headOf<DB extends LogTables>(database: Kysely<DB>, log: string): Promise<Head> {
  const row = await logIn(database)
    .selectFrom("log_head")
    .selectAll()
    .where("log", "=", log)
    .executeTakeFirst();
  if (row === undefined) return { frontier: EMPTY, checkpoint: null };
  const roots = (JSON.parse(row.frontier) as string[]).map(fromBase64); // Our own text.
  return { frontier: { size: row.size, roots }, checkpoint: row.checkpoint };
}

/** The head moves from the size it was read at, or not at all. */
async function swapHead<DB extends LogTables>(
  database: Kysely<DB>,
  log: string,
  from: number,
  { frontier, checkpoint }: Head,
): Promise<void> {
  const next = {
    size: frontier.size,
    frontier: JSON.stringify(frontier.roots.map(toBase64)),
    checkpoint,
  };
  const swapped = await logIn(database)
    .updateTable("log_head")
    .set(next)
    .where("log", "=", log)
    .where("size", "=", from)
    .executeTakeFirst();
  if (swapped.numUpdatedRows > 0n) return;
  if (from > 0)
    throw new Refusal("unavailable", "expected to be the log's one writer; another has added to it");
  await logIn(database)
    .insertInto("log_head")
    .values({ log, ...next })
    .execute();
}

export async function leavesOf<DB extends LogTables>(
  database: Kysely<DB>,
  log: string,
  from: number,
  to: number,
): Promise<Uint8Array[]> {
  const rows = await logIn(database)
    .selectFrom("leaf")
    .select(["place", "entry"])
    .where("log", "=", log)
    .where("place", ">=", from)
    .where("place", "<", to)
    .orderBy("place")
    .execute();
  if (rows.some(({ place }, index) => place !== from + index))
    throw new Error("a leaf that was promised is gone");
  return rows.map(({ entry }) => Uint8Array.from(entry));
}

export type Batch = {
  readonly from: number;
  readonly entries: readonly Uint8Array[];
  readonly head: Head & { readonly checkpoint: string };
};

/** Leaves that one checkpoint is signed for at most. */
export const MOST_LEAVES = 1_000;

/** Signs for leaves that were promised and not signed for yet; null where there are none. On disk when it returns. */
export async function signNext<DB extends LogTables>(
  store: Store<DB>,
  log: string,
  key: VerifierKey,
  sign: (message: Uint8Array) => Uint8Array,
): Promise<Batch | null> {
  return await transact(store, async (database) => {
    const { frontier } = await headOf(database, log);
    const entries = await leavesOf(database, log, frontier.size, frontier.size + MOST_LEAVES);
    if (entries.length === 0) return null;
    const next = extend(frontier, entries);
    const checkpoint = { origin: key.name, size: next.size, root: rootOfFrontier(next) };
    const head = { frontier: next, checkpoint: fromUtf8(signCheckpoint(checkpoint, key, sign)) };
    await swapHead(database, log, frontier.size, head);
    return { from: frontier.size, entries, head };
  });
}

/** Adds leaves that another has signed for, whose checkpoint the caller has verified: within the caller's transaction. */
export async function keepSigned<DB extends LogTables>(
  database: Kysely<DB>,
  log: string,
  { from, entries, head }: Batch,
): Promise<void> {
  await logIn(database)
    .insertInto("leaf")
    .values(entries.map((entry, index) => ({ log, place: from + index, entry })))
    .execute();
  await swapHead(database, log, from, head);
}
