/**
 * People of every kind, as a directory names them, and what they sign about one query: without databases or HTTP. The
 * directory's rules are the test's; two regions, 01 and 03, are asked.
 */
import { type Directory, type Federation, readFederation } from "../../protocol/federation/directory.ts";
import { type Asked, openQuery } from "../../protocol/federation/openers.ts";
import type { Approval, ApprovalRule } from "../../protocol/question/approval.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { type Envelope, type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import { hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { CARE } from "./federation.ts";
import { queryOf } from "./generate.ts";

export const NOW = new Date("2026-06-01T12:00:00Z");
const LONG_AGO = "2020-01-01T00:00:00Z";
const SPRING = "2026-05-01T00:00:00Z";
const LATER = "2030-01-01T00:00:00Z";

type Key = Directory["people"][number]["keys"][number];
type Kind = {
  readonly roles: readonly string[];
  readonly region: string | null;
  readonly key?: Partial<Key>;
};

/** Who is who. `rut` asks; the others differ in roles, in region, and in what has become of their keys. */
const PEOPLE: Readonly<Record<string, Kind>> = {
  rut: { roles: ["researcher", "approver"], region: null },
  ada: { roles: ["approver"], region: "01" },
  bo: { roles: ["approver"], region: "03" },
  cia: { roles: ["approver", "officer"], region: "01" },
  dan: { roles: ["officer"], region: null },
  eva: { roles: ["approver"], region: "03", key: { revoked: SPRING } },
  fay: { roles: ["approver"], region: null, key: { notAfter: SPRING } },
  gun: { roles: ["approver"], region: null },
};
export type Who = "rut" | "ada" | "bo" | "cia" | "dan" | "eva" | "fay" | "gun";

const signers = new Map(
  Object.keys(PEOPLE).flatMap((id) =>
    ["ask", "approve", "second"].map((use): [string, Signer] => [`${id} ${use}`, signerOf(newKey(use))]),
  ),
);
const stranger = signerOf(newKey("approve"));
const signerFor = (id: string, use: "ask" | "approve" | "second"): Signer =>
  signers.get(`${id} ${use}`) ?? stranger;

const personOf = ([id, { roles, region, key }]: [string, Kind]): Directory["people"][number] => {
  const entry = (use: "ask" | "approve" | "second"): Key => ({
    key: signerFor(id, use).publicKey,
    purpose: use === "ask" ? "ask" : "approve",
    notBefore: LONG_AGO,
    notAfter: LATER,
    revoked: null,
    ...key,
  });
  return { id, roles: [...roles], region, keys: [entry("ask"), entry("approve"), entry("second")] };
};

/** One of what was handed in: who decides what, and what is unusual about it. */
export type Said = Partial<Approval> & {
  readonly by: Who;
  /** Who signs in their name, and with which key: their own of purpose `approve`, unless said. */
  readonly signed?: { readonly with: Who | "nobody"; readonly key?: "ask" | "second" };
};

export const approves = (by: Who, more: Omit<Said, "by"> = {}): Said => ({ by, ...more });
export const declines = (by: Who, more: Omit<Said, "by"> = {}): Said => ({
  by,
  decision: "decline",
  ...more,
});
export const ANOTHER = hashOf(utf8("another query"));

export type Scene = {
  readonly federation: Federation;
  readonly envelope: Envelope;
  readonly asked: Asked;
  readonly approvals: readonly Envelope[];
};

/** A query under these rules, and what was said of it. */
export function sceneOf(rules: readonly ApprovalRule[], said: readonly Said[]): Scene {
  const root = signerOf(newKey("root"));
  const document = writeDataset(CARE);
  const directory: Directory = {
    version: 1,
    previous: null,
    name: "Approvers",
    validFrom: LONG_AGO,
    expires: LATER,
    roots: { keys: [root.publicKey], threshold: 1 },
    coordinator: { release: signerOf(newKey("release")).publicKey },
    nodes: ["01", "03"].map((code) => ({
      code,
      name: `Region ${code}`,
      status: "active",
      keys: { answer: signerOf(newKey("answer")).publicKey },
    })),
    people: Object.entries(PEOPLE).map(personOf),
    datasets: [{ dataset: "care@1", hash: document.hash }],
    approvalRules: [...rules],
  };
  const federation = readFederation(
    signDocument("directory", directory, root),
    [document.body],
    null,
    nativeVerify,
  );
  const purpose = hashOf(utf8("why"));
  const query = queryOf({ requester: "rut", directory: federation.hash, purpose });
  const envelope = signDocument("query", query, signerFor("rut", "ask"));
  const asked = openQuery(federation, envelope, NOW);
  const approvals = said.map(({ by, signed, ...more }) => {
    const approval: Approval = {
      query: asked.id,
      approver: by,
      decision: "approve",
      role: "approver",
      region: "all",
      conditions: [],
      expires: "2026-06-02T12:00:00Z",
      ...more,
    };
    return signDocument("approval", approval, signerFor(signed?.with ?? by, signed?.key ?? "approve"));
  });
  return { federation, envelope, asked, approvals };
}
