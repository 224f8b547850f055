/** Hands a signed document in, and is done once regions prove that it stands in the log: the coordinator's 200 says nothing. */
import type { Federation } from "../../../protocol/federation/directory.ts";
import { Approval } from "../../../protocol/question/approval.ts";
import { type Envelope, envelopeId, payloadOf } from "../../../protocol/signing/envelope.ts";
import type { Hash } from "../../../protocol/values/bytes.ts";
import { decide } from "../../../protocol/wire/decide.ts";
import { recorded } from "../../../protocol/wire/recorded.ts";
import { client } from "../proof/federation.ts";

/** How often, and how many times, one looks for the proof. */
const EVERY_MS = 1000;
const LOOKS = 180;

function patience(): () => Promise<boolean> {
  let looks = 0;
  return async () => {
    await new Promise((done) => setTimeout(done, EVERY_MS));
    return ++looks < LOOKS;
  };
}

/** Gives the question's id. Throws the refusal where it was not taken, or is not proved to stand in the log. */
export async function handInQuestion(
  federation: Federation,
  envelope: Envelope,
  aside: string | null,
): Promise<Hash> {
  await client("submitQuery", { body: envelope });
  if (aside !== null) await client("submitAside", { body: { text: aside } });
  await recorded(client, federation, "query", envelope, patience());
  return envelopeId(envelope);
}

/**
 * Gives until when the decision counts that stands: perhaps one from before. Throws the refusal where it was not taken, or
 * is not proved to stand in the log.
 */
export async function handInDecision(federation: Federation, envelope: Envelope): Promise<string> {
  const standing = await decide(client, federation, envelope, new Date());
  await recorded(client, federation, "approval", standing, patience());
  return payloadOf(Approval, standing).expires;
}
