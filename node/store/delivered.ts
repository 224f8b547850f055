/**
 * Which periods of a dataset a region has delivered: what its operator declared, or what its files' rows fell in where
 * nothing was. A question about any other is declined. Never read off the rows: that there are none would be a fact about
 * single persons.
 */
import type { Plan } from "../../protocol/plan/plan.ts";
import { type Dataset, refOf } from "../../protocol/question/catalogue.ts";
import { ordinalOf, type Period } from "../../protocol/values/period.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { type NodeStore, tableOf } from "./database.ts";

/** By a dataset's table, the ordinals of its delivered periods. */
export type Delivered = ReadonlyMap<string, ReadonlySet<number>>;

/** What a policy declares beside what imports did. */
export type Complete = ReadonlyArray<{ readonly dataset: string; readonly periods: readonly Period[] }>;

/** Every delivered period that the store knows of. */
export async function deliveredIn({ kysely }: NodeStore): Promise<Delivered> {
  const delivered = new Map<string, Set<number>>();
  for (const { dataset, period } of await kysely
    .selectFrom("delivered")
    .select(["dataset", "period"])
    .execute()) {
    const of = delivered.get(dataset) ?? new Set();
    delivered.set(dataset, of.add(Number(period)));
  }
  return delivered;
}

/** The first of the periods that is neither delivered nor declared complete; null where all are. */
export function undelivered(
  { dataset, periods }: Pick<Plan, "dataset" | "periods">,
  delivered: Delivered,
  complete: Complete,
): Period | null {
  const ref = refOf(dataset);
  const known = delivered.get(tableOf(dataset));
  const declared = new Set(complete.flatMap((each) => (each.dataset === ref ? each.periods : [])));
  const lacks = (period: Period) =>
    !declared.has(period) && known?.has(ordinalOf(dataset.period, period) ?? -1) !== true;
  return periods.find(lacks) ?? null;
}

/** Ordinals: `2026K1`, several with commas, from one to another as `2025K3..2026K2`. Refuses (`period-unfit`) what is none. */
export function declaredBy(text: string, dataset: Dataset): number[] {
  const { period: kind } = dataset;
  return text.split(",").flatMap((part) => {
    const [first = "", last = first, ...more] = part.trim().split("..");
    const [from, to] = [ordinalOf(kind, first), ordinalOf(kind, last)];
    if (from === null || to === null || from > to || to - from > 1200 || more.length > 0)
      throw new Refusal("period-unfit", `expected a ${kind} or several: ${EXAMPLES[kind]}`);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
}

const EXAMPLES = {
  year: "2025, or 2021..2025",
  quarter: "2026K1, or 2025K3..2026K2",
  month: "2026M01, or 2026M01..2026M08",
} as const;
