/**
 * Declines and calendars that this node has read in the coordinator's log: kept, so that a decline binds and a calendar
 * counts whatever the relay shows later. A leaf that holds only the id of its document, which is too large for an entry,
 * does not say what it decides: such a decline is known to a region that is shown it, and to the audit, which reads it
 * beside the log; such a calendar counts for nobody.
 */
import type { Federation } from "../../protocol/federation/directory.ts";
import { openSigned } from "../../protocol/federation/openers.ts";
import type { Leaf } from "../../protocol/log/leaf.ts";
import { Calendar } from "../../protocol/plan/calendar.ts";
import { Approval } from "../../protocol/question/approval.ts";
import { Query } from "../../protocol/question/query.ts";
import { Envelope } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import type { NodeDatabase, NodeStore } from "../store/database.ts";

/** What is to be kept of entries that were read. */
export type Read = {
  readonly questions: ReadonlyArray<NodeDatabase["question"]>;
  readonly declines: ReadonlyArray<NodeDatabase["decline"]>;
  readonly calendars: ReadonlyArray<NodeDatabase["calendar"] & { readonly queries: readonly Hash[] }>;
};

/** A calendar as it was signed, and where it stands in the coordinator's log. */
export type ReadCalendar = { readonly place: number; readonly envelope: Envelope };

export const NOTHING: Read = { questions: [], declines: [], calendars: [] };

/**
 * Of entries, the first of which stands at `from`: until when each question may be answered, who has declined it for
 * this region, and the calendars.
 */
export function readIn(
  leaves: readonly Leaf[],
  from: number,
  { federation, code, now }: { readonly federation: Federation; readonly code: string; readonly now: Date },
): Read {
  const time = instant(now);
  const questions: Array<NodeDatabase["question"]> = [];
  const declines: Array<NodeDatabase["decline"]> = [];
  for (const leaf of leaves) {
    if (leaf.kind === "query") {
      const opened = openedOrNull(() => openSigned(federation, envelopeOf(leaf), Query));
      if (opened === null || opened.payload.expires <= time) continue;
      questions.push({ query: opened.id, expires: opened.payload.expires });
    }
    if (leaf.kind !== "approval") continue;
    const opened = openedOrNull(() => openSigned(federation, envelopeOf(leaf), Approval));
    if (opened === null) continue;
    const { query, decision, role, region, expires } = opened.payload;
    if (decision !== "decline" || (region !== "all" && region !== code) || expires <= time) continue;
    // A role is the signer's to write, and a decline is kept for each: only such as the directory gives them.
    if (!opened.person.roles.includes(role)) continue;
    declines.push({ query, key: opened.key, role, expires, envelope: JSON.stringify(leaf.document) });
  }
  return { questions, declines, calendars: calendarsIn(leaves, from, federation) };
}

function calendarsIn(leaves: readonly Leaf[], from: number, federation: Federation): Read["calendars"] {
  return leaves.flatMap((leaf, at) => {
    if (leaf.kind !== "calendar") return [];
    const opened = openedOrNull(() => openSigned(federation, envelopeOf(leaf), Calendar));
    // Under another's name it is not in the log for anyone else: what it draws on must be the same for all who read it.
    if (opened === null || opened.id !== leaf.id) return [];
    const queries = opened.payload.entries.map(({ query }) => query);
    return [{ id: opened.id, place: from + at, envelope: JSON.stringify(leaf.document), queries }];
  });
}

export const isNothing = ({ questions, declines, calendars }: Read): boolean =>
  questions.length === 0 && declines.length === 0 && calendars.length === 0;

export const together = (one: Read, other: Read): Read => ({
  questions: [...one.questions, ...other.questions],
  declines: [...one.declines, ...other.declines],
  calendars: [...one.calendars, ...other.calendars],
});

function envelopeOf({ document }: Extract<Leaf, { document: unknown }>): Envelope {
  if (document === null) throw new Refusal("log-malformed", "expected a leaf that holds its document");
  return document;
}

/** What a coordinator that lies puts into its log is signed by nobody: it is passed over. */
function openedOrNull<T>(open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/**
 * Kept in the transaction that says how far the log was read. Of declines that one key has signed in one role for one
 * question the one that ends last says all that the others say: an approver may add as many as they like. What has
 * ended, or is about a question that has, goes.
 */
export async function keepRead(
  kysely: NodeStore["kysely"],
  { questions, declines, calendars }: Read,
  now: Date,
): Promise<void> {
  for (const { queries, ...calendar } of calendars) await keepCalendar(kysely, calendar, queries);
  for (const { query, expires } of questions) {
    const known = await kysely.selectFrom("question").select("query").where("query", "=", query).execute();
    if (known.length === 0) await kysely.insertInto("question").values({ query, expires }).execute();
  }
  for (const decline of declines) {
    const { query, key, role, expires, envelope } = decline;
    const of = { query, key, role };
    const known = await kysely
      .selectFrom("decline")
      .select("expires")
      .where((row) => row.and(of))
      .executeTakeFirst();
    if (known === undefined) await kysely.insertInto("decline").values(decline).execute();
    else if (known.expires < expires)
      await kysely
        .updateTable("decline")
        .set({ expires, envelope })
        .where((row) => row.and(of))
        .execute();
  }
  const time = instant(now);
  const over = kysely.selectFrom("question").select("query").where("expires", "<=", time);
  await kysely
    .deleteFrom("decline")
    .where((row) => row.or([row("expires", "<=", time), row("query", "in", over)]))
    .execute();
  await kysely.deleteFrom("question").where("expires", "<=", time).execute();
}

/** Once, however often it is read: it counts from where it first stood. */
async function keepCalendar(
  kysely: NodeStore["kysely"],
  calendar: NodeDatabase["calendar"],
  queries: readonly Hash[],
): Promise<void> {
  const known = await kysely.selectFrom("calendar").select("id").where("id", "=", calendar.id).execute();
  if (known.length > 0) return;
  await kysely.insertInto("calendar").values(calendar).execute();
  await kysely
    .insertInto("calendar_query")
    .values(queries.map((query) => ({ query, calendar: calendar.id })))
    .execute();
}

/** The calendars that have been read to name a question, as they were signed, each with its place in the log. */
export async function calendarsOf(query: Hash, { kysely }: NodeStore): Promise<ReadCalendar[]> {
  const rows = await kysely
    .selectFrom("calendar")
    .innerJoin("calendar_query", "calendar_query.calendar", "calendar.id")
    .select(["calendar.place", "calendar.envelope"])
    .where("calendar_query.query", "=", query)
    .execute();
  return rows.map(({ place, envelope }) => ({
    place,
    envelope: parseWith(Envelope, parseJson(envelope), "envelope"),
  }));
}

/** What has been read against a question, as it was signed. */
export async function declinesOf(query: Hash, { kysely }: NodeStore): Promise<Envelope[]> {
  const rows = await kysely.selectFrom("decline").select("envelope").where("query", "=", query).execute();
  return rows.map(({ envelope }) => parseWith(Envelope, parseJson(envelope), "envelope"));
}
