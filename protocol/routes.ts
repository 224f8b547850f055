/**
 * The coordinator's interface: paths with request and response schemas, read by server, client and the OpenAPI
 * description alike. Whatever changes something carries a signed document; the rest are reads.
 */
import { z } from "zod";
import { LedgerHead } from "./answer.ts";
import { Hash } from "./bytes.ts";
import { Envelope } from "./envelope.ts";
import { RegionCode } from "./query.ts";
import { RefusalCode } from "./refusal.ts";
import { CellTable } from "./release.ts";

export const QueryState = z.enum(["waiting", "open", "released", "failed", "declined", "expired"]);
export type QueryState = z.infer<typeof QueryState>;

export const RegionState = z.strictObject({
  region: RegionCode,
  state: z.enum(["waiting", "answered", "refused"]),
  code: RefusalCode.nullable(),
});

export const QueryStatus = z.strictObject({
  id: Hash,
  state: QueryState,
  /** Why it waits, failed or expired, in a sentence. */
  reason: z.string().nullable(),
  query: Envelope,
  approvals: z.array(Envelope),
  regions: z.array(RegionState),
  release: Hash.nullable(),
});
export type QueryStatus = z.infer<typeof QueryStatus>;

export const WorkItem = z.strictObject({ query: Envelope, approvals: z.array(Envelope).max(10_000) });
export type WorkItem = z.infer<typeof WorkItem>;

const Accepted = z.strictObject({ id: Hash });
const IdParam = z.strictObject({ id: Hash });

export const ROUTES = {
  getDirectory: {
    method: "get",
    path: "/api/directory",
    says: "The directory as signed, and its datasets as bytes (base64).",
    response: z.strictObject({ directory: Envelope, datasets: z.array(z.string()) }),
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
      queries: z.array(z.strictObject({ id: Hash, state: QueryState, title: z.string() })),
    }),
  },
  getQuery: {
    method: "get",
    path: "/api/queries/{id}",
    says: "Where a query stands.",
    params: IdParam,
    response: QueryStatus,
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
    says: "A node asks for work after a cursor.",
    body: Envelope,
    response: z.strictObject({ cursor: z.int().min(0), work: z.array(WorkItem) }),
  },
  submitAnswer: {
    method: "post",
    path: "/api/answers",
    says: "A node hands in its signed answer or refusal.",
    body: Envelope,
    response: Accepted,
  },
  getBudgets: {
    method: "get",
    path: "/api/budgets",
    says: "Each node's latest ledger head, as it signed it.",
    response: z.strictObject({
      budgets: z.array(z.strictObject({ node: RegionCode, ledger: LedgerHead, poll: Envelope })),
    }),
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
    says: "The answers a release adds up, as the nodes signed them.",
    params: IdParam,
    response: z.strictObject({ answers: z.array(Envelope) }),
  },
} as const satisfies Record<string, Route>;

export type Route = {
  readonly method: "get" | "post";
  readonly path: string;
  readonly says: string;
  readonly params?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
};
