/**
 * Gives auditors of the directory what stands behind a secure sum: on a signed request that is kept and logged before
 * anything is given, once, and encrypted to the key that the request names.
 */
import {
  type GivenMessages,
  type MaterialMessages,
  type OpenedRequest,
  openMaterialRequest,
  PIECES_FOR,
  type PieceRequest,
} from "../../protocol/release/material.ts";
import type { NationalPart } from "../../protocol/release/release.ts";
import { type About, boxFor } from "../../protocol/secure-sum/box.ts";
import { type Envelope, envelopeId, type Kind } from "../../protocol/signing/envelope.ts";
import { fromBase64, type Hash, hashOf, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { nativePrimitives } from "../../server/primitives.ts";
import { type Context, storedEnvelope, storedRelease } from "../context.ts";
import { countAdded } from "../query/added.ts";
import { once } from "../store/write.ts";
import { readChunk } from "./run-phases.ts";
import { messagesOf, type Round, roundOf } from "./state.ts";

const MAX_AGE = 15 * 60_000;

export type Random = (bytes: Uint8Array) => void;
type Giving = Context & { readonly random: Random };

/** Base64 of a box with the messages, and the word by which their pieces are asked for. */
export async function materialOf(envelope: Envelope, context: Giving): Promise<string> {
  const opened = openMaterialRequest(context.federation(), envelope, context.now());
  const { id, request } = opened;
  if (Math.abs(Date.parse(request.time) - context.now().getTime()) > MAX_AGE)
    throw new Refusal("clock-skew", "expected a request signed within the last 15 minutes");
  const { round, national } = await summedIn(request.release, context);
  const word = drawn(context);
  nativePrimitives.agree(word, opened.key); // Refuses a key that gives no secret, before the request is spent.
  await spend(opened, envelope, word, context);
  const messages = await messagesIn(round, national, context);
  const given = { messages, word: toBase64(word) } satisfies GivenMessages;
  return boxed(opened, { request: id, piece: null }, utf8(JSON.stringify(given)), context);
}

function drawn({ random }: Giving): Uint8Array {
  const bytes = new Uint8Array(32);
  random(bytes);
  return bytes;
}

const boxed = ({ key }: OpenedRequest, about: About, plain: Uint8Array, context: Giving): string =>
  toBase64(boxFor(key, about, plain, drawn(context), nativePrimitives));

/** The round whose sum a release says. */
async function summedIn(
  release: Hash,
  context: Context,
): Promise<{ readonly round: Round; readonly national: NationalPart }> {
  const row = await context.store.kysely
    .selectFrom("release")
    .select(["query", "envelope"])
    .where("id", "=", release)
    .executeTakeFirst();
  const round = row === undefined ? null : await roundOf(row.query, context);
  const national = row === undefined ? null : storedRelease(row.envelope).national;
  if (round === null || national === null)
    throw new Refusal("release-unknown", "expected the id of a release with a secure sum");
  return { round, national };
}

/**
 * On disk and in the log before anything is given. The leaf names the request by its digest; who asked for what is read
 * beside the log: by then it is spent, and what was given on it is for its key alone.
 */
async function spend(
  { id, request: { release, auditor } }: OpenedRequest,
  envelope: Envelope,
  word: Uint8Array,
  { store, logs, now }: Context,
): Promise<void> {
  const text = JSON.stringify(envelope);
  await once(store, async (database) => {
    const known = await database.selectFrom("request").select("id").where("id", "=", id).executeTakeFirst();
    if (known !== undefined)
      throw new Refusal("answered-before", "expected a request that was not answered before");
    if (logs !== null) await countAdded(database, auditor, now());
    const row = { id, release, envelope: text, received: instant(now()), word: hashOf(word) };
    await database.insertInto("request").values(row).execute();
    logs?.keep([[id, utf8(text)]]);
    await logs?.document(database, "request", id, null);
  });
}

async function messagesIn(round: Round, national: NationalPart, context: Context): Promise<MaterialMessages> {
  // Those that the release names: one that was still on its way when the sum was opened has no part in it.
  const named = new Set([...national.agreements, ...national.openings].map(({ hash }) => hash));
  const of = async (kind: Kind, nodes: readonly string[] | null) =>
    (await messagesOf(round, kind, context))
      .filter(({ node }) => nodes === null || nodes.includes(node))
      .map((message) => message.envelope);
  return {
    adverts: await of("advert", round.first),
    commitments: await of("commitment", round.second),
    masked: await of("masked", round.members),
    agreements: (await of("agreement", round.members)).filter((each) => named.has(envelopeId(each))),
    openings: (await of("opening", round.members)).filter((each) => named.has(envelopeId(each))),
  };
}

/** Base64 of a box with one piece. The request's signer is judged anew each time: a key may have been revoked meanwhile. */
export async function pieceOf(
  { request, word, document, place }: PieceRequest,
  context: Giving,
): Promise<string> {
  const { store, federation, now } = context;
  const row = await store.kysely
    .selectFrom("request")
    .select(["envelope", "release", "received"])
    .where("id", "=", request)
    .where("word", "=", hashOf(fromBase64(word)))
    .executeTakeFirst();
  if (row === undefined || now().getTime() - Date.parse(row.received) > PIECES_FOR)
    throw new Refusal(
      "answered-before",
      "expected a request that was answered within six hours, by whoever read the answer",
    );
  const opened = openMaterialRequest(federation(), storedEnvelope(row.envelope), now());
  const { round } = await summedIn(row.release, context);
  const { node } =
    (await store.kysely
      .selectFrom("message")
      .select("node")
      .where("id", "=", document)
      .where("query", "=", round.query)
      .where("attempt", "=", round.attempt)
      .executeTakeFirst()) ?? {};
  // Vectors that were left out of the sum are nobody's to see: with their masks opened they would say what the sum must not.
  if (node === undefined || !round.members.includes(node))
    throw new Refusal("round-unfit", "expected a message of a region that is in the sum");
  const bytes = await readChunk(document, place, context);
  return boxed(opened, { request, piece: [document, place] }, bytes, context);
}
