/**
 * What goes between nodes and the coordinator about logs: entries of a region's own log on their way out, checkpoints
 * on their way to witnesses, cosignatures on their way back; and the proof, with each question, that it is public.
 */
import { z } from "zod";
import type { Federation } from "../federation/directory.ts";
import { type Envelope, envelopeId, ofKind } from "../signing/envelope.ts";
import { toBase64, utf8 } from "../values/bytes.ts";
import { Instant, RegionCode } from "../values/names.ts";
import { Refusal } from "../values/refusal.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { documentEntry } from "./leaf.ts";
import { inclusionProof, leafHash, type ReadHash, type TreeHash, verifyInclusion } from "./merkle.ts";
import { base64 } from "./note.ts";
import { COORDINATOR, openWitnessed } from "./quorum.ts";
import { MAX_ENTRY } from "./tile.ts";

const Size = z.int().min(0);
const NoteText = z.string().max(500_000);
/** A checkpoint as its log signed it, without cosignatures. */
const SignedText = z.string().max(2000);
const HashText = z.string().length(44);
const LogName = z.union([z.literal(COORDINATOR), RegionCode]);

/** Entries of a region's own log after those that the coordinator has, and the checkpoint they lead to. */
export const Push = z.strictObject({
  node: RegionCode,
  from: Size,
  entries: z.array(z.string().max(Math.ceil(MAX_ENTRY / 3) * 4)).max(1000),
  checkpoint: SignedText,
});
export type Push = z.infer<typeof Push>;

export const Cosigned = z.strictObject({ log: LogName, size: Size, line: z.string().max(500) });
export type Cosigned = z.infer<typeof Cosigned>;

/** Signed with the node's answer key. A witness says what it has seen of each log, hands in what it cosigned, and asks for what is new. */
export const WitnessRequest = ofKind(
  "witness",
  z.strictObject({
    node: RegionCode,
    time: Instant,
    wait: z.int().min(0).max(60),
    /** Entries of the coordinator's log that it has read. */
    read: Size,
    /** The largest trees it has cosigned. */
    sizes: z.array(z.strictObject({ log: LogName, size: Size })).max(1001),
    cosignatures: z.array(Cosigned).max(1001),
    /** The largest checkpoint of its own log that it knows a quorum to have cosigned. */
    own: Size,
  }),
);
export type WitnessRequest = z.infer<typeof WitnessRequest>;

export const Offered = z.strictObject({
  log: LogName,
  checkpoint: NoteText,
  /** From the size that the witness has cosigned; none where that is 0 or the checkpoint's own. */
  proof: z.array(HashText).max(64),
});
export type Offered = z.infer<typeof Offered>;

export const WitnessReply = z.strictObject({
  offered: z.array(Offered).max(1001),
  /** Of the coordinator's log, after those that were read. */
  entries: z.array(z.string().max(Math.ceil(MAX_ENTRY / 3) * 4)).max(10_000),
  /** The checkpoint of the node's own log with its quorum, where it is larger than the one it knows. */
  own: NoteText.nullable(),
  /** How many entries of the node's own log the coordinator has. */
  kept: Size,
});
export type WitnessReply = z.infer<typeof WitnessReply>;

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
