/**
 * An auditor adds a national release up anew: from the masked vectors, the shares that opened their masks and the
 * surplus noise, each checked against what its region signed. Nothing in it asks the coordinator's opinion.
 */
import { fromBase64, type Hash, hashOf } from "../protocol/bytes.ts";
import type { Client } from "../protocol/client.ts";
import { type Federation, rosterOf } from "../protocol/directory.ts";
import { seal } from "../protocol/envelope.ts";
import { instant } from "../protocol/query.ts";
import { Refusal } from "../protocol/refusal.ts";
import { openAgreements } from "../protocol/session.ts";
import { stepOf } from "../protocol/shares.ts";
import { openSum, readMaterial } from "../protocol/unmask.ts";
import { hashNatively, nativePrimitives } from "../server/secure.ts";
import type { Party } from "./ask.ts";
import { fetchResult } from "./result.ts";

export type Recomputed = { readonly survivors: readonly string[]; readonly unopened: readonly string[] };

/** Throws a refusal that names what does not hold. `onPiece` is called after each piece fetched. */
export async function recompute(
  client: Client,
  federation: Federation,
  id: Hash,
  auditor: Party,
  now: Date,
  onPiece: (done: number, of: number) => void = () => undefined,
): Promise<Recomputed> {
  const { query, plan, release } = await fetchResult(client, federation, id);
  const { national } = release;
  if (national === null || plan.shares === null)
    throw new Refusal("release-unknown", "expected a release with a secure sum");
  const { release: hash } = await client("getQuery", { params: { id } });
  const request = seal(
    "material",
    { release: hash ?? "", auditor: auditor.id, time: instant(now) },
    auditor.signer,
  );
  const shown = await client("getMaterial", { body: request });
  const setting = {
    federation,
    query: id,
    attempt: national.attempt,
    roster: rosterOf(federation, query),
    shares: plan.shares,
  };
  const material = readMaterial(setting, shown);
  const { session, u2, masked, openings, survivors } = material;
  const within = { session, u2, survivors: material.survivorsHash };
  openAgreements(setting, within, survivors, shown.agreements);
  const named = new Set(national.openings.map(({ hash }) => hash));
  if (openings.length !== named.size || openings.some(({ id: document }) => !named.has(document)))
    throw new Refusal("signature-invalid", "expected the openings that the release names");
  const bound = new Map<Hash, readonly Hash[]>([
    ...masked.map(({ id: document, payload }) => [document, payload.chunks] as const),
    ...openings.map(({ id: document, payload }) => [document, payload.surplus?.chunks ?? []] as const),
  ]);
  const pieces = [...bound.values()].reduce((sum, chunks) => sum + chunks.length, 0);
  let fetched = 0;
  const piece = async (document: Hash, place: number): Promise<Uint8Array> => {
    const bytes = fromBase64((await client("getPiece", { body: { request, document, place } })).bytes);
    onPiece(++fetched, pieces);
    if (hashNatively(bytes) !== bound.get(document)?.[place])
      throw new Refusal("signature-invalid", "expected a piece of the vector that its region signed");
    return bytes;
  };
  const { bytes, unopened } = await openSum(setting, plan, material, piece, nativePrimitives);
  if (hashOf(bytes) !== national.sum)
    throw new Refusal("signature-invalid", "expected the published sum to be the sum of the masked vectors");
  const said = survivors.flatMap(({ node }) =>
    national.openings.some(({ region, surplus }) => region === node && surplus) ? [] : [node],
  );
  const left = stepOf(plan.shares, plan.shares.n - survivors.length) < plan.shares.steps.length - 1;
  if (left && said.join() !== unopened.join())
    throw new Refusal("signature-invalid", "expected the surplus noise taken away that the release says");
  return { survivors: survivors.map(({ node }) => node), unopened };
}
