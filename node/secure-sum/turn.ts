/**
 * Takes a node through a secure sum as its polls bring it: joins an attempt once its query is admitted, is charged for
 * the query before data are read, and answers where the coordinator says that the attempt stands. What it will not
 * answer it takes no part in, and says no more than that: it is missing for the attempt, and whoever lied has learnt
 * nothing.
 */
import { regionsAnswer } from "../../protocol/plan/plan.ts";
import { unfit, type Withdrawal } from "../../protocol/secure-sum/messages.ts";
import { type Envelope, envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import type { RoundState, WorkItem } from "../../protocol/wire/routes.ts";
import { nativePrimitives } from "../../server/primitives.ts";
import { type Answerer, admitted, answer, charge, chargeFor } from "../answer/answer.ts";
import { runPlan } from "../answer/sums.ts";
import type { Fill } from "../random.ts";
import type { AttemptDisk } from "./attempts.ts";
import { Participant, type Reply } from "./participant.ts";

export type RoundWorker = Answerer & {
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly random: Fill;
  readonly disk: AttemptDisk;
  /** The attempts that this process is in, by query: the only place where their secrets are. */
  readonly attempts: Attempts;
};

export type Attempts = Map<string, Joined>;

/** An attempt in this process's memory, and when its query is over. */
type Joined = { readonly participant: Participant; readonly until: string };

/** What a node has to send for an item of work that is a round. */
export type Turn = {
  /** The region's own answer, where the query asks for both. */
  readonly own: Envelope | null;
  readonly reply: Reply;
};

/** Throws the refusal that is to be handed in, or a `round-…` one, after which the region withdraws. */
export async function takeTurn(work: WorkItem, round: RoundState, node: RoundWorker): Promise<Turn> {
  forgetEnded(node);
  const joined = node.attempts.get(envelopeId(work.query))?.participant;
  if (joined?.attempt === round.attempt) return await goOn(work, round, joined, node);
  if (round.phase !== "advertise") throw unfit("an attempt that this node has joined");
  return await join(work, round, node);
}

async function goOn(
  work: WorkItem,
  round: RoundState,
  joined: Participant,
  node: RoundWorker,
): Promise<Turn> {
  // What was admitted may no longer be: data are read, and masks made, only of what still is. A vector that was made stands
  // as an answer does: a decline that comes then does not burn what the others and this region were charged for.
  const judged = round.phase === "share" || (round.phase === "mask" && !joined.hasMasked);
  const still = judged ? await admitted(work, node) : null;
  const charged = async (): Promise<void> => {
    if (still === null) throw new Error("data are read, and charged for, in the phase mask alone");
    await charge(still, node);
  };
  const own = round.phase === "advertise" ? await node.answers.find(envelopeId(work.query)) : null;
  return { own, reply: await silently(() => joined.reply(round, charged)) };
}

async function join(work: WorkItem, round: RoundState, node: RoundWorker): Promise<Turn> {
  const asked = await admitted(work, node);
  const { id, plan, roster, query } = asked;
  const { noiseShares } = plan;
  if (noiseShares === null) throw unfit("a query with a secure sum");
  // An answer of the region's own is charged for here. Behind masks alone nothing is, until masks are made: a round
  // that never forms costs nobody. What could not be paid is refused now, and not when the others count on it.
  const own = regionsAnswer(plan) ? await answer(work, node) : null;
  if (own === null) await node.ledger.check(chargeFor(asked));
  const participant = await Participant.begin({
    setting: {
      federation: node.federation,
      directory: query.directory,
      query: id,
      attempt: round.attempt,
      roster,
      noiseShares,
    },
    plan,
    code: node.code,
    signer: node.signer,
    disk: node.disk,
    primitives: nativePrimitives,
    random: node.random,
    noiseShares: node.noise.national,
    sums: (planned) => runPlan(planned, node.store),
  });
  node.attempts.get(id)?.participant.forget();
  node.attempts.delete(id); // Set anew, so that the order of the map is that of the attempts' beginnings.
  node.attempts.set(id, { participant, until: query.answerBy });
  return { own, reply: await participant.reply(round, notYet) };
}

const notYet = (): Promise<void> => Promise.reject(new Error("an advert is charged for nothing"));

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

/** Secrets of attempts that ended without a word are not kept; nor more of them than memory has room for. */
const MOST_JOINED = 50;

function forgetEnded({ attempts, now }: RoundWorker): void {
  for (const [id, { participant, until }] of attempts) {
    if (until > instant(now()) && attempts.size < MOST_JOINED) continue;
    participant.forget();
    attempts.delete(id);
  }
}

/** Says that this region takes no further part in an attempt, so that nobody waits for it. */
export function withdrawal(
  work: WorkItem,
  { attempt }: RoundState,
  { code, signer }: Pick<RoundWorker, "code" | "signer">,
): Reply {
  const said: Withdrawal = { query: envelopeId(work.query), attempt, node: code };
  return { envelope: signDocument("withdrawal", said, signer), boxes: [], chunks: [] };
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
