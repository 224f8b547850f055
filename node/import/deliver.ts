/** Takes down which periods of a dataset an import delivers, in its transaction: a question about others is declined. */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { type Period, periodAt } from "../../protocol/values/period.ts";
import { tableOf } from "../store/database.ts";
import type { Rows, Target } from "./target.ts";

/**
 * Those declared; or else, unless the dataset asks for a declaration, those that the rows fall in. Gives the periods that
 * had not been delivered before.
 */
export async function deliver(
  target: Target,
  dataset: Dataset,
  declared: readonly number[] | null,
  rows: Rows | null,
): Promise<Period[]> {
  const table = tableOf(dataset);
  const ordinals = declared ?? (dataset.delivery === "declared" ? [] : await periodsOf(target, rows));
  const before = await target.run("select period from delivered where dataset = $1", [table]);
  const known = new Set(before.map(([period]) => Number(period)));
  const fresh = [...new Set(ordinals)].filter((ordinal) => !known.has(ordinal)).sort((a, b) => a - b);
  for (const ordinal of fresh)
    await target.run(
      "insert into delivered (dataset, period, declared) values ($1, cast($2 as integer), $3)",
      [table, ordinal, String(declared !== null)],
    );
  return fresh.map((ordinal) => periodAt(dataset.period, ordinal));
}

async function periodsOf({ staging }: Target, rows: Rows | null): Promise<number[]> {
  if (rows === null) return [];
  const periods = await staging.runAndReadAll(`select distinct period from ${rows.relation}`);
  return periods.getRows().map(([at]) => Number(at));
}
