/**
 * The region's own policy: who may ask, approvals beyond the directory's, budget ceilings, columns withheld. It can
 * only tighten what the directory says. A node with no policy answers nothing.
 */
import { existsSync } from "node:fs";
import { z } from "zod";
import type { OwnCeilings } from "../../protocol/federation/accounts.ts";
import type { Asked } from "../../protocol/federation/openers.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { ApprovalRule } from "../../protocol/question/approval.ts";
import { ColumnName, DatasetName, DatasetRef } from "../../protocol/question/catalogue.ts";
import { columnsIn, type Filter } from "../../protocol/question/filter.ts";
import { Period } from "../../protocol/values/period.ts";
import { compare, parseRational, RationalText } from "../../protocol/values/rational.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { readDocument } from "../../server/config.ts";

export const Policy = z.strictObject({
  /** Persons of the directory by id, or everyone in it who is a researcher. */
  mayAsk: z.union([z.literal("researchers"), z.array(z.string().max(48)).max(1000)]),
  datasets: z.union([z.literal("all"), z.array(DatasetName).max(1000)]),
  approvals: z.array(ApprovalRule).max(20),
  /** At most this much of ρ: of each period and of each year in all, and by one query; a fraction as text. */
  ceilings: z.strictObject({
    rhoPerPeriod: RationalText.optional(),
    rhoPerYear: RationalText.optional(),
    rhoPerQuery: RationalText.optional(),
  }),
  withheld: z.array(z.strictObject({ dataset: DatasetName, column: ColumnName })).max(1000),
  /** Periods that are delivered whatever imports have said: of a dataset of which nothing is to come, too. */
  complete: z
    .array(z.strictObject({ dataset: DatasetRef, periods: z.array(Period).min(1).max(1000) }))
    .max(1000)
    .optional(),
});
export type Policy = z.infer<typeof Policy>;

/** Read anew for each query, so that a region's change holds at once. Null where there is no file. */
export const readPolicy = (path: string): Policy | null =>
  existsSync(path) ? parseWith(Policy, readDocument(path), "policy", "config-invalid") : null;

/** Refuses what the policy does not allow. Approvals and the budget's ceiling are judged where they are counted. */
export function checkPolicy(policy: Policy | null, asked: Asked, plan: Plan): asserts policy is Policy {
  if (policy === null)
    throw new Refusal("policy-missing", "the region has set no policy, and so answers nothing");
  const { dataset } = plan.dataset;
  if (policy.mayAsk !== "researchers" && !policy.mayAsk.includes(asked.requester)) {
    throw new Refusal("policy-refuses", "the region does not answer this person");
  }
  if (policy.datasets !== "all" && !policy.datasets.includes(dataset)) {
    throw new Refusal("policy-refuses", "the region does not answer about this dataset");
  }
  const used = columnsOf(asked);
  const withheld = policy.withheld.find((entry) => entry.dataset === dataset && used.includes(entry.column));
  if (withheld !== undefined) throw new Refusal("column-withheld", `the region withholds ${withheld.column}`);
  const most = policy.ceilings.rhoPerQuery;
  if (most !== undefined && compare(plan.charge, parseRational(most)) > 0) {
    throw new Refusal("policy-refuses", `the region answers no query that costs more than ${most}`);
  }
}

/** The region's own ceilings, which count where they are lower than those of catalogue and directory. */
export const ceilingsIn = ({ ceilings: { rhoPerPeriod, rhoPerYear } }: Policy): OwnCeilings => ({
  ...(rhoPerPeriod === undefined ? {} : { rhoPerPeriod: parseRational(rhoPerPeriod) }),
  ...(rhoPerYear === undefined ? {} : { rhoPerYear: parseRational(rhoPerYear) }),
});

/** Every column a query reads, wherever it stands. */
function columnsOf({ query }: Asked): string[] {
  const filtered = (filter: Filter | undefined) => (filter === undefined ? [] : columnsIn(filter));
  const inMeasures = query.measures.flatMap((measure) =>
    measure.kind === "share"
      ? columnsIn(measure.predicate)
      : measure.kind === "count"
        ? filtered(measure.where)
        : [measure.column],
  );
  const inTables = query.tables?.marginals.flat() ?? [];
  return [...query.groupBy, ...inTables, ...inMeasures, ...filtered(query.where)];
}
