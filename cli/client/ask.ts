/** Asking: fills a query in, signs, approves, submits, and follows it until there is a release. */
import { drawn, type Fill } from "../../node/random.ts";
import { Aside, writeAside } from "../../protocol/federation/aside.ts";
import type { Approval } from "../../protocol/question/approval.ts";
import { NEWEST_EDITION, Query } from "../../protocol/question/query.ts";
import { type Envelope, envelopeId, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import { Hash, toHex } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import type { LookAgain } from "../../protocol/wire/recorded.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { deadlineIn, sleep } from "../../server/deadline.ts";
import { needsDelivery, waitsFor } from "./waits-for.ts";

/** A person who signs. */
export type Party = { readonly id: string; readonly signer: Signer };

const after = (now: Date, minutes: number): string => instant(new Date(now.getTime() + minutes * 60_000));

/** A draft says its purpose in words; the query binds it by digest, and the words go beside it. */
export function withPurpose(
  draft: unknown,
  random: Fill,
): { readonly draft: object; readonly aside: string | null } {
  const base = typeof draft === "object" && draft !== null ? draft : {};
  const said = "purpose" in base ? base.purpose : null;
  if (typeof said !== "string" || Hash.safeParse(said).success) return { draft: base, aside: null };
  const aside = { of: "purpose", salt: toHex(drawn(32, random)), text: said } as const;
  const { id, text } = writeAside(parseWith(Aside, aside, "purpose"));
  return { draft: { ...base, purpose: id }, aside: text };
}

/** What only the federation and the moment know is filled in where the file leaves it out. */
export function fillQuery(
  given: unknown,
  directory: Hash,
  requester: string,
  now: Date,
  random: Fill,
): Query {
  const { draft: base } = withPurpose(given, random);
  const filled = {
    edition: NEWEST_EDITION,
    directory,
    requester,
    notBefore: after(now, -1),
    expires: after(now, 60),
    answerBy: after(now, 60),
    nonce: toHex(drawn(16, random)),
    ...base,
  };
  return parseWith(Query, filled, "query");
}

export const signQuery = (query: Query, signer: Signer): Envelope => signDocument("query", query, signer);

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
  return signDocument("approval", approval, signer);
}

/** Milliseconds between looks for a proof. */
const PROOF = 250;

/** Looks again and again for about so many seconds; says now and then what is waited for. */
export function lookingFor(seconds: number, onWait: (line: string) => void): LookAgain {
  let looks = 0;
  return async () => {
    if (looks * PROOF >= seconds * 1000) return false;
    looks++;
    if ((looks * PROOF) % SAY === 0)
      onWait("it was taken; a quorum of regions has yet to cosign the log that holds it");
    await sleep(PROOF);
    return true;
  };
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

/** How a query is followed: for ever, unless a number of seconds is given. */
export type Following = {
  readonly seconds?: number;
  /** Told what is waited for, whenever nothing has changed for a while. */
  readonly onWait?: (line: string) => void;
};

/** Milliseconds between looks, at first and at most; and without a change before it is said. */
const LOOK = 50;
const LOOK_SELDOM = 2000;
const SAY = 10_000;

/**
 * Waits until a query has come to an end, however slow the regions are; or stays open for nothing but what regions have
 * not delivered.
 */
export async function follow(
  client: Client,
  id: Hash,
  { seconds = Number.POSITIVE_INFINITY, onWait = () => undefined }: Following = {},
): Promise<QueryStatus> {
  const patience = deadlineIn(seconds * 1000);
  let [before, pause, silence] = ["", LOOK, deadlineIn(SAY)];
  const breakSilence = (): void => {
    silence.stop();
    silence = deadlineIn(SAY);
  };
  try {
    for (;;) {
      const status = await client("getQuery", { params: { id } });
      if ((status.state !== "waiting" && status.state !== "open") || needsDelivery(status)) return status;
      const line = waitsFor(status);
      if (line !== before) {
        // What takes long is looked at seldom, also while it goes on: whoever looks takes time from those who work.
        [before, pause] = [line, Math.max(LOOK, pause / 2)];
        breakSilence();
      } else if (silence.signal.aborted) {
        onWait(line);
        breakSilence();
      }
      if (patience.signal.aborted)
        throw new Refusal("unavailable", `expected the query to end within ${seconds} s; ${line}`);
      await sleep(pause);
      pause = Math.min(LOOK_SELDOM, pause * 1.2);
    }
  } finally {
    patience.stop();
    silence.stop();
  }
}
