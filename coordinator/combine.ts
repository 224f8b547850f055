/**
 * Adds the answers up. Only arithmetic on what the nodes sent: the coordinator has no noise to add or to take away.
 */
import { Answer, readVector } from "../protocol/answer.ts";
import { planIn } from "../protocol/directory.ts";
import type { Envelope } from "../protocol/envelope.ts";
import type { Plan } from "../protocol/plan.ts";
import type { RefusalCode } from "../protocol/refusal.ts";
import { type Context, stored, storedEnvelope } from "./intake.ts";
import type { Standing } from "./standing.ts";

export type Collected = {
  readonly plan: Plan;
  /** Each answering region's integers, in the directory's order; read only when they are to be added up. */
  readonly answers: () => Promise<ReadonlyMap<string, readonly bigint[]>>;
  readonly answerIds: ReadonlyArray<{ readonly region: string; readonly hash: string }>;
  readonly missing: ReadonlyArray<{ readonly region: string; readonly reason: RefusalCode | "no-answer" }>;
  /** True if nobody is left to wait for. */
  readonly complete: boolean;
};

/** What a further approval, or a little time, can still turn into an answer. */
export const MAY_YET_ANSWER: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "approvals-missing",
  "query-not-yet-valid",
]);

export function collect(standing: Standing, { federation, store }: Context): Collected {
  const plan = planIn(federation(), standing.query);
  const outcomes = new Map(standing.outcomes.map((outcome) => [outcome.region, outcome]));
  const answered = standing.roster.flatMap((region) => {
    const outcome = outcomes.get(region);
    return outcome?.kind === "answer" ? [outcome] : [];
  });
  const missing = standing.roster.flatMap((region) => {
    const outcome = outcomes.get(region);
    return outcome?.kind === "answer" ? [] : [{ region, reason: outcome?.code ?? ("no-answer" as const) }];
  });
  const waits = missing.some(({ reason }) => reason === "no-answer" || MAY_YET_ANSWER.has(reason));
  return {
    plan,
    // Verified when they were taken in.
    answers: async () => {
      const rows = await store.kysely
        .selectFrom("answer")
        .select(["region", "envelope"])
        .where("query", "=", standing.id)
        .where("kind", "=", "answer")
        .execute();
      const envelopes = new Map(rows.map(({ region, envelope }) => [region, storedEnvelope(envelope)]));
      return new Map(
        answered.map(({ region }): [string, bigint[]] => {
          const envelope = envelopes.get(region);
          if (envelope === undefined) throw new Error("an answer that was there is gone");
          return [region, vectorIn(envelope, plan)];
        }),
      );
    },
    answerIds: answered.map(({ region, id }) => ({ region, hash: id })),
    missing,
    complete: !waits,
  };
}

function vectorIn(envelope: Envelope, plan: Plan): bigint[] {
  return readVector(stored("answer", Answer, envelope), plan);
}
