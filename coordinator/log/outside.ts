/**
 * Asks witnesses from outside the federation for their cosignatures, as C2SP's tlog-witness says: each by itself, of the
 * coordinator's newest checkpoint. What none of them answers keeps nobody else waiting. A witness' answer is chosen by
 * whoever runs it: it is bounded, and judged by `protocol/log/add-checkpoint.ts`.
 */
import {
  addCheckpointBody,
  cosignatureIn,
  MOST_ANSWER_BYTES,
  sizeIn,
} from "../../protocol/log/add-checkpoint.ts";
import type { TreeHash } from "../../protocol/log/merkle.ts";
import { formatVerifierKey } from "../../protocol/log/note.ts";
import type { OutsideWitness } from "../../protocol/log/quorum.ts";
import type { Verify } from "../../protocol/signing/ed25519.ts";
import { concat, fromUtf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { deadlineIn, sleep } from "../../server/deadline.ts";
import { type Logger, nameOf } from "../../server/logger.ts";
import type { Bell } from "../bell.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { once } from "../store/write.ts";
import type { Offer } from "./kept-log.ts";

export type OutsideContext = {
  readonly store: CoordinatorStore;
  readonly fetch: Fetch;
  readonly verify: Verify;
  readonly now: () => Date;
  readonly logger: Logger;
  /** Rings when there may be another checkpoint to ask for. */
  readonly bell: Bell;
  /** The checkpoint of the coordinator's log that is on offer; null while there is none. */
  readonly offer: () => Offer | null;
  /** That the tree on offer only adds to the one of `from` entries. */
  readonly proof: (from: number, to: number) => TreeHash[];
  /** Keeps a cosignature of an offer, and shows it. */
  readonly take: (name: string, offer: Offer, line: string) => Promise<void>;
};

/** Whoever answers nothing in so many milliseconds is asked again later. */
const PATIENCE = 30_000;
/** After a failure so long, then twice as long, and so on; from the beginning again once one has cosigned. */
const FIRST_RETRY = 500;
const LAST_RETRY = 300_000;

/** Watches until the signal; gives nothing, and never fails. */
export async function askOutside(
  witness: OutsideWitness,
  context: OutsideContext,
  stopping: AbortSignal,
): Promise<void> {
  const { bell, offer, logger } = context;
  let answered: Offer | null = null;
  let failures = 0;
  while (!stopping.aborted) {
    const rung = bell.rung();
    const asked = offer();
    if (asked === null || asked === answered) {
      await bell.wait(rung, stopping);
      continue;
    }
    try {
      await askFor(asked, witness, context, stopping);
      answered = asked;
      failures = 0;
    } catch (error) {
      if (stopping.aborted) return;
      failures++;
      const { name } = witness;
      if (error instanceof Refusal) logger.warn({ witness: name, says: error.message, failures }, LACKING);
      else logger.warn({ witness: name, error: nameOf(error), failures }, LACKING);
      await sleep(Math.min(LAST_RETRY, FIRST_RETRY * 2 ** Math.min(failures - 1, 20)), stopping);
    }
  }
}

const LACKING = "a witness from outside has not cosigned; it is asked again";

/**
 * One checkpoint, from the size that the witness is known to have cosigned; once more where it says (409) that it is
 * another. Refuses (`unavailable`) what it does not cosign.
 */
async function askFor(
  offer: Offer,
  witness: OutsideWitness,
  context: OutsideContext,
  stopping: AbortSignal,
): Promise<void> {
  let old = Math.min(await rememberedSize(witness, context), offer.size);
  for (let again = true; ; again = false) {
    const { status, text, type } = await post(offer, old, witness, context, stopping);
    if (status === 200) {
      const line = cosignatureIn(text, offer.checkpoint, witness.key, context.verify, context.now());
      await rememberSize(witness, offer.size, context);
      return await context.take(witness.name, offer, line);
    }
    const size = status === 409 ? sizeIn(text, type) : null;
    if (size === null || !again || size === old || size > offer.size)
      throw new Refusal("unavailable", `expected a cosignature; HTTP ${status} came${saysOf(size, offer)}`);
    old = size;
  }
}

const saysOf = (size: number | null, offer: Offer): string =>
  size !== null && size > offer.size ? ": it has cosigned a tree that is larger than this log" : "";

async function post(
  { checkpoint, size }: Offer,
  old: number,
  { url }: OutsideWitness,
  { fetch, proof }: OutsideContext,
  stopping: AbortSignal,
): Promise<{ readonly status: number; readonly text: string; readonly type: string | null }> {
  const body = addCheckpointBody(old, old === 0 || old === size ? [] : proof(old, size), checkpoint);
  const deadline = deadlineIn(PATIENCE);
  const signal = AbortSignal.any([stopping, deadline.signal]);
  try {
    // It answers for itself: nobody is sent on to another address.
    const init: RequestInit = { method: "POST", body, signal, redirect: "error" };
    const response = await fetch(`${url}/add-checkpoint`, init);
    const { status, headers } = response;
    return { status, text: await boundedText(response), type: headers.get("content-type") };
  } finally {
    deadline.stop();
  }
}

/** What came, in UTF-8. Refuses more than a witness has to say, as soon as more has come. */
async function boundedText({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > MOST_ANSWER_BYTES)
      throw new Refusal("too-large", `expected an answer of at most ${MOST_ANSWER_BYTES} bytes`);
    pieces.push(piece);
  }
  return fromUtf8(concat(...pieces));
}

/** By key: another witness, or this one with another key, has seen nothing yet. */
const keyOf = ({ key }: OutsideWitness): string => `outside ${formatVerifierKey(key)}`;

/** The tree that it has cosigned last, so that it need not be asked first; 0 where that is not known. */
async function rememberedSize(witness: OutsideWitness, { store }: OutsideContext): Promise<number> {
  const row = await store.kysely
    .selectFrom("meta")
    .select("value")
    .where("key", "=", keyOf(witness))
    .executeTakeFirst();
  return Number(row?.value ?? 0);
}

async function rememberSize(witness: OutsideWitness, size: number, { store }: OutsideContext): Promise<void> {
  const row = { key: keyOf(witness), value: String(size) };
  await once(store, async (database) => {
    await database.deleteFrom("meta").where("key", "=", row.key).execute();
    await database.insertInto("meta").values(row).execute();
  });
}
