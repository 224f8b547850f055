/** What regions' nodes will make of a question's approvals: judged here as they judge, so that the coordinator is not believed. */
import { type Judgement, judgeApprovals, openApprovals } from "../../protocol/federation/approvals.ts";
import { type Federation, rosterOf } from "../../protocol/federation/directory.ts";
import { openQuery } from "../../protocol/federation/openers.ts";
import type { Query } from "../../protocol/question/query.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";

export type Decisions = {
  /** By the directory's rules: each region may ask for more, in a policy that is its own. */
  readonly floor: Judgement;
  /** The regions for which it is otherwise: one declined for them alone, or the approvals are for others. */
  readonly otherwise: ReadonlyArray<{ readonly region: string; readonly verdict: Judgement["verdict"] }>;
};

/** Or the refusal, where no node would read the question at all. What is over is judged as of its last moment. */
export function decisionsOn(
  { query: envelope, approvals }: Pick<QueryStatus, "query" | "approvals">,
  { answerBy }: Query,
  federation: Federation,
  now: Date,
): Decisions | Refusal {
  const at = new Date(Math.min(now.getTime(), Date.parse(answerBy)));
  try {
    const asked = openQuery(federation, envelope, at);
    const given = openApprovals(federation, approvals, at);
    const judged = (region: string | null) => judgeApprovals(federation, asked, given, { region });
    const floor = judged(null);
    const otherwise = rosterOf(federation, asked.query)
      .map((region) => ({ region, verdict: judged(region).verdict }))
      .filter(({ verdict }) => verdict !== floor.verdict);
    return { floor, otherwise };
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
