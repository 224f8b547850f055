/**
 * Read this first: all that a node does with a question, a call a step. Nothing leaves that was not stored; nothing
 * is read that was not charged; nothing is charged that was not admitted. A question for the nation alone goes through
 * the five phases of `node/secure-sum/participant.ts`, which calls `charge` before it masks.
 */
import type { Federation } from "../../protocol/federation/directory.ts";
import type { Frontier } from "../../protocol/log/frontier.ts";
import { regionsAnswer } from "../../protocol/plan/plan.ts";
import { ledgerGroupOf } from "../../protocol/question/catalogue.ts";
import { type Answer, writeVector } from "../../protocol/release/answer.ts";
import { type Envelope, envelopeId, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { format } from "../../protocol/values/rational.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { WorkItem } from "../../protocol/wire/routes.ts";
import type { ReadCalendar } from "../log/kept-documents.ts";
import type { NodeStore } from "../store/database.ts";
import type { Delivered } from "../store/delivered.ts";
import { type AdmitContext, type Admitted, admit } from "./admit.ts";
import type { Charge, Ledger } from "./ledger.ts";
import { addNoise, type Noise } from "./noise.ts";
import type { Policy } from "./policy.ts";
import type { AnswerShelf } from "./stored-answers.ts";
import { runPlan } from "./sums.ts";

export type Answerer = {
  readonly code: string;
  readonly federation: Federation;
  readonly signer: Signer;
  readonly store: NodeStore;
  readonly ledger: Ledger;
  readonly answers: AnswerShelf;
  readonly policy: () => Policy | null;
  /** Fresh each time: only tests pass another than the system's. */
  readonly noise: Noise;
  readonly now: () => Date;
  /** The coordinator's log as far as this node has read and cosigned it; null where no logs are kept. */
  readonly seen: () => Frontier | null;
  /** Declines of a query that this node has read in it. */
  readonly declines: (query: Hash) => Promise<readonly Envelope[]>;
  /** The periods of each dataset that this region has delivered, as its operator has said by now. */
  readonly delivered: () => Promise<Delivered>;
  /** The tables of datasets of which nothing is answered until their files have been imported anew. */
  readonly anew: () => Promise<readonly string[]>;
  /** False while somebody who has left may still count, since a change of the list has not come to the store. */
  readonly counted: () => boolean;
  /** Calendars that this node has read there to name it. */
  readonly calendars: (query: Hash) => Promise<readonly ReadCalendar[]>;
};

/** The node's signed answer, the same bytes for ever. Throws a refusal; a failure after the charge keeps it. */
export async function answer(work: WorkItem, node: Answerer): Promise<Envelope> {
  const stored = await node.answers.find(envelopeId(work.query));
  if (stored !== null) return stored;

  const asked = await admitted(work, node);
  const { id, plan, query } = asked;
  if (!regionsAnswer(plan))
    throw new Refusal("round-unfit", "expected a round: a national query is answered by a secure sum alone");
  await charge(asked, node);

  const noise = node.noise.regional(plan);
  const sums = await runPlan(plan, node.store);
  const vector = writeVector(addNoise(sums, noise));

  const payload = {
    query: id,
    directory: query.directory,
    node: node.code,
    charge: format(plan.charge),
    vector,
  };
  return await node.answers.keep(id, signDocument("answer", payload satisfies Answer, node.signer));
}

/** A question as it is judged now. */
export async function admitted(work: WorkItem, node: Asked): Promise<Admitted> {
  if (!node.counted())
    throw new Refusal("unavailable", "expected rows that are as the list of who is not counted says");
  return admit(work, await contextOf(work, node));
}

type Asked = Pick<
  Answerer,
  | "federation"
  | "code"
  | "policy"
  | "now"
  | "seen"
  | "declines"
  | "calendars"
  | "delivered"
  | "anew"
  | "counted"
>;

/** What a question is judged by, now. */
async function contextOf({ query }: WorkItem, node: Asked): Promise<AdmitContext> {
  const { federation, code } = node;
  const seen = node.seen(); // First: what was read so far is on disk.
  const id = envelopeId(query);
  const [declines, calendars] = [await node.declines(id), await node.calendars(id)];
  const [delivered, anew] = [await node.delivered(), await node.anew()];
  return {
    federation,
    code,
    policy: node.policy(),
    now: node.now(),
    seen,
    declines,
    calendars,
    delivered,
    anew,
  };
}

/** What comes before any data are read, for an answer or for a masked vector: the charge, on disk, once a query. */
export async function charge(admitted: Admitted, { ledger }: Pick<Answerer, "ledger">): Promise<void> {
  await ledger.reserve(chargeFor(admitted));
}

export const chargeFor = ({ id, plan, bookings, seen }: Admitted): Charge => ({
  query: id,
  account: ledgerGroupOf(plan.dataset),
  periods: plan.periods,
  rho: plan.charge,
  bookings,
  seen,
});
