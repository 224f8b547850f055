/** Where a query stands: everything the coordinator has stored of it, and the one way to close it. */
import { rosterOf } from "../../protocol/federation/directory.ts";
import type { Query } from "../../protocol/question/query.ts";
import type { Envelope } from "../../protocol/signing/envelope.ts";
import { NEEDS_ROWS, Refusal, RefusalCode } from "../../protocol/values/refusal.ts";
import type { WorkItem } from "../../protocol/wire/routes.ts";
import { transact } from "../../server/database.ts";
import { type Context, storedEnvelope, storedQuery } from "../context.ts";
import type { CoordinatorDatabase } from "../store/database.ts";

export type Outcome = {
  readonly region: string;
  readonly kind: "answer" | "refusal";
  readonly id: string;
  readonly code: RefusalCode | null;
};

export type StateName = CoordinatorDatabase["query"]["state"];

export type QueryState = {
  readonly id: string;
  readonly name: StateName;
  readonly reason: string | null;
  readonly release: string | null;
  readonly envelope: Envelope;
  readonly query: Query;
  readonly approvalIds: readonly string[];
  readonly approvals: readonly Envelope[];
  /** Where the query, and each approval, stand in the log; null where none is kept. */
  readonly places: { readonly query: number | null; readonly approvals: ReadonlyArray<number | null> };
  readonly outcomes: readonly Outcome[];
  /** How many regions' own answers the latest release adds up. */
  readonly released: number;
  /** The regions it is put to, in the directory's order. */
  readonly roster: readonly string[];
};

export async function stateOf(id: string, { federation, store }: Context): Promise<QueryState> {
  const { kysely } = store;
  const row = await kysely.selectFrom("query").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw new Refusal("query-unknown", "expected the id of a query that was submitted");
  const approvals = await kysely
    .selectFrom("approval")
    .select(["id", "envelope", "place"])
    .where("query", "=", id)
    .orderBy("id")
    .execute();
  // Without the envelopes: they are large, and only adding them up needs them.
  const outcomes = await kysely
    .selectFrom("answer")
    .select(["region", "kind", "id", "code"])
    .where("query", "=", id)
    .orderBy("region")
    .execute();
  const query = storedQuery(row.envelope);
  const released =
    row.release === null
      ? undefined
      : await kysely.selectFrom("release").select("answers").where("id", "=", row.release).executeTakeFirst();
  return {
    id,
    name: row.state,
    reason: row.reason,
    release: row.release,
    released: released?.answers ?? 0,
    envelope: storedEnvelope(row.envelope),
    query,
    approvalIds: approvals.map((approval) => approval.id),
    approvals: approvals.map(({ envelope }) => storedEnvelope(envelope)),
    places: { query: row.place, approvals: approvals.map(({ place }) => place) },
    outcomes: outcomes.map(({ code, ...outcome }) => ({
      ...outcome,
      code: code === null ? null : RefusalCode.parse(code),
    })),
    roster: rosterOf(federation(), query),
  };
}

/** A query as nodes are shown it: with the approvals that are public, and the proof that all of it is. */
export function shownOf(
  { envelope, approvals, places }: QueryState,
  { logs, directoryPlace }: Context,
): Pick<WorkItem, "query" | "approvals" | "proof"> {
  if (logs === null) return { query: envelope, approvals: [...approvals], proof: null };
  const size = logs.publicSize;
  const within = approvals.flatMap((approval, index) => {
    const place = places.approvals[index] ?? null;
    return place !== null && place < size ? [{ approval, place }] : [];
  });
  const proof = logs.prove([directoryPlace(), places.query ?? 0, ...within.map(({ place }) => place)]);
  return { query: envelope, approvals: within.map(({ approval }) => approval), proof };
}

/** Nobody may come late any more; unless somebody just did, whose answer then belongs in first. */
export async function settle({ id, released }: QueryState, { store, now }: Context): Promise<Date> {
  await transact(store, async (database) => {
    await database
      .updateTable("query")
      .set({ state: "released" })
      .where("id", "=", id)
      .where("state", "=", "late")
      .execute();
    const answers = await database
      .selectFrom("answer")
      .select("id")
      .where("query", "=", id)
      .where("kind", "=", "answer")
      .execute();
    if (answers.length !== released)
      throw new Refusal("unavailable", "an answer came in as the query was closed");
  });
  return now();
}

type Closed = "expired" | "declined" | "failed";

export async function close(
  state: QueryState,
  to: Closed,
  reason: string,
  { store, now }: Context,
): Promise<Date> {
  await transact(store, (database) => closeIn(database, state, to, reason));
  return now();
}

/** Within a transaction; false where the query is not where it was read any more. */
export async function closeIn(
  database: Context["store"]["kysely"],
  { id, name }: QueryState,
  to: Closed,
  reason: string,
): Promise<boolean> {
  const closed = await database
    .updateTable("query")
    .set({ state: to, reason })
    .where("id", "=", id)
    .where("state", "=", name)
    .executeTakeFirst();
  return closed.numUpdatedRows > 0n;
}

/** What regions once refused for good by clocks of their own, and refuse no more: asked anew, they answer. */
export const OF_A_CLOCK: readonly RefusalCode[] = ["query-not-yet-valid", "directory-expired"];

/** What a further approval, a little time, or an import can still turn into an answer. */
export const MAY_YET_ANSWER: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "approvals-missing",
  ...OF_A_CLOCK,
  ...NEEDS_ROWS,
]);
