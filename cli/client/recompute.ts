/**
 * An auditor adds a national release up anew: fetches what stands behind it, on a signed request, encrypted to a key that is
 * made for it. Nothing in it asks the coordinator's opinion.
 */
import { drawn, type Fill } from "../../node/random.ts";
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
import type { Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { givenFor, materialRequest } from "../../protocol/wire/fetch-material.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import type { Opening } from "../../server/keys.ts";
import { hashNatively, nativePrimitives } from "../../server/primitives.ts";
import type { Party } from "./ask.ts";
import { partyOf } from "./connect.ts";

/** A moment, and where random bytes come from. */
export type Fresh = { readonly now: () => Date; readonly random: Fill };

const MOST_TRIES = 3;

/**
 * What stands behind a release's secure sum, for an auditor of the directory: each time on a request of its own. One
 * whose answer was lost on the way is not answered again: another is signed.
 */
async function askedFor(
  to: Client,
  release: Hash,
  auditor: Party,
  { now, random }: Fresh,
): Promise<GivenMaterial> {
  for (let tries = 1; ; tries++) {
    const asked = { release, auditor: auditor.id, now: now() };
    const { request, own } = materialRequest(asked, drawn(48, random), nativePrimitives);
    const signed = signDocument("material", request, auditor.signer);
    try {
      return await givenFor(to, { signed, own }, nativePrimitives);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "answered-before" || tries === MOST_TRIES)
        throw error;
    }
  }
}

/** The coordinator of a log's address. */
export const baseOf = (address: string): string => address.replace(/\/+$/, "").replace(/\/log$/, "");

/** Asks a running coordinator for what stands behind secure sums, as an auditor of the directory. */
export function materialGiver(
  to: Client,
  keyFile: string,
  federation: Federation,
  fresh: Fresh,
  opening: Opening,
): (release: Hash) => Promise<GivenMaterial> {
  const auditor = partyOf(federation, keyFile, "audit", opening);
  return (release) => askedFor(to, release, auditor, fresh);
}

/** Throws a refusal that names what does not hold. `onPiece` is called after each piece fetched. */
export async function recompute(
  to: Client,
  federation: Federation,
  id: Hash,
  auditor: Party,
  fresh: Fresh,
  onPiece: (done: number, of: number) => void = () => undefined,
): Promise<Recomputed> {
  const { query, release, releaseId, envelope } = await fetchResult(to, federation, id);
  const { judged } = openRelease(federation, envelope);
  if (release.national === null) throw new Refusal("release-unknown", "expected a release with a secure sum");
  const given = await askedFor(to, releaseId, auditor, fresh);
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
