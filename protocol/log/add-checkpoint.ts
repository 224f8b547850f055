/**
 * What a log asks a witness for (C2SP tlog-witness, `add-checkpoint`), and what it takes of the answer. A witness is
 * nobody's friend: its answer is judged before anything of it is believed.
 */
import type { Verify } from "../signing/ed25519.ts";
import { toBase64, utf8 } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import { cosignatures } from "./checkpoint.ts";
import type { TreeHash } from "./merkle.ts";
import { formatSignature, malformed, parseNote, type VerifierKey } from "./note.ts";
import { SKEW_SECONDS } from "./public-proof.ts";

/** More than any witness has to say: some signature lines. */
export const MOST_ANSWER_BYTES = 16_384;
export const SIZE_TYPE = "text/x.tlog.size";

/**
 * The body of a request: from the tree that the witness has cosigned last (`old` 0: none), with the proof that this one
 * only adds to it, empty where there is nothing to prove. `checkpoint` is the note as the log signed it.
 */
export const addCheckpointBody = (old: number, proof: readonly TreeHash[], checkpoint: string): string =>
  [`old ${old}`, ...proof.map(toBase64), "", checkpoint].join("\n");

/**
 * The witness's own cosignature of the checkpoint that it was asked for, as one line. Lines of other keys are passed
 * over. Refuses (`log-malformed`, `signature-invalid`) an answer without it, one that is not signature lines alone, and a
 * time that is not now: it would make the log look seen when it was not.
 */
export function cosignatureIn(
  answer: string,
  checkpoint: string,
  witness: VerifierKey,
  verify: Verify,
  now: Date,
): string {
  // One text with the checkpoint's: a blank line would move where its text ends.
  if (!/^(\u2014 [^\n]+\n)+$/.test(answer)) throw malformed("signature lines alone");
  const note = parseNote(utf8(checkpoint + answer));
  const [own] = cosignatures(note, [witness], verify);
  const line = note.signatures.find(({ name, id }) => name === witness.name && id === witness.id);
  if (own === undefined || line === undefined) throw malformed("the witness's own cosignature");
  if (Math.abs(own.time - now.getTime() / 1000) > SKEW_SECONDS)
    throw new Refusal("signature-invalid", "expected a cosignature of this hour");
  return formatSignature(line);
}

/** The size that a witness says it has cosigned (409); null where it says none. */
export function sizeIn(answer: string, contentType: string | null): number | null {
  const type = contentType?.split(";")[0]?.trim();
  const digits = /^(0|[1-9]\d{0,15})\n$/.exec(answer)?.[1];
  const size = Number(digits);
  return type === SIZE_TYPE && digits !== undefined && Number.isSafeInteger(size) ? size : null;
}
