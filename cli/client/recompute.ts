/**
 * An auditor adds a national release up anew: fetches what stands behind it, on a signed request. Nothing in it asks the
 * coordinator's opinion.
 */
import type { Federation } from "../../protocol/federation/directory.ts";
import { openRelease } from "../../protocol/release/release.ts";
import {
  type GivenMaterial,
  piecesOf,
  type Recomputed,
  recomputeSum,
  settingFor,
} from "../../protocol/secure-sum/recompute.ts";
import { signDocument } from "../../protocol/signing/envelope.ts";
import { fromBase64, type Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import type { Opening } from "../../server/keys.ts";
import { hashNatively, nativePrimitives } from "../../server/primitives.ts";
import type { Party } from "./ask.ts";
import { partyOf } from "./connect.ts";

/** What stands behind a release's secure sum, for an auditor of the directory: asked for by signature, which is logged. */
async function givenTo(to: Client, release: Hash, auditor: Party, now: Date): Promise<GivenMaterial> {
  const request = signDocument(
    "material",
    { release, auditor: auditor.id, time: instant(now) },
    auditor.signer,
  );
  return {
    messages: await to("getMaterial", { body: request }),
    piece: async (document, place) =>
      fromBase64((await to("getPiece", { body: { request, document, place } })).bytes),
  };
}

/** The coordinator of a log's address. */
export const baseOf = (address: string): string => address.replace(/\/+$/, "").replace(/\/log$/, "");

/** Asks a running coordinator for what stands behind secure sums, as an auditor of the directory. */
export function materialGiver(
  to: Client,
  keyFile: string,
  federation: Federation,
  now: () => Date,
  opening: Opening,
): (release: Hash) => Promise<GivenMaterial> {
  const auditor = partyOf(federation, keyFile, "audit", opening);
  return (release) => givenTo(to, release, auditor, now());
}

/** Throws a refusal that names what does not hold. `onPiece` is called after each piece fetched. */
export async function recompute(
  to: Client,
  federation: Federation,
  id: Hash,
  auditor: Party,
  now: Date,
  onPiece: (done: number, of: number) => void = () => undefined,
): Promise<Recomputed> {
  const { query, release, releaseId, envelope } = await fetchResult(to, federation, id);
  const { judged } = openRelease(federation, envelope);
  if (release.national === null) throw new Refusal("release-unknown", "expected a release with a secure sum");
  const given = await givenTo(to, releaseId, auditor, now);
  const pieces = piecesOf(settingFor(judged, { query, id }, release), given.messages);
  let fetched = 0;
  const piece: GivenMaterial["piece"] = async (document, place) => {
    const bytes = await given.piece(document, place);
    onPiece(++fetched, pieces);
    return bytes;
  };
  const tools = { primitives: nativePrimitives, hash: hashNatively };
  return await recomputeSum(judged, { query, id }, release, { ...given, piece }, tools);
}
