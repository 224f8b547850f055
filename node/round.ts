/**
 * Takes a node through a secure sum as its polls bring it: joins an attempt once it is admitted and charged, and
 * answers where the coordinator says that the attempt stands. What it will not answer it passes over in silence: it
 * is then missing for the attempt, and whoever lied has learnt nothing.
 */
import type { Client } from "../protocol/client.ts";
import { type Envelope, envelopeId } from "../protocol/envelope.ts";
import { Refusal } from "../protocol/refusal.ts";
import type { RoundState, WorkItem } from "../protocol/routes.ts";
import { unfit } from "../protocol/session.ts";
import { nativePrimitives } from "../server/secure.ts";
import type { SessionDisk } from "./agreed.ts";
import { type Answerer, answer, charge } from "./answer.ts";
import type { Fill } from "./random.ts";
import { runPlan } from "./run.ts";
import { type Reply, Session } from "./session.ts";

export type RoundWorker = Answerer & {
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly random: Fill;
  readonly disk: SessionDisk;
  /** The attempts that this process is in, by query: the only place where their secrets are. */
  readonly sessions: Map<string, Session>;
};

/** What a node has to send for an item of work that is a round. */
export type Turn = {
  /** The region's own answer, where the query asks for both. */
  readonly own: Envelope | null;
  readonly reply: Reply;
};

/** Throws the refusal that is to be handed in, or a `round-…` one, after which nothing is sent. */
export async function takeTurn(work: WorkItem, round: RoundState, node: RoundWorker): Promise<Turn> {
  const known = node.sessions.get(envelopeId(work.query));
  if (known?.attempt === round.attempt) {
    const own = round.phase === "advertise" ? await node.answers.find(envelopeId(work.query)) : null;
    return { own, reply: await known.reply(round) };
  }
  if (round.phase !== "advertise") throw unfit("an attempt that this node has joined");
  const { id, plan, roster } = await charge(work, node);
  const { shares } = plan;
  if (shares === null) throw unfit("a query with a secure sum");
  const own = plan.vectors.some(({ variance }) => variance !== null) ? await answer(work, node) : null;
  const session = await Session.begin({
    setting: { federation: node.federation, query: id, attempt: round.attempt, roster, shares },
    plan,
    code: node.code,
    signer: node.signer,
    disk: node.disk,
    primitives: nativePrimitives,
    random: node.random,
    shares: node.noise.shares,
    sums: (planned) => runPlan(planned, node.store),
  });
  known?.forget();
  node.sessions.set(id, session);
  while (node.sessions.size > MOST_SESSIONS) forgetOldest(node.sessions);
  return { own, reply: await session.reply(round) };
}

/** Secrets of attempts that ended without a word are not kept for ever. */
const MOST_SESSIONS = 20;

function forgetOldest(sessions: Map<string, Session>): void {
  const [oldest] = sessions;
  if (oldest === undefined) return;
  oldest[1].forget();
  sessions.delete(oldest[0]);
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
