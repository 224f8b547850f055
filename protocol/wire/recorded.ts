/**
 * That what was handed in stands in the log: proved by the regions that have cosigned it, never said by the coordinator,
 * who may take a decline with a 200 and hide it. Until it is proved, nobody may say "recorded". Runs in a browser too.
 */
import { type Federation, isLogged } from "../federation/directory.ts";
import { type DocumentKind, documentEntry } from "../log/leaf.ts";
import { leafHash, verifyInclusion } from "../log/merkle.ts";
import { COORDINATOR, openWitnessed } from "../log/quorum.ts";
import { parseReceipt } from "../log/receipt.ts";
import { type Envelope, envelopeId } from "../signing/envelope.ts";
import { Refusal, type RefusalCode } from "../values/refusal.ts";
import type { Client } from "./client.ts";

export type Recorded = {
  /** Its place in the coordinator's log, and how many entries those that have cosigned it have seen. */
  readonly index: number;
  readonly size: number;
  /** When the quorum stood, in POSIX seconds; null where the federation needs none. */
  readonly asOf: number | null;
};

/** What may be otherwise in a while. */
const WAITS: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "proof-pending",
  "unavailable",
  "rate-limited",
]);

/** Called between looks: waits a little, and says whether to look again. */
export type LookAgain = () => Promise<boolean>;

/**
 * Waits until the document is proved to stand in the log, while `again` says so. Null where the federation keeps no logs:
 * nothing can be recorded there. Refuses (`not-recorded`) where `again` has given up, where the coordinator says that it
 * knows no such document, and where what it shows proves nothing.
 */
export async function recorded(
  client: Client,
  federation: Federation,
  kind: DocumentKind,
  envelope: Envelope,
  again: LookAgain,
): Promise<Recorded | null> {
  if (!isLogged(federation)) return null;
  const id = envelopeId(envelope);
  for (;;) {
    try {
      const { proof } = await client("getProof", { params: { id } });
      return proved(federation, kind, envelope, proof);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (WAITS.has(error.code) && (await again())) continue;
      throw new Refusal(
        "not-recorded",
        `the coordinator took ${id} and does not prove that it stands in the log (${error.code}: ${error.message})`,
        { cause: error },
      );
    }
  }
}

/**
 * What a proof proves of a document; refuses (`proof-invalid`, `signature-invalid`, `log-malformed`) one that proves
 * nothing. `text` comes from the coordinator.
 */
export function proved(
  federation: Federation,
  kind: DocumentKind,
  envelope: Envelope,
  text: string,
): Recorded {
  const { index, proof, checkpoint: note } = parseReceipt(text);
  const { checkpoint, asOf } = openWitnessed(federation, COORDINATOR, note);
  const entry = documentEntry(kind, envelopeId(envelope), envelope);
  verifyInclusion(index, checkpoint.size, leafHash(entry), proof, checkpoint.root);
  return { index, size: checkpoint.size, asOf };
}
