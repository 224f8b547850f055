/** A checkpoint on its way to a quorum, and the cosignatures that it has gathered. */
import { utf8 } from "../protocol/bytes.ts";
import { cosign, cosignatures } from "../protocol/checkpoint.ts";
import type { Federation } from "../protocol/directory.ts";
import type { Signer } from "../protocol/envelope.ts";
import { formatSignature, parseNote } from "../protocol/note.ts";
import { COORDINATOR, witnessKeyOf } from "../protocol/quorum.ts";
import { Refusal } from "../protocol/refusal.ts";

/** The next one is offered when this one has it: witnesses gather on one. */
export type Offer = {
  readonly size: number;
  readonly checkpoint: string;
  /** Cosignature lines by witness. */
  readonly lines: Map<string, string>;
  met: boolean;
};

/** True if the line is this witness's cosignature of the checkpoint. */
export function verifies(federation: Federation, { checkpoint }: Offer, node: string, line: string): boolean {
  try {
    const note = parseNote(utf8(checkpoint + line));
    return cosignatures(note, [witnessKeyOf(federation, node)], federation.verify).length === 1;
  } catch (error) {
    if (error instanceof Refusal) return false; // Not one: it counts for nothing.
    throw error;
  }
}

/** The coordinator's own cosignature of a region's checkpoint: shown, and never counted. */
export function ownLine(federation: Federation, { checkpoint }: Offer, { sign }: Signer, now: Date): string {
  const { text } = parseNote(utf8(checkpoint));
  const time = Math.floor(now.getTime() / 1000);
  return formatSignature(cosign(text, time, witnessKeyOf(federation, COORDINATOR), sign));
}
