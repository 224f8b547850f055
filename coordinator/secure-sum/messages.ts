/**
 * Intake of a secure sum's messages and of the pieces of vectors they bind. Judged, stored, acknowledged; what comes
 * after its phase is over is not taken, so that a vector that was left out can never be added later.
 */
import { sql } from "kysely";
import { openByNode } from "../../protocol/federation/openers.ts";
import { vectorBytes } from "../../protocol/plan/plan.ts";
import { CHUNK, pieces } from "../../protocol/secure-sum/mask.ts";
import {
  Advert,
  type Agreement,
  type Commitment,
  type Masked,
  MESSAGE,
  type Opening,
  PHASES,
  type Phase,
  unfit,
  Withdrawal,
} from "../../protocol/secure-sum/messages.ts";
import { type Envelope, isOf, payloadOf } from "../../protocol/signing/envelope.ts";
import { fromBase64, type Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { EncryptedBox } from "../../protocol/wire/routes.ts";
import { hashNatively, nativePrimitives } from "../../server/primitives.ts";
import { type Context, storedEnvelope } from "../context.ts";
import { plannedOf } from "../query/plans.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { together } from "../store/write.ts";
import { isForming, messagesOf, type Round, roundOf } from "./state.ts";

export type Taken = { readonly id: Hash; readonly query: Hash };

/** A message of a round, or that a region takes no further part in it. */
export async function takeRound(
  envelope: Envelope,
  boxes: readonly EncryptedBox[],
  context: Context,
  count: (node: string) => void,
): Promise<Taken> {
  if (isOf(envelope, Withdrawal)) return await takeWithdrawal(envelope, context, count);
  return await takeMessage(envelope, boxes, context, count);
}

async function takeMessage(
  envelope: Envelope,
  boxes: readonly EncryptedBox[],
  context: Context,
  count: (node: string) => void,
): Promise<Taken> {
  const phase = PHASES.find((each) => isOf(envelope, MESSAGE[each]));
  if (phase === undefined)
    throw new Refusal(
      "payload-type-unexpected",
      "expected an advert, commitment, masked, agreement, opening or withdrawal",
    );
  const { federation, store, logs } = context;
  const form = MESSAGE[phase];
  const { kind } = form;
  const { id, payload } = openByNode(federation(), envelope, form);
  const { query, node, attempt } = payload;
  const round = await roundOf(query, context);
  if (round === null)
    throw new Refusal("query-unknown", "expected a message about a query with a secure sum");
  const next = phase === "advertise" && isNext(round, attempt);
  if (!next && (round.attempt !== attempt || round.phase !== phase)) {
    if (await isKnown(id, { query, attempt, kind, node }, store.kysely)) return { id, query };
    throw late(round);
  }
  if (!(await mayJoin(round, node, next, context)))
    throw unfit("a message of a region that is in this round, or may join the next attempt");
  const { session, u2, survivors } = round;
  if (
    ("session" in payload && payload.session !== session) ||
    ("u2" in payload && payload.u2 !== u2) ||
    ("survivors" in payload && payload.survivors !== survivors)
  )
    throw unfit("a message of this session and these sets");
  const pieces = await checkKind(payload, phase, round, boxes, context);
  const row = { query, attempt, kind, node, id, pieces };
  await together(store, async (database) => {
    if (await isKnown(id, row, database)) return;
    await hold(round, database);
    count(node);
    await database
      .insertInto("message")
      .values({ ...row, envelope: JSON.stringify(envelope), boxes: JSON.stringify(boxes) })
      .execute();
    // A masked vector is a region's answer, known by the digest that binds it.
    if (phase === "mask") await logs?.document(database, "answer", id, null);
    // Whoever takes part now has changed its mind: approvals that were missing have come.
    if (phase === "advertise")
      await database
        .deleteFrom("answer")
        .where("query", "=", query)
        .where("region", "=", node)
        .where("kind", "=", "refusal")
        .execute();
  });
  return { id, query };
}

/** Whether a message is of the attempt that those who are not in this one may already join. */
const isNext = (round: Round, attempt: number): boolean => isForming(round) && attempt === round.attempt + 1;

async function mayJoin(round: Round, node: string, next: boolean, context: Context): Promise<boolean> {
  if (!next) return round.members.includes(node);
  const { roster } = await plannedOf(round.query, context);
  return roster.includes(node) && !round.members.includes(node);
}

/** Nobody waits for a region that has said so, in the attempt that is on or the next. Known again, it is acknowledged. */
async function takeWithdrawal(
  envelope: Envelope,
  context: Context,
  count: (node: string) => void,
): Promise<Taken> {
  const { federation, store } = context;
  const { id, payload } = openByNode(federation(), envelope, Withdrawal);
  const { query, node, attempt } = payload;
  const round = await roundOf(query, context);
  if (round === null)
    throw new Refusal("query-unknown", "expected a withdrawal from a query with a secure sum");
  const row = { query, attempt, kind: Withdrawal.kind, node, id, pieces: 0 };
  if (await isKnown(id, row, store.kysely)) return { id, query };
  if (attempt !== round.attempt && !isNext(round, attempt)) throw late(round);
  if (!(await mayJoin(round, node, attempt !== round.attempt, context)))
    throw unfit("a withdrawal of a region that is in this round, or may join the next attempt");
  await together(store, async (database) => {
    if (await isKnown(id, row, database)) return;
    await hold(round, database);
    count(node);
    await database
      .insertInto("message")
      .values({ ...row, envelope: JSON.stringify(envelope), boxes: "[]" })
      .execute();
  });
  return { id, query };
}

const late = ({ attempt, phase }: Round): Refusal =>
  new Refusal(
    "round-late",
    `expected a message for attempt ${attempt}, phase ${phase}, of a query that is open`,
  );

type Database = CoordinatorStore["kysely"];
type Place = {
  readonly query: string;
  readonly attempt: number;
  readonly kind: string;
  readonly node: string;
};

/** True if this very message is stored already; refuses another one in its place. */
async function isKnown(
  id: Hash,
  { query, attempt, kind, node }: Place,
  database: Database,
): Promise<boolean> {
  const before = await database
    .selectFrom("message")
    .select("id")
    .where("query", "=", query)
    .where("attempt", "=", attempt)
    .where("kind", "=", kind)
    .where("node", "=", node)
    .executeTakeFirst();
  if (before !== undefined && before.id !== id)
    throw new Refusal("answer-conflict", "expected the message of this round that is stored already");
  return before !== undefined;
}

/**
 * Refuses once the phase is over, or its query: a round stays in the phase in which it ended, and what a region chooses
 * to send then nobody would forget. Writes, not only reads: the step that ends it at the same moment conflicts.
 */
async function hold(round: Round, database: Database): Promise<void> {
  const { query, attempt, phase } = round;
  const held = await database
    .updateTable("round")
    .set((row) => ({ version: sql<number>`${row.ref("version")} + 1` }))
    .where("query", "=", query)
    .where("attempt", "=", attempt)
    .where("phase", "=", phase)
    .where("query", "in", (rows) => rows.selectFrom("query").select("id").where("state", "=", "open"))
    .executeTakeFirst();
  if (held.numUpdatedRows === 0n) throw late(round);
}

/** What each kind must have beyond its signature; the number of pieces of a vector that the message binds. */
async function checkKind(
  payload: Advert | Commitment | Masked | Agreement | Opening,
  phase: Phase,
  round: Round,
  boxes: readonly EncryptedBox[],
  context: Context,
): Promise<number> {
  const others = phase === "share" ? round.members.filter((member) => member !== payload.node) : [];
  const to = new Set(boxes.map(({ node }) => node));
  if (to.size !== boxes.length || to.size !== others.length || others.some((node) => !to.has(node)))
    throw unfit("an encrypted share for each other region of the round, and none elsewhere");
  const { plan, query } = await plannedOf(round.query, context);
  if ("mask" in payload && "channel" in payload) await checkKeys(payload, context);
  if ("self" in payload) {
    const gone = (round.second ?? []).filter((node) => !round.members.includes(node));
    const lists = [payload.self, payload.mask].map((secretShares) => secretShares.map(({ of }) => of).join());
    if (lists[0] !== round.members.join() || lists[1] !== gone.join())
      throw unfit("one share of each survivor's seed, and of each missing region's mask key");
  }
  if (phase === "advertise" && query.release === "both") {
    const answered = await context.store.kysely
      .selectFrom("answer")
      .select("id")
      .where("query", "=", payload.query)
      .where("region", "=", payload.node)
      .where("kind", "=", "answer")
      .executeTakeFirst();
    if (answered === undefined) throw unfit("the region's own answer first, since the query asks for both");
  }
  const list = "chunks" in payload || "self" in payload ? chunksOf(payload) : null;
  if (list === null) return 0;
  const count = pieces(vectorBytes(plan)).length;
  if (list.length !== count) throw unfit(`${count} pieces of the vector`);
  return count;
}

/** The pieces of the vector that a message binds; null where it binds none. */
const chunksOf = (payload: Masked | Opening): readonly Hash[] | null =>
  "chunks" in payload ? payload.chunks : (payload.surplus?.chunks ?? null);

/** What a node would refuse in an advert is refused here, or one region could stop all the others. */
async function checkKeys(advert: Advert, context: Context): Promise<void> {
  const { query } = await plannedOf(advert.query, context);
  if (advert.directory !== query.directory)
    throw new Refusal("directory-unknown", "expected an advert bound to the directory that the query names");
  const keys = [advert.channel, advert.mask];
  // X25519 with a key of ours throws where the other is of small order.
  for (const key of keys) nativePrimitives.agree(PROBE, fromBase64(key));
  const others = (await messagesOf(advert, "advert", context)).filter(({ node }) => node !== advert.node);
  const taken = others.flatMap(({ envelope }) => {
    const { channel, mask } = payloadOf(Advert, envelope);
    return [channel, mask];
  });
  if (advert.channel === advert.mask || keys.some((key) => taken.includes(key))) throw unfit("each key once");
}

const PROBE = new Uint8Array(32).fill(1);

/** A piece that a stored message binds by hash. Anyone may bring it: it can be no other, and counts for whose it is. */
export async function takeChunk(
  document: Hash,
  bytes: Uint8Array,
  context: Context,
  count: (node: string) => void,
): Promise<Taken> {
  if (bytes.length > CHUNK) throw new Refusal("too-large", `expected at most ${CHUNK} bytes`);
  const message = await context.store.kysely
    .selectFrom("message")
    .select(["query", "attempt", "kind", "node", "envelope"])
    .where("id", "=", document)
    .executeTakeFirst();
  const phase = message?.kind === "masked" ? "mask" : "open";
  if (message === undefined || message.kind !== MESSAGE[phase].kind)
    throw unfit("a piece of a vector that a message of this round binds");
  const places = placesOf(phase, storedEnvelope(message.envelope), hashNatively(bytes));
  if (places.length === 0) throw unfit("a piece whose hash stands in the message");
  const { query, attempt } = message;
  const round = await roundOf(query, context);
  if (round === null || round.attempt !== attempt || round.phase !== phase)
    throw new Refusal("round-late", "expected a piece of a vector while its round is on");
  count(message.node);
  await together(context.store, async (database) => {
    const there = await database
      .selectFrom("chunk")
      .select("place")
      .where("document", "=", document)
      .where("place", "in", places)
      .execute();
    const wanted = places.filter((place) => !there.some((row) => row.place === place));
    if (wanted.length === 0) return;
    await hold(round, database);
    for (const place of wanted)
      await database.insertInto("chunk").values({ document, place, bytes }).execute();
  });
  return { id: document, query };
}

/** Where a piece of this hash stands in the vector that a message binds: in several places if it repeats. */
function placesOf(phase: "mask" | "open", envelope: Envelope, hash: Hash): number[] {
  return (chunksOf(payloadOf(MESSAGE[phase], envelope)) ?? []).flatMap((each, place) =>
    each === hash ? [place] : [],
  );
}
