/** Hands a signed document in, and is done once it is recorded. */
import type { Federation } from "../../../protocol/federation/directory.ts";
import { type Envelope, envelopeId } from "../../../protocol/signing/envelope.ts";
import type { Hash } from "../../../protocol/values/bytes.ts";
import { client } from "../proof/federation.ts";

export async function handInQuestion(
  _federation: Federation,
  envelope: Envelope,
  aside: string | null,
): Promise<Hash> {
  await client("submitQuery", { body: envelope });
  if (aside !== null) await client("submitAside", { body: { text: aside } });
  return envelopeId(envelope);
}

export async function handInDecision(_federation: Federation, envelope: Envelope): Promise<void> {
  await client("submitApproval", { body: envelope });
}
