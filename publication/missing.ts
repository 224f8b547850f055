/** Why a region is not in a release, as far as readers need to tell the reasons apart. */
import type { Release } from "../protocol/release/release.ts";
import { NEEDS_ROWS } from "../protocol/values/refusal.ts";

/** It had not answered by then; it has not delivered the period; or it, or its approvers, said no. */
export type WhyMissing = "late" | "undelivered" | "declined";

export const whyMissing = ({ reason }: Pick<Release["missing"][number], "reason">): WhyMissing =>
  reason === "no-answer" ? "late" : NEEDS_ROWS.has(reason) ? "undelivered" : "declined";
