/** Asking: fills a query in, signs, approves, submits, and follows it until there is a release. */
import { randomBytes } from "node:crypto";
import type { Approval } from "../protocol/approval.ts";
import { Aside, writeAside } from "../protocol/aside.ts";
import { Hash } from "../protocol/bytes.ts";
import type { Client } from "../protocol/client.ts";
import { type Envelope, envelopeId, type Signer, seal } from "../protocol/envelope.ts";
import { instant, Query } from "../protocol/query.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import type { QueryStatus } from "../protocol/routes.ts";

/** A person who signs. */
export type Party = { readonly id: string; readonly signer: Signer };

const after = (now: Date, minutes: number): string => instant(new Date(now.getTime() + minutes * 60_000));

/** A draft says its purpose in words; the query binds it by digest, and the words go beside it. */
export function withPurpose(draft: unknown): { readonly draft: object; readonly aside: string | null } {
  const base = typeof draft === "object" && draft !== null ? draft : {};
  const said = "purpose" in base ? base.purpose : null;
  if (typeof said !== "string" || Hash.safeParse(said).success) return { draft: base, aside: null };
  const aside = { of: "purpose", salt: randomBytes(32).toString("hex"), text: said } as const;
  const { id, text } = writeAside(parseWith(Aside, aside, "purpose"));
  return { draft: { ...base, purpose: id }, aside: text };
}

/** What only the federation and the moment know is filled in where the file leaves it out. */
export function fillQuery(given: unknown, directory: Hash, requester: string, now: Date): Query {
  const { draft: base } = withPurpose(given);
  const filled = {
    directory,
    requester,
    notBefore: after(now, -1),
    expires: after(now, 60),
    answerBy: after(now, 60),
    nonce: randomBytes(16).toString("hex"),
    ...base,
  };
  return parseWith(Query, filled, "query");
}

export const signQuery = (query: Query, signer: Signer): Envelope => seal("query", query, signer);

export function signApproval(
  query: Hash,
  { id, signer }: Party,
  now: Date,
  more: Partial<Approval> = {},
): Envelope {
  const approval: Approval = {
    query,
    approver: id,
    decision: "approve",
    role: "approver",
    region: "all",
    conditions: [],
    expires: after(now, 24 * 60),
    ...more,
  };
  return seal("approval", approval, signer);
}

/** Submits a query with its approvals, and what stands beside it; gives its id. */
export async function ask(
  client: Client,
  envelope: Envelope,
  approvals: readonly Envelope[],
  aside: string | null = null,
): Promise<Hash> {
  await client("submitQuery", { body: envelope });
  if (aside !== null) await client("submitAside", { body: { text: aside } });
  for (const approval of approvals) await client("submitApproval", { body: approval });
  return envelopeId(envelope);
}

/** Waits until a query has come to an end; `onStatus` sees each look. Refuses after `seconds`. */
export async function follow(
  client: Client,
  id: Hash,
  seconds: number,
  onStatus: (status: QueryStatus) => void = () => undefined,
): Promise<QueryStatus> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const status = await client("getQuery", { params: { id } });
    onStatus(status);
    if (status.state !== "waiting" && status.state !== "open") return status;
    if (Date.now() > until)
      throw new Refusal(
        "unavailable",
        `expected the query to end within ${seconds} s; it is ${status.state}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
