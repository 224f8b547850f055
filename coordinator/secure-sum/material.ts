/** Gives auditors of the directory what stands behind a secure sum, on a signed request that is kept. */
import type { MaterialMessages } from "../../protocol/release/material.ts";
import { openMaterialRequest } from "../../protocol/release/material.ts";
import type { NationalPart } from "../../protocol/release/release.ts";
import { type Envelope, envelopeId, type Kind } from "../../protocol/signing/envelope.ts";
import { type Hash, toBase64 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type Context, storedRelease } from "../context.ts";
import { once } from "../store/write.ts";
import { readChunk } from "./run-phases.ts";
import { messagesOf, type Round, roundOf } from "./state.ts";

const MAX_AGE = 15 * 60_000;

/** The request, kept before anything is given; the round whose sum was released. */
async function judged(
  envelope: Envelope,
  context: Context,
): Promise<{ round: Round; national: NationalPart }> {
  const { federation, store, now, logs } = context;
  const { id, request } = openMaterialRequest(federation(), envelope, now());
  if (Math.abs(Date.parse(request.time) - now().getTime()) > MAX_AGE)
    throw new Refusal("clock-skew", "expected a request signed within the last 15 minutes");
  const row = await store.kysely
    .selectFrom("release")
    .select(["query", "envelope"])
    .where("id", "=", request.release)
    .executeTakeFirst();
  const round = row === undefined ? null : await roundOf(row.query, context);
  const national = row === undefined ? null : storedRelease(row.envelope).national;
  if (round === null || national === null)
    throw new Refusal("release-unknown", "expected the id of a release with a secure sum");
  const kept = { id, release: request.release, envelope: JSON.stringify(envelope), received: instant(now()) };
  await once(store, async (database) => {
    const known = await database.selectFrom("request").select("id").where("id", "=", id).executeTakeFirst();
    if (known !== undefined) return;
    await database.insertInto("request").values(kept).execute();
    await logs?.document(database, "request", id, envelope);
  });
  return { round, national };
}

export async function materialOf(envelope: Envelope, context: Context): Promise<MaterialMessages> {
  const { round, national } = await judged(envelope, context);
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

export async function pieceOf(
  { request, document, place }: { request: Envelope; document: Hash; place: number },
  context: Context,
): Promise<string> {
  const { round } = await judged(request, context);
  const { node } =
    (await context.store.kysely
      .selectFrom("message")
      .select("node")
      .where("id", "=", document)
      .where("query", "=", round.query)
      .where("attempt", "=", round.attempt)
      .executeTakeFirst()) ?? {};
  // Vectors that were left out of the sum are nobody's to see: with their masks opened they would say what the sum must not.
  if (node === undefined || !round.members.includes(node))
    throw new Refusal("round-unfit", "expected a message of a region that is in the sum");
  return toBase64(await readChunk(document, place, context));
}
