/**
 * The plan of a query by the directory that it is bound to: the same for whoever has that version, and of nothing else.
 */
import { type Plan, planOnce } from "../plan/plan.ts";
import type { Query } from "../question/query.ts";
import { Refusal } from "../values/refusal.ts";
import { type Federation, rosterOf, versionOf } from "./directory.ts";

/** The plan of a query put to this federation: the same for whoever has the directory. */
export function planIn(federation: Federation, query: Query): Plan {
  const bound = versionOf(federation, query.directory) ?? federation;
  const document = bound.datasets.get(query.dataset);
  if (document === undefined)
    throw new Refusal("dataset-unknown", `expected a dataset of the directory, not ${query.dataset}`);
  return planOnce(
    document.hash,
    query,
    document.dataset,
    rosterOf(federation, query).length,
    federation.limit,
  );
}
