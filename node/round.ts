/**
 * Takes a node through a secure sum as its polls bring it: joins an attempt once its query is admitted, is charged for
 * the query before data are read, and answers where the coordinator says that the attempt stands. What it will not
 * answer it passes over in silence: it is then missing for the attempt, and whoever lied has learnt nothing.
 */
import type { Client } from "../protocol/client.ts";
import { type Envelope, envelopeId } from "../protocol/envelope.ts";
import { regionsAnswer } from "../protocol/plan.ts";
import { instant } from "../protocol/query.ts";
import { Refusal } from "../protocol/refusal.ts";
import type { RoundState, WorkItem } from "../protocol/routes.ts";
import { unfit } from "../protocol/session.ts";
import { nativePrimitives } from "../server/secure.ts";
import { type Admitted, admit } from "./admit.ts";
import type { SessionDisk } from "./agreed.ts";
import { type Answerer, answer, charge, chargeFor, contextOf } from "./answer.ts";
import type { Fill } from "./random.ts";
import { runPlan } from "./run.ts";
import { type Reply, Session } from "./session.ts";

export type RoundWorker = Answerer & {
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly random: Fill;
  readonly disk: SessionDisk;
  /** The attempts that this process is in, by query: the only place where their secrets are. */
  readonly sessions: Sessions;
};

export type Sessions = Map<string, Held>;

/** What a node has to send for an item of work that is a round. */
export type Turn = {
  /** The region's own answer, where the query asks for both. */
  readonly own: Envelope | null;
  readonly reply: Reply;
};

/** Throws the refusal that is to be handed in, or a `round-…` one, after which nothing is sent. */
export async function takeTurn(work: WorkItem, round: RoundState, node: RoundWorker): Promise<Turn> {
  forgetEnded(node);
  const id = envelopeId(work.query);
  const known = node.sessions.get(id);
  if (known?.session.attempt === round.attempt) {
    // What was admitted may no longer be: data are read, and masks made, only of what still is.
    const still = round.phase === "share" || round.phase === "mask" ? admitted(work, node) : null;
    const charged = async (): Promise<void> => {
      if (still === null) throw new Error("data are read, and charged for, in the phase mask alone");
      await charge(still, node);
    };
    const own = round.phase === "advertise" ? await node.answers.find(id) : null;
    return { own, reply: await silently(() => known.session.reply(round, charged)) };
  }
  if (round.phase !== "advertise") throw unfit("an attempt that this node has joined");
  const asked = admitted(work, node);
  const { plan, roster, query } = asked;
  const { shares } = plan;
  if (shares === null) throw unfit("a query with a secure sum");
  // An answer of the region's own is charged for here. Behind masks alone nothing is, until masks are made: a round
  // that never forms costs nobody. What could not be paid is refused now, and not when the others count on it.
  const own = regionsAnswer(plan) ? await answer(work, node) : null;
  if (own === null) await node.ledger.check(chargeFor(asked));
  const session = await Session.begin({
    setting: {
      federation: node.federation,
      directory: query.directory,
      query: id,
      attempt: round.attempt,
      roster,
      shares,
    },
    plan,
    code: node.code,
    signer: node.signer,
    disk: node.disk,
    primitives: nativePrimitives,
    random: node.random,
    shares: node.noise.shares,
    sums: (planned) => runPlan(planned, node.store),
  });
  known?.session.forget();
  node.sessions.delete(id); // Set anew, so that the order of the map is that of the attempts' beginnings.
  node.sessions.set(id, { session, until: query.answerBy });
  return { own, reply: await session.reply(round, notYet) };
}

const notYet = (): Promise<void> => Promise.reject(new Error("an advert is charged for nothing"));

const admitted = (work: WorkItem, node: RoundWorker): Admitted => admit(work, contextOf(node));

/**
 * What a coordinator shows may be anything: a refusal of it is between the two, never one that the region hands in. The
 * ledger's no is the region's own.
 */
async function silently<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === "budget-exceeded" || error.code.startsWith("round-"))
      throw error;
    throw new Refusal("round-unfit", error.message, { cause: error });
  }
}

/** An attempt in this process's memory, and when its query is over. */
export type Held = { readonly session: Session; readonly until: string };

/** Secrets of attempts that ended without a word are not kept; nor more of them than memory has room for. */
const MOST_SESSIONS = 50;

function forgetEnded({ sessions, now }: RoundWorker): void {
  for (const [id, { session, until }] of sessions) {
    if (until > instant(now()) && sessions.size < MOST_SESSIONS) continue;
    session.forget();
    sessions.delete(id);
  }
}

/** Sends a reply: the message first, since it binds the pieces that follow. The same bytes however often it is sent. */
export async function sendReply(
  { envelope, boxes, chunks }: Reply,
  { client, signal }: RoundWorker,
): Promise<void> {
  const { id } = await client("submitRound", { body: { envelope, boxes: [...boxes] }, signal });
  for (const bytes of chunks) await client("submitChunk", { params: { id }, bytes, signal });
}

/** True for what is between this node and a coordinator that may lie: nothing is said of it outside. */
export const isRoundRefusal = (error: unknown): error is Refusal =>
  error instanceof Refusal && error.code.startsWith("round-");
