/**
 * Takes a secure sum from phase to phase, as `phase-rule.ts` judges what has come. Where an attempt has come to nothing
 * before a set is agreed on there may be a new one, with fresh keys; after that there is none: the query ends with its
 * sum, or burnt.
 */
import {
  MESSAGE,
  openAdverts,
  openCommitments,
  openMasked,
  PHASES,
  type Phase,
  type Setting,
  sessionOf,
  survivorsHash,
  survivorsOf,
  u2Of,
  unfit,
} from "../../protocol/secure-sum/messages.ts";
import { openSum, readMaterial } from "../../protocol/secure-sum/open-sum.ts";
import type { Kind } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { RoundProgress } from "../../protocol/wire/routes.ts";
import { transact } from "../../server/database.ts";
import type { Logger } from "../../server/logger.ts";
import { nativePrimitives } from "../../server/primitives.ts";
import type { Bell } from "../bell.ts";
import type { Due } from "../clockwork.ts";
import type { Context } from "../context.ts";
import { withHindrances } from "../query/hindrances.ts";
import { closeIn, MAY_YET_ANSWER, type QueryState } from "../query/stored-state.ts";
import { addWork } from "../query/work.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { judge, type PhaseState } from "./phase-rule.ts";
import {
  cameIn,
  isForming,
  type Message,
  messagesOf,
  type Round,
  roundOf,
  senders,
  settingOf,
} from "./state.ts";

export type Rounds = {
  readonly bell: Bell;
  readonly logger: Logger;
};

/** A sum that is open, with everything a release says of it. */
export type SecureSum = {
  readonly round: Round;
  readonly bytes: Uint8Array;
  readonly masked: readonly Message[];
  readonly agreements: readonly Message[];
  readonly openings: readonly Message[];
  readonly unopened: readonly string[];
};

/** One step, if there is one to take now: the sum, once it is open; or when to look again, unless something comes. */
export async function turn(
  state: QueryState,
  context: Context & Rounds,
): Promise<{ readonly sum: SecureSum } | { readonly due: Due }> {
  const round = await roundOf(state.id, context);
  if (round === null) throw new Error("a query with a secure sum was dispatched without a round");
  const { setting } = await settingOf(state.id, round.attempt, context);
  const phase = await phaseOf(round, state, setting, context);
  const verdict = judge(phase, context.now().getTime());
  if (verdict.next === "wait") return { due: new Date(verdict.until) };
  if (verdict.next === "again") await again(round, setting.roster, context);
  if (verdict.next === "end") await end(state, round, verdict, setting, context);
  if (verdict.next === "close" && round.phase === "open") {
    const sum = await opened(round, verdict.with, context);
    if (sum !== null) return { sum };
    // False shares are found out by further true ones: where none can come any more, it is over.
    const late = context.now().getTime() >= phase.deadline;
    if (!verdict.last && !late) return { due: new Date(phase.deadline) };
    const missing = round.members.filter((node) => !verdict.with.includes(node));
    await end(state, round, { came: verdict.with.length, missing }, setting, context);
  } else if (verdict.next === "close") await next(round, verdict.with, setting, context);
  return { due: context.now() };
}

/** All that decides whether a round's phase is over, as it is stored. */
async function phaseOf(
  round: Round,
  { query, outcomes }: QueryState,
  { roster, noiseShares }: Setting,
  context: Context,
): Promise<PhaseState> {
  const { phase, attempt, members, began } = round;
  const withdrawn = await senders(round, "withdrawal", context);
  const forming = isForming(round) ? { query: round.query, attempt: attempt + 1 } : null;
  const gone = forming === null ? [] : await senders(forming, "withdrawal", context);
  const adverts = forming === null ? [] : await senders(forming, "advert", context);
  const ready = adverts.filter((node) => !gone.includes(node));
  const refusing = (may: boolean) =>
    outcomes.flatMap(({ region, code }) =>
      code !== null && MAY_YET_ANSWER.has(code) === may ? [region] : [],
    );
  const set = phase === "agree" || phase === "open";
  // Nodes answer until the query expires: then they neither join nor mask, but what they masked may still come.
  const [expires, answerBy] = [Date.parse(query.expires), Date.parse(query.answerBy)];
  return {
    phase,
    attempt,
    roster,
    members,
    came: await cameIn(round, context),
    withdrawn,
    refused: refusing(true),
    never: refusing(false),
    ready,
    newcomers: await newcomersOf(ready, round, context),
    needed: set ? noiseShares.threshold : noiseShares.survivors,
    began,
    limit: set ? answerBy : expires,
    deadline: set || phase === "mask" ? answerBy : expires,
  };
}

/** Those who have sent nothing in this attempt, nor in one before it. */
async function newcomersOf(
  nodes: readonly string[],
  { query, attempt }: Round,
  { store }: Context,
): Promise<string[]> {
  if (nodes.length === 0) return [];
  const rows = await store.kysely
    .selectFrom("message")
    .select("node")
    .distinct()
    .where("query", "=", query)
    .where("attempt", "<=", attempt)
    .execute();
  const known = new Set(rows.map(({ node }) => node));
  return nodes.filter((node) => !known.has(node));
}

/** Who has sent what the phase asks for, and who is waited for; null where no secure sum is under way. */
export async function progressOf(state: QueryState, context: Context): Promise<RoundProgress | null> {
  const round = state.name === "open" ? await roundOf(state.id, context) : null;
  if (round === null) return null;
  const { setting } = await settingOf(state.id, round.attempt, context);
  const phase = await phaseOf(round, state, setting, context);
  const verdict = judge(phase, context.now().getTime());
  const { attempt, came, needed } = phase;
  const awaited = verdict.next === "wait" ? [...verdict.for] : [];
  // Where nobody is awaited, it is this moment that is: the next attempt may begin then.
  const goesOn = verdict.next === "wait" && (came.length >= needed || awaited.length === 0);
  const until = goesOn ? instant(new Date(verdict.until)) : null;
  return { attempt, phase: round.phase, sent: [...came], awaited, until };
}

/**
 * Without a sum. What could still say something of a region, were keys to leak one day, is forgotten as it is closed: a
 * process that ended between the two would never come back to it.
 */
async function end(
  state: QueryState,
  round: Round,
  ended: Ended,
  { noiseShares }: Setting,
  context: Context & Rounds,
): Promise<void> {
  const { query, version } = round;
  await transact(context.store, async (database) => {
    const held = await database
      .updateTable("round")
      .set({ version: version + 1 })
      .where("query", "=", query)
      .where("version", "=", version)
      .executeTakeFirst();
    // Something came meanwhile: it is judged with it.
    if (held.numUpdatedRows === 0n) return;
    const reason = withHindrances(reasonOf(round, ended, noiseShares), ended.missing, context);
    if (await closeIn(database, state, "failed", reason)) await drop(round, [], database);
  });
}

type Ended = { readonly came: number; readonly missing: readonly string[] };

/** Names in a reason. */
const MOST_NAMED = 30;

function reasonOf(
  { phase, attempt }: Round,
  { came, missing }: Ended,
  { n, survivors, threshold }: { n: number; survivors: number; threshold: number },
): string {
  const named = missing.slice(0, MOST_NAMED).join(", ");
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : "";
  const who =
    missing.length === 0 ? "" : `; missing in phase ${phase} of attempt ${attempt}: ${named}${more}`;
  return phase === "agree" || phase === "open"
    ? `burnt: a set of regions was agreed on, but ${came} came back where ${threshold} with true shares open it; the charge is kept${who}`
    : `${came} of ${n} regions took part; ${survivors} are needed, so that no mask opens for fewer${who}`;
}

/** Phase k → phase k+1, with its set fixed, and every node told. Nothing if something came meanwhile: then it counts. */
async function next(
  round: Round,
  came: readonly string[],
  setting: Setting,
  context: Context & Rounds,
): Promise<void> {
  const phase = PHASES[PHASES.indexOf(round.phase) + 1];
  if (phase === undefined) throw new Error("there is no phase after the last");
  const messages = await messagesOf(round, MESSAGE[round.phase].kind, context);
  const sets = setsOf(
    round,
    messages.filter(({ node }) => came.includes(node)),
    setting,
  );
  await move(round, { phase, ...sets }, context);
}

type Sets = Pick<Round, "members" | "first" | "second" | "session" | "u2" | "survivors">;

/** The set that a phase leaves to the next one, and the hash that names it, as the nodes compute it. */
function setsOf(round: Round, came: readonly Message[], setting: Setting): Sets {
  const envelopes = came.map(({ envelope }) => envelope);
  const members = came.map(({ node }) => node);
  const { session, first, second, u2, survivors } = round;
  const sets = { members, session, first, second, u2, survivors };
  switch (round.phase) {
    case "advertise":
      return { ...sets, first: members, session: sessionOf(setting, openAdverts(setting, envelopes)) };
    case "share": {
      const commitments = openCommitments(setting, known(session), round.members, envelopes);
      return { ...sets, second: members, u2: u2Of(known(session), commitments) };
    }
    case "mask": {
      const within = { session: known(session), u2: known(u2) };
      const masked = openMasked(setting, within, round.members, envelopes);
      return { ...sets, survivors: survivorsHash(within.session, within.u2, survivorsOf(masked)) };
    }
    case "agree":
    case "open":
      return { ...sets, members: round.members }; // U3 stays U3, whoever has signed it.
  }
}

function known(hash: Hash | null): Hash {
  if (hash === null) throw new Error("a set is named before the phase that needs it");
  return hash;
}

const again = (round: Round, roster: readonly string[], context: Context & Rounds): Promise<void> =>
  move(
    round,
    {
      attempt: round.attempt + 1,
      phase: "advertise",
      members: roster,
      first: null,
      second: null,
      session: null,
      u2: null,
      survivors: null,
    },
    context,
  );

async function move(
  round: Round,
  to: Sets & { readonly phase: Phase; readonly attempt?: number },
  context: Context & Rounds,
): Promise<void> {
  const { query, version } = round;
  const list = (set: readonly string[] | null) => (set === null ? null : JSON.stringify(set));
  const time = String(context.now().getTime());
  await transact(context.store, async (database) => {
    const moved = await database
      .updateTable("round")
      .set({
        ...to,
        members: JSON.stringify(to.members),
        first: list(to.first),
        second: list(to.second),
        began: time,
        version: version + 1,
      })
      .where("query", "=", query)
      .where("version", "=", version)
      .executeTakeFirst();
    if (moved.numUpdatedRows === 0n) return;
    await addWork(database, query);
    if (to.phase === "agree") await drop(round, to.members, database);
    if (to.phase === "advertise") await drop(round, [], database);
  });
  context.bell.ring();
}

/** Encrypted shares, and vectors of those who are not in the set: nobody has any use for them, now or later. */
async function drop(
  { query, attempt }: Round,
  keep: readonly string[],
  database: CoordinatorStore["kysely"],
): Promise<void> {
  const rows = await database
    .selectFrom("message")
    .select(["id", "node"])
    .where("query", "=", query)
    .where("attempt", "=", attempt)
    .where("kind", "in", ["masked", "opening"])
    .execute();
  const gone = rows.flatMap(({ id, node }) => (keep.includes(node) ? [] : [id]));
  if (gone.length > 0) await database.deleteFrom("chunk").where("document", "in", gone).execute();
  await database
    .updateTable("message")
    .set({ boxes: "[]" })
    .where("query", "=", query)
    .where("attempt", "=", attempt)
    .where("kind", "=", "commitment")
    .execute();
}

/** The sum, or null while what has come does not open it. */
async function opened(
  round: Round,
  came: readonly string[],
  context: Context & Rounds,
): Promise<SecureSum | null> {
  const { setting, plan } = await settingOf(round.query, round.attempt, context);
  const of = async (kind: Kind, nodes: readonly string[]) =>
    (await messagesOf(round, kind, context)).filter(({ node }) => nodes.includes(node));
  const envelopes = (messages: readonly Message[]) => messages.map(({ envelope }) => envelope);
  const masked = await of("masked", round.members);
  const openings = await of("opening", came);
  const material = readMaterial(setting, {
    adverts: envelopes(await of("advert", round.first ?? [])),
    commitments: envelopes(await of("commitment", round.second ?? [])),
    masked: envelopes(masked),
    openings: envelopes(openings),
  });
  try {
    const chunk = (document: Hash, place: number) => readChunk(document, place, context);
    const { bytes, unopened } = await openSum(setting, plan, material, chunk, nativePrimitives);
    return { round, bytes, masked, agreements: await of("agreement", round.members), openings, unopened };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    context.logger.warn(
      { query: round.query, code: error.code },
      "the shares that came do not open the sum yet",
    );
    return null;
  }
}

export async function readChunk(document: Hash, place: number, { store }: Context): Promise<Uint8Array> {
  const row = await store.kysely
    .selectFrom("chunk")
    .select("bytes")
    .where("document", "=", document)
    .where("place", "=", place)
    .executeTakeFirst();
  if (row === undefined) throw unfit("a piece of a vector that is in the sum");
  return row.bytes;
}
