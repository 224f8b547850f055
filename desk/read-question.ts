/** A question as a desk reads it, by its own directory and its own names of codes: nothing of it is another's word. */
import { checkEnough, type Federation, rosterOf, versionOf } from "../protocol/federation/directory.ts";
import { planIn } from "../protocol/federation/plan-in.ts";
import { checkClosed } from "../protocol/plan/plan.ts";
import { priceOf } from "../protocol/plan/price.ts";
import type { Query } from "../protocol/question/query.ts";
import { inWords } from "../protocol/question/words.ts";
import type { Hash } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import type { Labels } from "../protocol/values/text.ts";
import type { ReadQuestion } from "../protocol/wire/desk.ts";

export type Reader = { readonly federation: Federation; readonly labels: Labels; readonly now: Date };

/**
 * Plans and words a question. Refuses one bound to no version that the desk has verified (`directory-unknown`), one of
 * periods that are not closed, one of too few regions, and whatever cannot be planned.
 */
export function readQuestion(
  query: Query,
  { id, purpose, requester }: { id: Hash | null; purpose: string | null; requester: string | null },
  { federation, labels, now }: Reader,
): ReadQuestion {
  const bound = versionOf(federation, query.directory);
  if (bound === null)
    throw new Refusal("directory-unknown", "expected a question bound to a directory that this desk trusts");
  const plan = planIn(federation, query);
  checkClosed(plan, now);
  checkEnough(federation, query);
  const { dataset } = plan;
  const { part, epsilon } = priceOf(plan);
  const roster = rosterOf(federation, query);
  return {
    id,
    title: query.title,
    words: { sv: inWords(query, dataset, "sv", labels), en: inWords(query, dataset, "en", labels) },
    purpose,
    requester,
    release: query.release,
    rho: query.rho,
    part,
    epsilon,
    delta: dataset.budget.delta,
    roster: bound.directory.nodes
      .filter(({ code }) => roster.includes(code))
      .map(({ code, name }) => ({ code, name })),
    minRegions: query.minRegions,
    notBefore: query.notBefore,
    answerBy: query.answerBy,
    expires: query.expires,
  };
}
