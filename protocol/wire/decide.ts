/** Hands a decision in. What is to be proved then, and is what binds, is the one that stands: perhaps one from before. */
import type { Federation } from "../federation/directory.ts";
import { openSigned } from "../federation/openers.ts";
import { Approval } from "../question/approval.ts";
import { type Envelope, envelopeId } from "../signing/envelope.ts";
import type { Hash } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import type { Client } from "./client.ts";

/**
 * Hands a decision in; gives the one that stands, which is to be proved. Of one that its person had handed in before, in
 * the same role and for the same regions, that is the stored one.
 */
export async function decide(client: Client, federation: Federation, signed: Envelope): Promise<Envelope> {
  const { id } = await client("submitApproval", { body: signed });
  return id === envelopeId(signed) ? signed : await storedInstead(client, federation, signed, id);
}

/** Refuses (`not-recorded`) what the coordinator names and is not the same decision by the same person. */
async function storedInstead(
  client: Client,
  federation: Federation,
  signed: Envelope,
  id: Hash,
): Promise<Envelope> {
  const own = openSigned(federation, signed, Approval).payload;
  const { approvals } = await client("getQuery", { params: { id: own.query } });
  const found = approvals.find((each) => envelopeId(each) === id);
  const stored = found === undefined ? null : openSigned(federation, found, Approval).payload;
  const said = ({ query, approver, decision, role, region }: Approval) =>
    [query, approver, decision, role, region].join();
  if (found === undefined || stored === null || said(stored) !== said(own))
    throw new Refusal(
      "not-recorded",
      `the coordinator took ${envelopeId(signed)} for another document, ${id}`,
    );
  return found;
}
