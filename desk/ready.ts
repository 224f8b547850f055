/**
 * Makes a document ready to be signed: what somebody wants becomes bytes here, planned and worded under the desk's own
 * directory, and shown whole. Three kinds and no others, each opened before it is shown.
 */

import { checkDecision } from "../protocol/federation/approvals.ts";
import { type Aside, writeAside } from "../protocol/federation/aside.ts";
import type { Federation, Person } from "../protocol/federation/directory.ts";
import { openQuery } from "../protocol/federation/openers.ts";
import { Approval } from "../protocol/question/approval.ts";
import { NEWEST_EDITION, Query } from "../protocol/question/query.ts";
import { MaterialRequest } from "../protocol/release/material.ts";
import type { PublicKey } from "../protocol/signing/ed25519.ts";
import { envelopeId, KINDS, type KindOfRole, type OfKind } from "../protocol/signing/envelope.ts";
import { toHex, utf8 } from "../protocol/values/bytes.ts";
import { instant } from "../protocol/values/names.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import { textOf } from "../protocol/values/text.ts";
import type { Client } from "../protocol/wire/client.ts";
import type { Shown, Wanted } from "../protocol/wire/desk.ts";
import { fetchPurpose } from "../protocol/wire/fetch-aside.ts";
import { personWith } from "./person.ts";
import { type Reader, readQuestion } from "./read-question.ts";

export type Setting = Reader & {
  readonly client: Client;
  readonly random: (bytes: Uint8Array) => void;
};

/** A document's kind and bytes, with what they say; `key` is whose signature it waits for, null where there is none. */
export type Ready = {
  readonly kind: KindOfRole<"person">;
  readonly body: Uint8Array;
  readonly key: PublicKey | null;
  readonly aside: string | null;
  readonly shown: Shown;
};

type Want<K extends Wanted["kind"]> = Extract<Wanted, { kind: K }>;

/** Refuses whatever the signature could not mean: see `personWith`, `readQuestion`, and the form of each kind. */
export function readyFor(wanted: Wanted, setting: Setting): Promise<Ready> {
  switch (wanted.kind) {
    case "query":
      return readyQuery(wanted, setting);
    case "approval":
      return readyApproval(wanted, setting);
    case "material":
      return readyMaterial(wanted, setting);
  }
}

const NOTHING = { question: null, decision: null, material: null };

const directoryOf = ({ hash, directory: { version } }: Federation): Shown["directory"] => ({ version, hash });

/** The bytes of what fits the form: what could not be read again is never signed. */
function bodyOf<S extends OfKind>(form: S, value: unknown): Uint8Array {
  return utf8(JSON.stringify(parseWith(form, value, form.kind)));
}

const signerWith = (
  key: PublicKey,
  kind: Wanted["kind"],
  role: string,
  { federation, now }: Setting,
): Person => personWith(federation, key, { purpose: KINDS[kind].purpose, role }, now);

const HOUR = 3_600_000;
/** How long approvers and regions have. */
const HOURS = 24;
/** How long an approval counts. */
const DAYS = 7;

const after = (now: Date, milliseconds: number): string => instant(new Date(now.getTime() + milliseconds));

/**
 * A question from a draft, which may be anybody's: an address can be made by whoever wants something asked. What binds it
 * (directory, requester, times, nonce) is put over whatever the draft says of that.
 */
async function readyQuery({ key, draft }: Want<"query">, setting: Setting): Promise<Ready> {
  const { federation, now, random } = setting;
  const person = key === null ? null : signerWith(key, "query", "researcher", setting);
  if (typeof draft !== "object" || draft === null)
    throw new Refusal("schema-mismatch", "query: expected a draft");
  const purpose = parseWith(textOf(2000), "purpose" in draft ? draft.purpose : undefined, "purpose");
  const [salt, nonce] = [new Uint8Array(32), new Uint8Array(16)];
  random(salt);
  random(nonce);
  const aside = writeAside({ of: "purpose", salt: toHex(salt), text: purpose } satisfies Aside);
  const query = parseWith(
    Query,
    {
      ...draft,
      edition: NEWEST_EDITION,
      directory: federation.hash,
      requester: person?.id ?? "nobody",
      purpose: aside.id,
      notBefore: after(now, -60_000),
      expires: after(now, HOURS * HOUR),
      answerBy: after(now, HOURS * HOUR),
      nonce: toHex(nonce),
    },
    "query",
  );
  const question = readQuestion(query, { id: null, purpose, requester: person?.id ?? null }, setting);
  const shown = { ...NOTHING, question, signer: person?.id ?? null, directory: directoryOf(federation) };
  return { kind: "query", body: bodyOf(Query, query), key, aside: aside.text, shown };
}

/** A decision on a question that stands, signed by whom the desk's directory lets ask, and read here in full. */
async function readyApproval({ kind, key, ...wanted }: Want<"approval">, setting: Setting): Promise<Ready> {
  const { federation, now, client } = setting;
  const person = signerWith(key, kind, wanted.role, setting);
  const { query: envelope } = await client("getQuery", { params: { id: wanted.query } });
  if (envelopeId(envelope) !== wanted.query)
    throw new Refusal("signature-invalid", "expected the question that was asked for");
  const asked = openQuery(federation, envelope, now);
  const { id, query, requester } = asked;
  const purpose = await fetchPurpose(client, query.purpose);
  const approval = {
    approver: person.id,
    ...wanted,
    region: "all",
    expires: after(now, DAYS * 24 * HOUR),
  } satisfies Approval;
  checkDecision(federation, asked, { person: person.id, approval });
  const { decision, role, conditions, expires, reason } = approval;
  const shown = {
    ...NOTHING,
    question: readQuestion(query, { id, purpose, requester }, setting),
    decision: { decision, role, conditions, expires, ...(reason === undefined ? {} : { reason }) },
    signer: person.id,
    directory: directoryOf(federation),
  };
  return { kind, body: bodyOf(Approval, approval), key, aside: null, shown };
}

async function readyMaterial(
  { kind, key, release, to, nonce }: Want<"material">,
  setting: Setting,
): Promise<Ready> {
  const { federation, now } = setting;
  const person = signerWith(key, kind, "auditor", setting);
  const request = { release, auditor: person.id, time: instant(now), key: to, nonce };
  const shown = { ...NOTHING, material: release, signer: person.id, directory: directoryOf(federation) };
  return { kind, body: bodyOf(MaterialRequest, request), key, aside: null, shown };
}
