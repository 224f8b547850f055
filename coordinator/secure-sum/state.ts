/**
 * Where a secure sum stands, as the coordinator has stored it: the attempt, its phase and sets, the messages that
 * have come; and what each node is shown of it. Sets are fixed when a phase begins: every node is shown the same.
 */
import { judgingSince } from "../../protocol/federation/versions.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { MESSAGE, type Phase, type Setting } from "../../protocol/secure-sum/messages.ts";
import type { Envelope, Kind } from "../../protocol/signing/envelope.ts";
import { remembered } from "../../protocol/values/bounded-memory.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { RoundState, WorkItem } from "../../protocol/wire/routes.ts";
import { type Context, storedEnvelope } from "../context.ts";
import { plannedOf } from "../query/plans.ts";
import { shownOf, stateOf } from "../query/stored-state.ts";

export type Round = {
  readonly query: Hash;
  readonly attempt: number;
  readonly phase: Phase;
  /** When the phase began, or this process, in milliseconds: while it was off nobody could come. */
  readonly began: number;
  /** Of the state that was read: a step on another one is not taken. */
  readonly version: number;
  /** Regions that the phase is put to: the roster, then U1, U2, and U3 for the last two. */
  readonly members: readonly string[];
  /** U1, whose adverts name the session, once it is fixed. */
  readonly first: readonly string[] | null;
  /** U2, whose masks cancel, once it is fixed. */
  readonly second: readonly string[] | null;
  readonly session: Hash | null;
  readonly u2: Hash | null;
  readonly survivors: Hash | null;
};

export async function roundOf(query: string, { store }: Context): Promise<Round | null> {
  const row = await store.kysely
    .selectFrom("round")
    .selectAll()
    .where("query", "=", query)
    .executeTakeFirst();
  if (row === undefined) return null;
  const list = (text: string) => JSON.parse(text) as string[]; // Our own text.
  const set = (text: string | null) => (text === null ? null : list(text));
  const { began, members, first, second } = row;
  return {
    ...row,
    began: Number(began),
    members: list(members),
    first: set(first),
    second: set(second),
  };
}

export type Message = {
  readonly node: string;
  readonly id: Hash;
  readonly envelope: Envelope;
  readonly boxes: ReadonlyMap<string, string>;
};

/** The messages of one kind in the round's attempt, in the order of the regions' codes. */
export async function messagesOf(
  { query, attempt }: Pick<Round, "query" | "attempt">,
  kind: Kind,
  { store }: Context,
): Promise<Message[]> {
  const rows = await store.kysely
    .selectFrom("message")
    .select(["node", "id", "envelope", "boxes"])
    .where("query", "=", query)
    .where("attempt", "=", attempt)
    .where("kind", "=", kind)
    .execute();
  return rows
    .map(({ node, id, envelope, boxes }) => {
      const list = JSON.parse(boxes) as Array<{ node: string; box: string }>; // Our own text.
      return {
        node,
        id,
        envelope: storedEnvelope(envelope),
        boxes: new Map(list.map((each) => [each.node, each.box])),
      };
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** Whether those who are not in an attempt may already join the next: for where this one comes to nothing. */
export const isForming = ({ phase }: Pick<Round, "phase">): boolean => phase === "share" || phase === "mask";

/** Who has sent messages of a kind in an attempt. */
export async function senders(
  { query, attempt }: Pick<Round, "query" | "attempt">,
  kind: Kind,
  { store }: Context,
): Promise<string[]> {
  const rows = await store.kysely
    .selectFrom("message")
    .select("node")
    .where("query", "=", query)
    .where("attempt", "=", attempt)
    .where("kind", "=", kind)
    .orderBy("node")
    .execute();
  return rows.map(({ node }) => node);
}

/** Who has sent the round's phase its message, whole: with all pieces of the vector that it binds. */
export async function cameIn(round: Round, { store }: Context): Promise<string[]> {
  const rows = await store.kysely
    .selectFrom("message")
    .select(["node", "id", "pieces"])
    .where("query", "=", round.query)
    .where("attempt", "=", round.attempt)
    .where("kind", "=", MESSAGE[round.phase].kind)
    .orderBy("node")
    .execute();
  const binding = rows.filter(({ pieces }) => pieces > 0).map(({ id }) => id);
  if (binding.length === 0) return rows.map(({ node }) => node);
  const counts = await store.kysely
    .selectFrom("chunk")
    .select((row) => ["document", row.fn.countAll<bigint>().as("there")])
    .where("document", "in", binding)
    .groupBy("document")
    .execute();
  const there = new Map(counts.map((row) => [row.document, Number(row.there)]));
  return rows.filter(({ id, pieces }) => (there.get(id) ?? 0) === pieces).map(({ node }) => node);
}

/** What a message of this attempt is judged by, for the coordinator as for the nodes. */
export async function settingOf(
  id: Hash,
  attempt: number,
  context: Context,
): Promise<{ setting: Setting; plan: Plan }> {
  const { plan, roster, query } = await plannedOf(id, context);
  if (plan.noiseShares === null) throw new Refusal("round-unfit", "expected a query with a secure sum");
  return {
    setting: {
      federation: judgingSince(context.federation(), query.directory),
      directory: query.directory,
      query: id,
      attempt,
      roster,
      noiseShares: plan.noiseShares,
    },
    plan,
  };
}

/** The sets that every member of a phase is shown: fixed when the phase begins, so read once for all their polls. */
type Sets = {
  readonly round: Exclude<RoundState, { phase: "mask" }> | null;
  /** For the phase `mask`, in which each is shown the shares encrypted for it. */
  readonly commitments: readonly Message[];
};
const sets = new WeakMap<Context["store"], Map<string, Sets>>();
const MOST_KEPT = 10;

/**
 * The query and where its round stands, after the phase `advertise`, as a member is shown it. Of the query everything is
 * as it is now: a phase may last for weeks, in which an approver declines, a proof grows old, and another version of the
 * directory comes into force, whose proof alone nodes then accept.
 */
export async function itemIn(round: Round, node: string, context: Context): Promise<WorkItem> {
  const { attempt, phase } = round;
  const of = JSON.stringify([round.query, attempt, phase]);
  const all = sets.get(context.store) ?? new Map<string, Sets>();
  sets.set(context.store, all);
  const known = all.get(of) ?? (await setsIn(round, context));
  const { round: fixed, commitments } = remembered(all, of, MOST_KEPT, () => known);
  const shown = shownOf(await stateOf(round.query, context), context);
  if (fixed !== null) return { ...shown, round: fixed };
  const members = commitments.map(({ envelope, boxes }) => ({
    commitment: envelope,
    box: boxes.get(node) ?? null,
  }));
  return { ...shown, round: { phase: "mask", attempt, members } };
}

async function setsIn(round: Round, context: Context): Promise<Sets> {
  const { attempt, phase, members } = round;
  const sent = async (kind: Kind) =>
    (await messagesOf(round, kind, context)).filter((message) => members.includes(message.node));
  const envelopes = async (kind: Kind) => (await sent(kind)).map(({ envelope }) => envelope);
  const commitments: Message[] = [];
  switch (phase) {
    case "advertise":
      return { round: { phase, attempt }, commitments };
    case "share":
      return { round: { phase, attempt, adverts: await envelopes("advert") }, commitments };
    case "mask":
      return { round: null, commitments: await sent("commitment") };
    case "agree":
      return { round: { phase, attempt, masked: await envelopes("masked") }, commitments };
    case "open": {
      const survivors = (await sent("masked")).map(({ node, id }) => ({ node, masked: id }));
      return { round: { phase, attempt, survivors, agreements: await envelopes("agreement") }, commitments };
    }
  }
}
