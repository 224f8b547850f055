/**
 * What stands behind a release's secure sum, for auditors of the directory: the messages of its attempt, and the
 * pieces of vectors they bind. Nobody else is given it: should a key ever leak, it would say more than the sum does.
 */
import { z } from "zod";
import type { Federation } from "../federation/directory.ts";
import { openByPerson } from "../federation/openers.ts";
import { Envelope, ofKind } from "../signing/envelope.ts";
import { bytesOf, fromBase64, Hash } from "../values/bytes.ts";
import { Instant, Nonce, PersonId } from "../values/names.ts";
import { Refusal } from "../values/refusal.ts";
import { X25519Key } from "../values/x25519.ts";

/**
 * An auditor's request for what stands behind a release's secure sum: signed, so that who has it is known; answered
 * once; and what is given on it is encrypted to `key`, so that nobody else who has it is told anything.
 */
export const MaterialRequest = ofKind(
  "material",
  z.strictObject({
    release: Hash,
    auditor: PersonId,
    time: Instant,
    /** Made for this request alone. Neither it nor the nonce stands in requests from before, which are not answered. */
    key: X25519Key.optional(),
    nonce: Nonce.optional(),
  }),
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

/** What is in the box that a request is answered with: the messages, and the word by which pieces are asked for. */
export const GivenMessages = z.strictObject({ messages: MaterialMessages, word: bytesOf(32) });
export type GivenMessages = z.infer<typeof GivenMessages>;

/** One piece of the vector that a message binds, on a request that was answered: to whoever read that answer. */
export const PieceRequest = z.strictObject({
  request: Hash,
  word: bytesOf(32),
  document: Hash,
  place: z.int().min(0).max(63),
});
export type PieceRequest = z.infer<typeof PieceRequest>;

/** For so long after a request its pieces are given: hundreds of megabytes over a slow line. */
export const PIECES_FOR = 6 * 3600_000;

/** A request that can be answered. */
export type OpenedRequest = {
  readonly id: Hash;
  readonly request: MaterialRequest;
  /** To which everything that is given on it is encrypted. */
  readonly key: Uint8Array;
};

/** Opens an auditor's request: signed by a key of purpose `audit`, of a person with the role `auditor`. */
export function openMaterialRequest(federation: Federation, envelope: Envelope, now: Date): OpenedRequest {
  const { id, payload: request, person } = openByPerson(federation, envelope, MaterialRequest, now);
  if (!person.roles.includes("auditor")) throw new Refusal("role-missing", "expected the role auditor");
  if (request.key === undefined || request.nonce === undefined)
    throw new Refusal(
      "schema-mismatch",
      "expected a request with a key to encrypt to, and a nonce: sign it with a program of this version",
    );
  return { id, request, key: fromBase64(request.key) };
}
