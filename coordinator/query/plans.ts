/** Plans of queries, each made once and kept for as long as it is used: the same for each of their hundreds of messages. */
import { type Federation, rosterOf } from "../../protocol/federation/directory.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import type { Query } from "../../protocol/question/query.ts";
import { remembered } from "../../protocol/values/bounded-memory.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type Context, storedQuery } from "../context.ts";

export type Planned = { readonly query: Query; readonly plan: Plan; readonly roster: readonly string[] };

/** By the version of the directory that judged, and the query's id. */
const kept = new WeakMap<Federation, Map<string, Planned>>();
const MOST = 100;

/** The plan of a query that is at hand. Refuses what cannot be planned. */
export function planned(id: string, query: Query, federation: Federation): Planned {
  const all = kept.get(federation) ?? new Map<string, Planned>();
  kept.set(federation, all);
  return remembered(all, id, MOST, () => ({
    query,
    plan: planIn(federation, query),
    roster: rosterOf(federation, query),
  }));
}

/** The plan of a query that was submitted. */
export async function plannedOf(id: string, { federation, store }: Context): Promise<Planned> {
  const known = kept.get(federation())?.get(id);
  if (known !== undefined) return planned(id, known.query, federation());
  const row = await store.kysely
    .selectFrom("query")
    .select("envelope")
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw new Refusal("query-unknown", "expected the id of a query that was submitted");
  return planned(id, storedQuery(row.envelope), federation());
}
