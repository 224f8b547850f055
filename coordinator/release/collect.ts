/** What has come of a query: whose answers, whose refusals, who may still come, and the integers that were sent. */
import type { Plan } from "../../protocol/plan/plan.ts";
import { Answer, readVector } from "../../protocol/release/answer.ts";
import { payloadOf } from "../../protocol/signing/envelope.ts";
import { NEEDS_ROWS, type RefusalCode } from "../../protocol/values/refusal.ts";
import { storedEnvelope } from "../context.ts";
import { MAY_YET_ANSWER, type QueryState } from "../query/stored-state.ts";
import type { CoordinatorStore } from "../store/database.ts";

export type Collected = {
  readonly answerIds: ReadonlyArray<{ readonly region: string; readonly hash: string }>;
  readonly missing: ReadonlyArray<{ readonly region: string; readonly reason: RefusalCode | "no-answer" }>;
  /** True while some have not said anything, or will be able to say more soon: the first release waits for them. */
  readonly awaited: boolean;
  /** True if nobody can answer any more. */
  readonly complete: boolean;
};

/** Who has answered by now, and who has not: read from the outcomes alone, since most of the time nothing is added up. */
export function collect(state: QueryState): Collected {
  const outcomes = new Map(state.outcomes.map((outcome) => [outcome.region, outcome]));
  const answered = state.roster.flatMap((region) => {
    const outcome = outcomes.get(region);
    return outcome?.kind === "answer" ? [outcome] : [];
  });
  const missing = state.roster.flatMap((region) => {
    const outcome = outcomes.get(region);
    return outcome?.kind === "answer" ? [] : [{ region, reason: outcome?.code ?? ("no-answer" as const) }];
  });
  const may = missing.filter(({ reason }) => reason === "no-answer" || MAY_YET_ANSWER.has(reason));
  return {
    answerIds: answered.map(({ region, id }) => ({ region, hash: id })),
    missing,
    // What a region has not delivered may come in a week: it makes a later version, as all that comes late does.
    awaited: may.some(({ reason }) => reason === "no-answer" || !NEEDS_ROWS.has(reason)),
    complete: may.length === 0,
  };
}

/** Each answering region's integers, in the directory's order; verified when they were taken in. */
export async function answersOf(
  query: string,
  { answerIds }: Collected,
  plan: Plan,
  { kysely }: CoordinatorStore,
): Promise<ReadonlyMap<string, readonly bigint[]>> {
  const rows = await kysely
    .selectFrom("answer")
    .select(["region", "envelope"])
    .where("query", "=", query)
    .where("kind", "=", "answer")
    .execute();
  const envelopes = new Map(rows.map(({ region, envelope }) => [region, storedEnvelope(envelope)]));
  return new Map(
    answerIds.map(({ region }): [string, bigint[]] => {
      const envelope = envelopes.get(region);
      if (envelope === undefined) throw new Error("an answer that was there is gone");
      return [region, readVector(payloadOf(Answer, envelope), plan)];
    }),
  );
}
