/**
 * What stands in the logs: one leaf a fact, in the order in which it came to be. Nothing of patients, ever; a document
 * that does not fit an entry is known by its id, which is a hash of its bytes, and lies beside the log.
 */
import { z } from "zod";
import { AccountName } from "../question/accounts.ts";
import { DatasetName } from "../question/catalogue.ts";
import { Envelope } from "../signing/envelope.ts";
import { Hash, utf8 } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { Instant, RegionCode } from "../values/names.ts";
import { Period } from "../values/period.ts";
import { RationalText } from "../values/rational.ts";
import { parseWith } from "../values/refusal.ts";
import { MAX_ENTRY } from "./tile.ts";

const DOCUMENTS = [
  "directory",
  "query",
  "approval",
  "answer",
  "refusal",
  "request",
  "release",
  "calendar",
] as const;
export type DocumentKind = (typeof DOCUMENTS)[number];

const DocumentLeaf = z.strictObject({
  kind: z.enum(DOCUMENTS),
  id: Hash,
  /** As it was signed, where it fits; an answer is always known by its id alone. */
  document: Envelope.nullable(),
});

/** The coordinator's log: documents; that a query was put to the regions; what each region's own log came to. */
export const Leaf = z.discriminatedUnion("kind", [
  DocumentLeaf,
  z.strictObject({ kind: z.literal("dispatch"), id: Hash }),
  z.strictObject({ kind: z.literal("checkpoint"), node: RegionCode, checkpoint: z.string().max(2000) }),
]);
export type Leaf = z.infer<typeof Leaf>;

/** Where the coordinator's log stood, cosigned by a quorum, when a region admitted what it shows to be public. */
const SeenTree = z.strictObject({ size: z.int().min(1), root: z.string().length(44) });

/** A region's own log: its starts, and all that it decided. */
export const NodeLeaf = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("started"), nonce: z.string().regex(/^[0-9a-f]{64}$/), time: Instant }),
  z.strictObject({
    kind: z.literal("charge"),
    query: Hash,
    account: DatasetName,
    /** ρ that each period was charged, and what the account's period came to. */
    charge: RationalText,
    periods: z
      .array(z.strictObject({ period: Period, spent: RationalText }))
      .min(1)
      .max(1000),
    /**
     * What it was charged to besides: the quarters of a year that it covers, and accounts of its years. Leaves from
     * before there were such do not say; what they charged counts in their years' total.
     */
    accounts: z
      .array(
        z.strictObject({ account: AccountName, period: Period, charge: RationalText, spent: RationalText }),
      )
      .max(1000)
      .optional(),
    public: SeenTree,
    time: Instant,
  }),
  z.strictObject({ kind: z.literal("answer"), query: Hash, id: Hash, time: Instant }),
  z.strictObject({ kind: z.literal("refusal"), query: Hash, id: Hash, time: Instant }),
  z.strictObject({
    kind: z.literal("masked"),
    query: Hash,
    attempt: z.int().min(1),
    id: Hash,
    time: Instant,
  }),
  z.strictObject({
    kind: z.literal("agreed"),
    query: Hash,
    attempt: z.int().min(1),
    session: Hash,
    survivors: Hash,
    time: Instant,
  }),
  /** Each day: a salted digest of the region's list of persons who are not counted. Of whom, and how many, it says nothing. */
  z.strictObject({ kind: z.literal("lists"), digest: Hash, time: Instant }),
]);
export type NodeLeaf = z.infer<typeof NodeLeaf>;

const bytesOf = (leaf: Leaf | NodeLeaf): Uint8Array => utf8(JSON.stringify(leaf));

/** The entry of a document: the same bytes for whoever has the document. */
export function documentEntry(kind: DocumentKind, id: Hash, document: Envelope | null): Uint8Array {
  const whole = bytesOf({ kind, id, document: document === null ? null : inOrder(document) });
  return whole.length <= MAX_ENTRY ? whole : bytesOf({ kind, id, document: null });
}

/** Whether an entry holds its document, or names it only. */
export const holdsDocument = (entry: Uint8Array): boolean => {
  const leaf = readLeaf(entry);
  return "document" in leaf && leaf.document !== null;
};

/** With its fields in one order, whatever order they came in. */
const inOrder = ({ payload, payloadType, signatures }: Envelope): Envelope => ({
  payload,
  payloadType,
  signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })),
});

export const dispatchEntry = (id: Hash): Uint8Array => bytesOf({ kind: "dispatch", id });

export const checkpointEntry = (node: string, checkpoint: string): Uint8Array =>
  bytesOf({ kind: "checkpoint", node, checkpoint });

export const nodeEntry = (leaf: NodeLeaf): Uint8Array => bytesOf(leaf);

export const readLeaf = (entry: Uint8Array): Leaf =>
  parseWith(Leaf, parseJson(entry), "leaf", "log-malformed");

export const readNodeLeaf = (entry: Uint8Array): NodeLeaf =>
  parseWith(NodeLeaf, parseJson(entry), "leaf", "log-malformed");
