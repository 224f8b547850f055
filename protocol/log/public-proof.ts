/** The proof, with each question, that it stands in public: made by the coordinator, checked by every node before it answers. */
import { z } from "zod";
import type { Federation } from "../federation/directory.ts";
import { type Envelope, envelopeId } from "../signing/envelope.ts";
import { toBase64, utf8 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { documentEntry } from "./leaf.ts";
import { inclusionProof, leafHash, type ReadHash, type TreeHash, verifyInclusion } from "./merkle.ts";
import { base64 } from "./note.ts";
import { COORDINATOR, openWitnessed } from "./quorum.ts";

/** How many entries a log has, or a place in it. */
export const Size = z.int().min(0);
/** A tree's hash, in base64. */
export const HashText = z.string().length(44);
/** A checkpoint with its cosignatures. */
export const NoteText = z.string().max(500_000);

/** That documents stand in a log: a checkpoint with its cosignatures, and each one's place and path to the root. */
export const PublicProof = z.strictObject({
  checkpoint: NoteText,
  places: z.array(z.strictObject({ index: Size, proof: z.array(HashText).max(63) })).max(10_010),
});
export type PublicProof = z.infer<typeof PublicProof>;

export const hashTexts = (hashes: readonly TreeHash[]): string[] => hashes.map(toBase64);
export const readHashes = (texts: readonly string[]): TreeHash[] =>
  texts.map((text) => base64(text, "a hash"));

export const proveAll = (
  checkpoint: string,
  size: number,
  places: readonly number[],
  read: ReadHash,
): PublicProof => ({
  checkpoint,
  places: places.map((index) => ({ index, proof: hashTexts(inclusionProof(index, size, read)) })),
});

/** A cosigned checkpoint older than this shows nothing of what is in force now. */
export const FRESH_SECONDS = 24 * 3600;
/** Clocks differ: by so many seconds a cosignature's time may be off. */
export const SKEW_SECONDS = 900;

/**
 * Public before answered: directory, query and approvals, in this order, stand in a checkpoint of the coordinator's
 * log that a quorum has cosigned within 24 hours. Refuses what does not; gives the checkpoint.
 */
export function checkPublic(
  federation: Federation,
  { query, approvals }: { readonly query: Envelope; readonly approvals: readonly Envelope[] },
  proof: PublicProof | null,
  now: Date,
): Checkpoint {
  if (proof === null) throw new Refusal("proof-invalid", "expected a proof that the query is public");
  const { checkpoint, asOf } = openWitnessed(federation, COORDINATOR, utf8(proof.checkpoint));
  const age = now.getTime() / 1000 - (asOf ?? 0);
  if (age > FRESH_SECONDS)
    throw new Refusal("unavailable", "expected a checkpoint that a quorum has cosigned within 24 hours");
  if (age < -SKEW_SECONDS) throw new Refusal("proof-invalid", "expected no cosignatures of a time to come");
  const entries = [
    documentEntry("directory", federation.hash, federation.envelope),
    documentEntry("query", envelopeId(query), query),
    ...approvals.map((approval) => documentEntry("approval", envelopeId(approval), approval)),
  ];
  if (proof.places.length !== entries.length)
    throw new Refusal("proof-invalid", "expected a proof of the directory, the query and each approval");
  for (const [at, entry] of entries.entries()) {
    const { index, proof: path } = proof.places[at] ?? { index: -1, proof: [] };
    verifyInclusion(index, checkpoint.size, leafHash(entry), readHashes(path), checkpoint.root);
  }
  return checkpoint;
}
