/**
 * Takes a secure sum from phase to phase: each ends when all it is put to have answered, or, once the time for it is
 * over, with those who have, if they are enough. Too few before a set is agreed on: a new attempt with fresh keys.
 * After that there is none: the query ends with its sum, or burnt.
 */
import type { Hash } from "../protocol/bytes.ts";
import type { Kind } from "../protocol/envelope.ts";
import { instant } from "../protocol/query.ts";
import { Refusal } from "../protocol/refusal.ts";
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
} from "../protocol/session.ts";
import { openSum, readMaterial } from "../protocol/unmask.ts";
import { transact } from "../server/database.ts";
import type { Logger } from "../server/log.ts";
import { nativePrimitives } from "../server/secure.ts";
import { type Due, earliest } from "./clockwork.ts";
import { MAY_YET_ANSWER } from "./combine.ts";
import type { CoordinatorStore } from "./database.ts";
import type { Bell } from "./dispatch.ts";
import { addWork, type Context } from "./intake.ts";
import { cameIn, type Message, messagesOf, type Round, roundOf, settingOf } from "./rounds.ts";
import { close, type QueryState } from "./standing.ts";

export type Rounds = {
  readonly bell: Bell;
  /** How long each phase waits for the next message before it goes on without those who have not answered. */
  readonly roundSeconds: number;
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

/** However often a message comes late, a phase lasts no longer than this many waits. */
const MOST_WAITS = 10;
/** So often it is tried anew: regions that stop every attempt would otherwise keep all others at work for ever. */
const MOST_ATTEMPTS = 10;

/** One step, if there is one to take now: the sum, once it is open; or when to look again, unless something comes. */
export async function turn(
  state: QueryState,
  context: Context & Rounds,
): Promise<{ readonly sum: SecureSum } | { readonly due: Due }> {
  const round = await roundOf(state.id, context);
  if (round === null) throw new Error("a query with a secure sum was dispatched without a round");
  const { setting } = await settingOf(state.id, round.attempt, context);
  const refused = state.outcomes.filter(({ kind }) => kind === "refusal").map(({ region }) => region);
  const came = await cameIn(round, context);
  // Whoever has come has come, whatever it says later: the sets are all that is stored, so that auditors find the same.
  const awaited = round.members.filter((node) => came.includes(node) || !refused.includes(node));
  const time = context.now().getTime();
  const wait = context.roundSeconds * 1000;
  const late = instant(context.now()) >= state.query.answerBy;
  const over = late || time >= round.since + wait || time >= round.began + MOST_WAITS * wait;
  const set = round.phase === "agree" || round.phase === "open";
  const enough = came.length >= (set ? setting.shares.threshold : setting.shares.survivors);
  if (enough && (over || came.length === awaited.length)) {
    if (round.phase === "open") {
      const sum = await opened(round, came, context);
      if (sum !== null) return { sum };
    } else if (!late) {
      await next(round, came, setting, context);
      return { due: context.now() };
    }
  }
  const short = over && !enough && (round.phase === "share" || round.phase === "mask");
  // Those who will not take part are known at once: there is nothing to wait for.
  const never = state.outcomes.filter(({ code }) => code !== null && !MAY_YET_ANSWER.has(code)).length;
  const hopeless = round.phase === "advertise" && setting.shares.n - never < setting.shares.survivors;
  if (late || hopeless || (short && round.attempt >= MOST_ATTEMPTS)) {
    await close(state, "failed", reasonOf(round, came.length, setting.shares), context);
    await forget(round, context);
    return { due: context.now() };
  }
  if (short) {
    await again(round, setting.roster, context);
    return { due: context.now() };
  }
  const answerBy = new Date(state.query.answerBy);
  if (over) return { due: answerBy };
  const waits = [round.since + wait, round.began + MOST_WAITS * wait];
  return { due: earliest(answerBy, ...waits.map((each) => new Date(each))) };
}

function reasonOf(
  { phase }: Round,
  came: number,
  { n, survivors, threshold }: { n: number; survivors: number; threshold: number },
): string {
  return phase === "agree" || phase === "open"
    ? `burnt: a set of regions was agreed on, but ${came} came back where ${threshold} with true shares open it; the charge is kept`
    : `${came} of ${n} regions took part; ${survivors} are needed, so that no mask opens for fewer`;
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
        since: time,
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

/** Of a query that is over without a sum: what could still say something of a region, were keys to leak one day. */
const forget = (round: Round, { store }: Context): Promise<void> =>
  transact(store, (database) => drop(round, [], database));

/** Sealed shares, and vectors of those who are not in the set: nobody has any use for them, now or later. */
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
