/** A checkpoint on its way to a quorum, and the cosignatures that it has gathered. */
import { toBase64, utf8 } from "../protocol/bytes.ts";
import { cosign, cosignatures } from "../protocol/checkpoint.ts";
import type { Federation } from "../protocol/directory.ts";
import type { Signer } from "../protocol/envelope.ts";
import { formatSignature, parseNote } from "../protocol/note.ts";
import { COORDINATOR, witnessKeyOf } from "../protocol/quorum.ts";
import { Refusal } from "../protocol/refusal.ts";
import { leavesOf } from "../server/tlog.ts";
import type { CoordinatorStore } from "./database.ts";

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

/** Entries handed to a witness at a time. */
const MOST_BYTES = 1_000_000;
const MOST_ENTRIES = 2_000;

/** Entries of the coordinator's log from a place on, in base64: at least one, where there is one. */
export async function unreadOf({ kysely }: CoordinatorStore, from: number, to: number): Promise<string[]> {
  const entries = await leavesOf(kysely, COORDINATOR, from, Math.min(to, from + MOST_ENTRIES));
  let bytes = 0;
  const some = entries.filter((entry, index) => {
    bytes += entry.length;
    return index === 0 || bytes <= MOST_BYTES;
  });
  return some.map(toBase64);
}
