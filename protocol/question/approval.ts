/**
 * Approvals: separate signed statements naming a query's hash, and the rules that ask for them. Whether there are
 * enough is judged in `protocol/federation/approvals.ts`.
 */
import { z } from "zod";
import { ofKind } from "../signing/envelope.ts";
import { Hash } from "../values/bytes.ts";
import { Instant, PersonId, RegionCode } from "../values/names.ts";
import { textOf } from "../values/text.ts";
import { DatasetName } from "./catalogue.ts";

export const Approval = ofKind(
  "approval",
  z.strictObject({
    query: Hash,
    /** Who decides: two persons' approvals of one query are two documents. */
    approver: PersonId,
    decision: z.enum(["approve", "decline"]),
    role: z.string().regex(/^[a-z][a-z-]{0,31}$/, "expected a role"),
    region: z.union([z.literal("all"), RegionCode]),
    reason: textOf(2000).optional(),
    conditions: z.array(textOf(500)).max(20),
    expires: Instant,
  }),
);
export type Approval = z.infer<typeof Approval>;

/** So many distinct persons of a role, for a dataset or for all (`*`); of the node's own region where it says so. */
export const ApprovalRule = z.strictObject({
  dataset: z.union([z.literal("*"), DatasetName]),
  role: Approval.shape.role,
  persons: z.int().min(1).max(20),
  ownRegion: z.boolean().optional(),
});
export type ApprovalRule = z.infer<typeof ApprovalRule>;

/** An approval whose signature and signer have been judged against the directory. */
export type Judged = {
  readonly person: string;
  readonly personRegion: string | null;
  readonly approval: Approval;
};
