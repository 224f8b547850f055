/** Hands a decision in. What is to be proved then, and is what binds, is the one that stands: perhaps one from before. */
import { openApprovals } from "../federation/approvals.ts";
import type { Federation } from "../federation/directory.ts";
import { openSigned } from "../federation/openers.ts";
import { Approval } from "../question/approval.ts";
import { type Envelope, envelopeId } from "../signing/envelope.ts";
import type { Hash } from "../values/bytes.ts";
import { Refusal } from "../values/refusal.ts";
import type { Client } from "./client.ts";

/**
 * Hands a decision in; gives the one that stands, which is to be proved. Of one that its person had handed in before, in
 * the same role and for the same regions, that is the stored one, which may end sooner.
 */
export async function decide(
  client: Client,
  federation: Federation,
  signed: Envelope,
  now: Date,
): Promise<Envelope> {
  const { id } = await client("submitApproval", { body: signed });
  return id === envelopeId(signed) ? signed : await storedInstead(client, { federation, signed, id, now });
}

type Instead = {
  readonly federation: Federation;
  readonly signed: Envelope;
  readonly id: Hash;
  readonly now: Date;
};

/**
 * Refuses (`not-recorded`) what the coordinator names and is not the same decision by the same person, on the same
 * conditions; and one that regions count no more: it ended, or its key was revoked.
 */
async function storedInstead(client: Client, { federation, signed, id, now }: Instead): Promise<Envelope> {
  const own = openSigned(federation, signed, Approval).payload;
  const { approvals } = await client("getQuery", { params: { id: own.query } });
  const found = approvals.find((each) => envelopeId(each) === id);
  const [stood] = openApprovals(federation, found === undefined ? [] : [found], now);
  const stored = stood === undefined || typeof stood.opened === "string" ? null : stood.opened.approval;
  const said = ({ query, approver, decision, role, region, conditions }: Approval) =>
    JSON.stringify([query, approver, decision, role, region, conditions]);
  if (found === undefined || stored === null || said(stored) !== said(own))
    throw new Refusal(
      "not-recorded",
      `the coordinator took ${envelopeId(signed)} for another document, ${id}`,
    );
  return found;
}
