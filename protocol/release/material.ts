/**
 * What stands behind a release's secure sum, for auditors of the directory: the messages of its attempt, and the
 * pieces of vectors they bind. Nobody else is given it: should a key ever leak, it would say more than the sum does.
 */
import { z } from "zod";
import type { Federation } from "../federation/directory.ts";
import { openByPerson } from "../federation/openers.ts";
import { Envelope, ofKind } from "../signing/envelope.ts";
import { Hash } from "../values/bytes.ts";
import { Instant, PersonId } from "../values/names.ts";
import { Refusal } from "../values/refusal.ts";

/** An auditor's request for what stands behind a release's secure sum: signed, so that who has it is known. */
export const MaterialRequest = ofKind(
  "material",
  z.strictObject({ release: Hash, auditor: PersonId, time: Instant }),
);
export type MaterialRequest = z.infer<typeof MaterialRequest>;

const Messages = z.array(Envelope).max(255);

/** The messages of the attempt whose set was agreed on; commitments are those of U2. */
export const MaterialMessages = z.strictObject({
  adverts: Messages,
  commitments: Messages,
  masked: Messages,
  agreements: Messages,
  openings: Messages,
});
export type MaterialMessages = z.infer<typeof MaterialMessages>;

/** One piece of the vector that a message binds; the request as it was signed, with each. */
export const PieceRequest = z.strictObject({
  request: Envelope,
  document: Hash,
  place: z.int().min(0).max(63),
});

/** Opens an auditor's request: signed by a key of purpose `audit`, of a person with the role `auditor`. */
export function openMaterialRequest(
  federation: Federation,
  envelope: Envelope,
  now: Date,
): { readonly id: Hash; readonly request: MaterialRequest } {
  const opened = openByPerson(federation, envelope, MaterialRequest, now);
  if (!opened.person.roles.includes("auditor"))
    throw new Refusal("role-missing", "expected the role auditor");
  return { id: opened.id, request: opened.payload };
}
