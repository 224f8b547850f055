/**
 * The coordinator's interface: paths with request and response schemas, read by server, client and the OpenAPI
 * description alike. Whatever changes something carries a signed document; the rest are reads.
 */
import { z } from "zod";
import { VersionDocument, Versions } from "../federation/versions.ts";
import { PublicProof } from "../log/public-proof.ts";
import { Push, WitnessReply } from "../log/witness-messages.ts";
import { LedgerState, PolledWith } from "../release/answer.ts";
import { PieceRequest } from "../release/material.ts";
import { CellTable } from "../release/release.ts";
import { Attempt, PHASES } from "../secure-sum/messages.ts";
import { Envelope } from "../signing/envelope.ts";
import { bytesOf, Hash } from "../values/bytes.ts";
import { Instant, RegionCode } from "../values/names.ts";
import { RefusalCode } from "../values/refusal.ts";

/** Where a query stands, as the world is shown it. */
export const ShownState = z.enum(["waiting", "open", "released", "failed", "declined", "expired"]);
export type ShownState = z.infer<typeof ShownState>;

export const RegionState = z.strictObject({
  region: RegionCode,
  state: z.enum(["waiting", "answered", "refused"]),
  code: RefusalCode.nullable(),
});

/** The phase of a secure sum: who has sent what it asks for, and who is waited for. */
export const RoundProgress = z.strictObject({
  attempt: Attempt,
  phase: z.enum(PHASES),
  sent: z.array(RegionCode),
  awaited: z.array(RegionCode),
  /** When it goes on without those, if the others are enough or nobody is awaited; null where they are not yet. */
  until: Instant.nullable(),
});
export type RoundProgress = z.infer<typeof RoundProgress>;

export const QueryStatus = z.strictObject({
  id: Hash,
  state: ShownState,
  /** Why it waits, failed or expired, in a sentence. */
  reason: z.string().nullable(),
  query: Envelope,
  approvals: z.array(Envelope),
  regions: z.array(RegionState),
  /** Of a secure sum that is under way; null otherwise. */
  round: RoundProgress.nullable(),
  release: Hash.nullable(),
});
export type QueryStatus = z.infer<typeof QueryStatus>;

/** A share of one region's secrets, encrypted for another: ChaCha20-Poly1305, base64. */
export const EncryptedBox = z.strictObject({ node: RegionCode, box: bytesOf(82) });
export type EncryptedBox = z.infer<typeof EncryptedBox>;

const Members = z.array(Envelope).max(255);

/** Where an attempt at a secure sum stands, and what a node must see to go on. */
export const RoundState = z.discriminatedUnion("phase", [
  z.strictObject({ phase: z.literal("advertise"), attempt: Attempt }),
  z.strictObject({ phase: z.literal("share"), attempt: Attempt, adverts: Members }),
  z.strictObject({
    phase: z.literal("mask"),
    attempt: Attempt,
    /** Each member's commitment, with the share it encrypted for the reader; null for the reader's own. */
    members: z.array(z.strictObject({ commitment: Envelope, box: bytesOf(82).nullable() })).max(255),
  }),
  z.strictObject({ phase: z.literal("agree"), attempt: Attempt, masked: Members }),
  z.strictObject({
    phase: z.literal("open"),
    attempt: Attempt,
    survivors: z.array(z.strictObject({ node: RegionCode, masked: Hash })).max(255),
    agreements: Members,
  }),
]);
export type RoundState = z.infer<typeof RoundState>;

export const WorkItem = z.strictObject({
  query: Envelope,
  approvals: z.array(Envelope).max(10_000),
  /** For release kinds national and both. */
  round: RoundState.nullable(),
  /** That directory, query and approvals are public; null where the federation keeps no logs. */
  proof: PublicProof.nullable(),
});
export type WorkItem = z.infer<typeof WorkItem>;

/** What one key alone reads: see `secure-sum/box.ts`. */
const Base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, "expected base64");

const Accepted = z.strictObject({ id: Hash });
const IdParam = z.strictObject({ id: Hash });

/** Where each node's ledger stands, by the latest head that it signed; and that, which alone is believed. */
export const Budgets = z.array(z.strictObject({ node: RegionCode, ledger: LedgerState, head: Envelope }));
export type Budgets = z.infer<typeof Budgets>;

export const ROUTES = {
  getDirectory: {
    method: "get",
    path: "/api/directory",
    says: "Version 1 of the directory as signed, its datasets as bytes (base64), and what later versions add.",
    response: Versions,
  },
  publishDirectory: {
    method: "post",
    path: "/api/directory",
    says: "Hand in the next version of the directory, signed by old roots and new, with datasets that are new in it.",
    body: VersionDocument,
    response: Accepted,
  },
  submitQuery: {
    method: "post",
    path: "/api/queries",
    says: "Hand in a signed query.",
    body: Envelope,
    response: Accepted,
  },
  listQueries: {
    method: "get",
    path: "/api/queries",
    says: "The latest 1,000 queries, newest first.",
    response: z.strictObject({
      queries: z.array(z.strictObject({ id: Hash, state: ShownState, title: z.string() })),
    }),
  },
  getQuery: {
    method: "get",
    path: "/api/queries/{id}",
    says: "Where a query stands.",
    params: IdParam,
    response: QueryStatus,
  },
  submitAside: {
    method: "post",
    path: "/api/asides",
    says: "Hand in what a query or the directory names by digest: a purpose, or who a person is.",
    body: z.strictObject({ text: z.string().max(10_000) }),
    response: Accepted,
  },
  getAside: {
    method: "get",
    path: "/api/asides/{id}",
    says: "A purpose, or who a person is, by its digest, unless it was erased.",
    params: IdParam,
    response: z.strictObject({ text: z.string().max(10_000) }),
  },
  erase: {
    method: "post",
    path: "/api/erasures",
    says: "Forget what stands beside the log, on a root's signed word.",
    body: Envelope,
    response: Accepted,
  },
  submitCalendar: {
    method: "post",
    path: "/api/calendars",
    says: "Hand in a signed release calendar, once its queries were handed in.",
    body: Envelope,
    response: Accepted,
  },
  listCalendars: {
    method: "get",
    path: "/api/calendars",
    says: "The release calendars, as signed.",
    response: z.strictObject({ calendars: z.array(Envelope) }),
  },
  submitApproval: {
    method: "post",
    path: "/api/approvals",
    says: "Hand in a signed approval or decline.",
    body: Envelope,
    response: Accepted,
  },
  poll: {
    method: "post",
    path: "/api/poll",
    says: "A node asks for work after a cursor, and hands in the head of its ledger. Each poll is answered once.",
    body: PolledWith,
    // Each item is read by itself (as a WorkItem), so that one that does not fit stops no other.
    response: z.strictObject({
      cursor: z.int().min(0),
      work: z.array(z.unknown()),
      /** The newest version of the directory, so that a node that does not have it fetches it first. */
      directory: Hash,
    }),
  },
  submitLeaves: {
    method: "post",
    path: "/api/logs",
    says: "A node hands out the entries that it added to its own log, and the checkpoint they lead to.",
    body: Push,
    response: z.strictObject({ kept: z.int().min(0) }),
  },
  witness: {
    method: "post",
    path: "/api/witness",
    says: "A witness hands in what it cosigned, and asks for checkpoints that are new.",
    body: Envelope,
    response: WitnessReply,
  },
  submitAnswer: {
    method: "post",
    path: "/api/answers",
    says: "A node hands in its signed answer or refusal.",
    body: Envelope,
    response: Accepted,
  },
  submitRound: {
    method: "post",
    path: "/api/rounds",
    says: "A node hands in its signed message of a secure sum's round, with shares encrypted for the others.",
    body: z.strictObject({ envelope: Envelope, boxes: z.array(EncryptedBox).max(254) }),
    response: Accepted,
  },
  submitChunk: {
    method: "post",
    path: "/api/chunks/{id}",
    says: "A piece of the vector that a signed message binds by hash: the message's id, and the bytes as they are.",
    params: IdParam,
    raw: true,
    response: Accepted,
  },
  getBudgets: {
    method: "get",
    path: "/api/budgets",
    says: "Where each node's ledger stands, with the latest head as it signed it.",
    response: z.strictObject({ budgets: Budgets }),
  },
  getRelease: {
    method: "get",
    path: "/api/releases/{id}",
    says: "A release as signed.",
    params: IdParam,
    response: Envelope,
  },
  getCells: {
    method: "get",
    path: "/api/releases/{id}/cells",
    says: "A release's table, bound to it by hash.",
    params: IdParam,
    response: CellTable,
  },
  getAnswers: {
    method: "get",
    path: "/api/releases/{id}/answers",
    says: "What the nodes signed: the answers a release adds up, and the agreements on a secure sum's set.",
    params: IdParam,
    response: z.strictObject({ answers: z.array(Envelope), agreements: z.array(Envelope) }),
  },
  getReceipt: {
    method: "get",
    path: "/api/releases/{id}/receipt",
    says: "That a release stands in the log: a text in the form tlog-proof, of the newest cosigned checkpoint.",
    params: IdParam,
    response: z.strictObject({ receipt: z.string().max(1_000_000) }),
  },
  getProof: {
    method: "get",
    path: "/api/proofs/{id}",
    says: "That a document stands in the coordinator's log: a text in the form tlog-proof, of the newest cosigned checkpoint.",
    params: IdParam,
    response: z.strictObject({ proof: z.string().max(1_000_000) }),
  },
  getMaterial: {
    method: "post",
    path: "/api/material",
    says: "The messages behind a release's secure sum, encrypted to the key of an auditor's signed request. Once a request.",
    body: Envelope,
    response: z.strictObject({ box: Base64.max(40_000_000) }),
  },
  getPiece: {
    method: "post",
    path: "/api/material/pieces",
    says: "A piece of a masked vector or of surplus noise, encrypted to the key of the request that was answered.",
    body: PieceRequest,
    response: z.strictObject({ box: Base64.max(1_500_000) }),
  },
  getSum: {
    method: "get",
    path: "/api/releases/{id}/sum",
    says: "The secure sum of a release, base64 of 8 bytes an integer, bound to it by hash.",
    params: IdParam,
    response: z.strictObject({ sum: z.string().max(12_000_000) }),
  },
} as const satisfies Record<string, Route>;

export type Route = {
  readonly method: "get" | "post";
  readonly path: string;
  readonly says: string;
  readonly params?: z.ZodType;
  readonly body?: z.ZodType;
  /** True where the body is bytes as they are. */
  readonly raw?: true;
  readonly response: z.ZodType;
};
