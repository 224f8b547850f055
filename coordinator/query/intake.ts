/**
 * Intake: signed documents are judged, stored, and answered with their id. What was seen before gives the same id
 * again. Nothing is acknowledged before it is on disk.
 */
import { accountsOf } from "../../protocol/federation/accounts.ts";
import { checkDecision, openApprovals } from "../../protocol/federation/approvals.ts";
import {
  answerKeysOf,
  checkEnough,
  type Federation,
  rosterOf,
  versionOf,
} from "../../protocol/federation/directory.ts";
import {
  type Asked,
  checkKnown,
  openApproval,
  openByNode,
  openQuery,
} from "../../protocol/federation/openers.ts";
import { judgingSince } from "../../protocol/federation/versions.ts";
import { documentEntry, holdsDocument } from "../../protocol/log/leaf.ts";
import { WitnessRequest } from "../../protocol/log/witness-messages.ts";
import { checkClosed, regionsAnswer } from "../../protocol/plan/plan.ts";
import { Approval, type Judged } from "../../protocol/question/approval.ts";
import { Query } from "../../protocol/question/query.ts";
import { Answer, RefusalNote, readVector } from "../../protocol/release/answer.ts";
import { type Envelope, envelopeId, isOf, type Opened, payloadOf } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { compare, parseRational } from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type Context, storedEnvelope, storedQuery } from "../context.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { once, together } from "../store/write.ts";
import { countAdded } from "./added.ts";
import { heardClock } from "./hindrances.ts";
import { planned } from "./plans.ts";
import { announce } from "./work.ts";

/** How far a region's clock may be off, in milliseconds. */
const MAX_SKEW = 15 * 60_000;

export async function takeQuery(
  envelope: Envelope,
  { federation, store, now, logs }: Context,
): Promise<Hash> {
  checkKnown(federation(), envelope, Query);
  const id = envelopeId(envelope);
  const known = await store.kysely.selectFrom("query").select("id").where("id", "=", id).executeTakeFirst();
  if (known !== undefined) return id;
  const asked = openQuery(federation(), envelope, now());
  if (asked.query.expires <= instant(now()))
    throw new Refusal("query-expired", "expected a query that has not expired");
  // What is scheduled is asked once its time has come, and its periods must be closed by then.
  const from = new Date(Math.max(now().getTime(), Date.parse(asked.query.notBefore)));
  const { plan } = planned(id, asked.query, federation());
  checkClosed(plan, from);
  // What no region could book is not put before any.
  accountsOf(federation(), plan, { requester: asked.requester, compartment: "questions" });
  checkEnough(federation(), asked.query);
  const { title, purpose } = asked.query;
  const row = { id, envelope: JSON.stringify(envelope), title, purpose, received: instant(now()) };
  const due = BigInt(now().getTime());
  await once(store, async (database) => {
    const before = await database.selectFrom("query").select("id").where("id", "=", id).executeTakeFirst();
    if (before !== undefined) return;
    if (logs !== null) await countAdded(database, asked.requester, now());
    const place = (await logs?.document(database, "query", id, envelope)) ?? null;
    const values = { ...row, state: "waiting" as const, reason: null, release: null, place, due };
    await database.insertInto("query").values(values).execute();
  });
  return id;
}

/**
 * One leaf a person and decision: what was decided before, in the same role and for the same regions, stands, and its id
 * is given again, until it is about to end or no longer counts.
 */
export async function takeApproval(envelope: Envelope, context: Context): Promise<{ id: Hash; query: Hash }> {
  const { store, now, logs } = context;
  const { id, approval, person } = await judgeApproval(envelope, context);
  const { query } = approval;
  let kept = id;
  await once(store, async (database) => {
    kept = id;
    const state = await stillAsked(query, database);
    const known = await database
      .selectFrom("approval")
      .select("id")
      .where("query", "=", query)
      .where("id", "=", id)
      .executeTakeFirst();
    if (known !== undefined) return;
    const { slot, stands } = await slotFor(database, { person, approval }, context);
    if (stands !== null) {
      kept = stands;
      return;
    }
    if (logs !== null) await countAdded(database, person, now());
    const place = (await logs?.document(database, "approval", id, envelope)) ?? null;
    const document = { id, envelope: JSON.stringify(envelope), received: instant(now()), place };
    const over = await database
      .updateTable("approval")
      .set(document)
      .where("query", "=", query)
      .where("slot", "=", slot)
      .executeTakeFirst();
    if (over.numUpdatedRows === 0n)
      await database
        .insertInto("approval")
        .values({ query, slot, ...document })
        .execute();
    // Nodes that refused for want of approvals look again.
    if (state !== "waiting") await announce(database, query, place);
  });
  return { id: kept, query: approval.query };
}

/** Refuses a decision that no region would count, or that none could read in the log. */
async function judgeApproval(envelope: Envelope, context: Context): Promise<ReturnType<typeof openApproval>> {
  const { federation, store, now } = context;
  const opened = openApproval(federation(), envelope, now());
  const { id, approval } = opened;
  const row = await store.kysely
    .selectFrom("query")
    .select("envelope")
    .where("id", "=", approval.query)
    .executeTakeFirst();
  if (row === undefined)
    throw new Refusal("query-unknown", "expected an approval of a query that was submitted");
  const asked = openQueryLeniently(federation(), storedEnvelope(row.envelope), context);
  checkDecision(federation(), asked, opened);
  // What regions cannot read in the log binds none of them that is not shown it.
  if (!holdsDocument(documentEntry("approval", id, envelope)))
    throw new Refusal("too-large", "expected a decision that fits into an entry of the log");
  return opened;
}

/** The state of a query that an approval may change, held against a dispatch at the same moment: that conflicts. */
async function stillAsked(
  query: Hash,
  database: CoordinatorStore["kysely"],
): Promise<"waiting" | "open" | "late"> {
  await database
    .updateTable("query")
    .set((own) => ({ title: own.ref("title") }))
    .where("id", "=", query)
    .execute();
  const { state } = await database
    .selectFrom("query")
    .select("state")
    .where("id", "=", query)
    .executeTakeFirstOrThrow();
  if (state === "waiting" || state === "open" || state === "late") return state;
  throw new Refusal("approval-unfit", `expected a query that waits or is open; it is ${state}`);
}

/** Documents in force of one person, role, region and decision: room to renew one, or to sign with another key. */
const MOST_IN_FORCE = 4;
/** A decision can be renewed in the last so many-th part of its time. */
const LAST_PART = 4;

/**
 * Where a document is kept beside those that its person has signed before; or the id of the one that stands instead of
 * it: one that says the same, counts now and is not about to end. None gives way while it may count: the audit judges all
 * that stand in the log, and so must the nodes, or an approver could choose, by a second document that ends sooner, that a
 * region which was shown that one alone is named for the first. And nobody can crowd out the others'.
 */
async function slotFor(
  database: CoordinatorStore["kysely"],
  { person, approval }: Pick<Judged, "person" | "approval">,
  { federation, now }: Context,
): Promise<{ readonly slot: string; readonly stands: Hash | null }> {
  const { query, role, region, decision } = approval;
  const said = [person, role, region, decision];
  const slots = Array.from({ length: MOST_IN_FORCE }, (_, at) =>
    JSON.stringify(at === 0 ? said : [...said, at]),
  );
  const rows = await database
    .selectFrom("approval")
    .select(["slot", "envelope", "received"])
    .where("query", "=", query)
    .where("slot", "in", slots)
    .execute();
  const before = openApprovals(
    federation(),
    rows.map(({ envelope }) => storedEnvelope(envelope)),
    now(),
  );
  const stands = before.find(({ opened }, at) => {
    // Of a key that was revoked since, or a role that was lost, it counts no more.
    if (typeof opened === "string") return false;
    const [from, until] = [rows[at]?.received ?? "", opened.approval.expires].map((text) => Date.parse(text));
    return now().getTime() < (until ?? 0) - ((until ?? 0) - (from ?? 0)) / LAST_PART;
  });
  if (stands !== undefined) return { slot: "", stands: envelopeId(stands.envelope) };
  const until = new Map(
    rows.map(({ slot, envelope }) => [slot, payloadOf(Approval, storedEnvelope(envelope)).expires]),
  );
  // Over by every region's clock.
  const over = instant(new Date(now().getTime() - MAX_SKEW));
  const free = slots.find((slot) => (until.get(slot) ?? "") <= over);
  if (free !== undefined) return { slot: free, stands: null };
  const [first] = [...until.values()].sort();
  throw new Refusal(
    "approval-unfit",
    `expected at most ${MOST_IN_FORCE} of one person, role, region and decision, none of which gives way to another while it is in force; the first ends at ${first}`,
  );
}

/** The asker of a stored query, whatever has happened to the key since. */
function openQueryLeniently(federation: Federation, envelope: Envelope, { now }: Context): Asked {
  try {
    return openQuery(federation, envelope, now());
  } catch (error) {
    if (error instanceof Refusal)
      throw new Refusal("approval-unfit", "expected a query that its asker's key still stands for", {
        cause: error,
      });
    throw error;
  }
}

/** An answer or refusal from the node that signed it, stored under its query; an answer never gives way. */
export async function takeAnswer(
  envelope: Envelope,
  context: Context,
  count: (node: string) => void,
): Promise<{ id: Hash; query: Hash }> {
  const { federation, store } = context;
  const form = isOf(envelope, RefusalNote) ? RefusalNote : Answer;
  // By the keys of any version, until it is known which the query is bound to.
  const opened = openByNode(judgingSince(federation(), federation().first), envelope, form);
  const { query, node: region } = opened.payload;
  const row = await store.kysely.selectFrom("query").selectAll().where("id", "=", query).executeTakeFirst();
  if (row === undefined)
    throw new Refusal("query-unknown", "expected an answer to a query that was submitted");
  judgeAnswer(opened, form.kind, storedQuery(row.envelope), federation());
  const id = opened.id;
  const code = "code" in opened.payload ? opened.payload.code : null;
  await keepAnswer({ query, region, kind: form.kind, id, code, envelope }, context, count);
  return { id, query };
}

/** Refuses what the region that signed it may not say to this question, or the plan does not. */
function judgeAnswer(
  { payload, key }: Pick<Opened<Answer | RefusalNote>, "payload" | "key">,
  kind: "answer" | "refusal",
  asked: Query,
  federation: Federation,
): void {
  const { query, node: region, directory } = payload;
  if (answerKeysOf(judgingSince(federation, asked.directory)).get(key) !== region)
    throw new Refusal("key-unknown", "expected the region's answer key since the query's version");
  const bound = kind === "answer" ? directory === asked.directory : versionOf(federation, directory) !== null;
  if (!bound || !rosterOf(federation, asked).includes(region)) {
    throw new Refusal(
      "answer-unfit",
      "expected an answer from a region that was asked, under this directory",
    );
  }
  if ("vector" in payload) {
    const { plan } = planned(query, asked, federation);
    if (!regionsAnswer(plan))
      throw new Refusal("answer-unfit", "expected no region's own answer to a national query");
    readVector(payload, plan);
    if (compare(parseRational(payload.charge), plan.charge) !== 0) {
      throw new Refusal("answer-unfit", "expected the charge that the plan says");
    }
  }
}

/** A region's answer or refusal, as it is stored. */
type Outcome = {
  readonly query: Hash;
  readonly region: string;
  readonly kind: "answer" | "refusal";
  readonly id: Hash;
  /** Why it refused. */
  readonly code: RefusalNote["code"] | null;
  readonly envelope: Envelope;
};

/** Stores an outcome that was judged, once, while its query is open. */
async function keepAnswer(
  { query, region, kind, id, code, envelope }: Outcome,
  { store, logs }: Context,
  count: (node: string) => void,
): Promise<void> {
  // All that come at once are written together: a standing release brings many.
  await together(store, async (database) => {
    const before = await database
      .selectFrom("answer")
      .select(["kind", "id", "code"])
      .where("query", "=", query)
      .where("region", "=", region)
      .executeTakeFirst();
    if (before?.id === id) return;
    // Another text of the same no adds nothing, and each would be a leaf.
    if (before?.kind === "refusal" && before.code === code) return;
    if (before?.kind === "answer")
      throw new Refusal("answer-conflict", "expected the answer that is stored already");
    // Written, not only read: a release at the same moment conflicts, and cannot leave this answer out.
    const current = await database
      .updateTable("query")
      .set((own) => ({ state: own.ref("state") }))
      .where("id", "=", query)
      .where("state", "in", ["open", "late"])
      .executeTakeFirst();
    if (current.numUpdatedRows === 0n)
      throw new Refusal("answer-late", "expected an answer while the query is open");
    count(region);
    await logs?.document(database, kind, id, kind === "answer" ? null : envelope);
    const outcome = { kind, id, code, envelope: JSON.stringify(envelope) } as const;
    if (before === undefined)
      await database
        .insertInto("answer")
        .values({ query, region, ...outcome })
        .execute();
    else
      await database
        .updateTable("answer")
        .set(outcome)
        .where("query", "=", query)
        .where("region", "=", region)
        .execute();
  });
}

/** Refuses a signed time that is too far from now; what it says of the region's clock is remembered in any case. */
export function checkClock({ node, time }: { node: string; time: string }, { store, now }: Context): void {
  const ahead = Math.round((Date.parse(time) - now().getTime()) / 1000);
  heardClock(store, node, ahead);
  if (Math.abs(ahead) * 1000 > MAX_SKEW)
    throw new Refusal(
      "clock-skew",
      `expected a time within 15 minutes of the coordinator's; it is ${Math.abs(ahead)} s ${ahead > 0 ? "ahead" : "behind"}`,
    );
}

/** A witness's turn, judged: nobody else waits, or brings cosignatures, in its name. */
export function takeWitness(envelope: Envelope, context: Context): WitnessRequest {
  const { payload } = openByNode(context.federation(), envelope, WitnessRequest);
  checkClock(payload, context);
  return payload;
}
