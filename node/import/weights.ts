/**
 * Every person weighs one: the rows of a person in a period get weights that add up to at most one person, anew with
 * each import.
 */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { columnIn, tableOf } from "../store/database.ts";
import type { Mapping } from "./mapping.ts";
import { hmacOf } from "./stage.ts";
import { SUMMARY, type Target } from "./target.ts";

/** How several rows of a column become one. Unknown values are passed over; which row is `one`, nobody can choose. */
const SUMMARIES = {
  any: (name) => `bool_or(${name})`,
  all: (name) => `bool_and(${name})`,
  greatest: (name) => `max(${name})`,
  least: (name) => `min(${name})`,
  one: (name) => `arg_min_null(${name}, place)`,
} as const satisfies Record<string, (name: string) => string>;

/**
 * Makes `ready`: the incoming rows, with those already stored of the same persons and periods, weighted anew. Of
 * more than five rows, those with the five smallest keyed hashes of their content count: an order that nobody who
 * writes rows can choose, and that does not depend on the order they came in.
 */
export async function weigh(target: Target, dataset: Dataset, mapping: Mapping, file: number): Promise<void> {
  const { staging } = target;
  const columns = Object.keys(dataset.columns).map(columnIn);
  const all = ["person", "period", "file", "record", ...columns].join(", ");
  const latest =
    mapping.record === undefined
      ? ""
      : "qualify row_number() over (partition by person, record order by row desc) = 1";
  await staging.run(`create or replace temp view arriving as select person, period, cast(0 as integer) as weight, cast(${file} as integer) as file, record, ${columns.join(", ")}, excluded
    from staged join who using (identity) ${latest}`);
  // Only where stored rows must be weighed anew are all rows written down before they are put.
  const rows = (await target.takeTouched(file)) ? "incoming" : "arriving";
  await staging.run(
    `create or replace temp table crowd as select person, period, count(*) as n from ${rows} group by person, period`,
  );
  const content = `concat_ws('|', ${columns.map((name) => `coalesce(cast(${name} as varchar), '-')`).join(", ")})`;
  if (mapping.summarise !== undefined) {
    const { summarise } = mapping;
    const made = Object.keys(dataset.columns).map((name) =>
      SUMMARIES[summarise[name] ?? "one"](columnIn(name)),
    );
    // The rows it is made of stay, at no weight: later files, and earlier ones taken anew, add to them.
    await staging.run(`create or replace temp view ready as select ${all}, 0 as weight from ${rows}
      union all select person, period, ${SUMMARY}, cast(null as varchar), ${made.join(", ")}, case when excluded then 0 else 60 end
      from (select *, ${hmacOf(content)} as place from ${rows}) group by person, period, excluded`);
    return;
  }
  await staging.run(`create or replace temp view ready as select ${all},
      case when excluded then 0 when n = 1 then 60 when n = 2 then 30 when n = 3 then 20 when n = 4 then 15 else 12 end as weight
    from ${rows} join crowd using (person, period) where n <= 5
    union all select ${all}, case when not excluded and place <= 5 then 12 else 0 end
    from (select *, row_number() over (partition by person, period order by ${hmacOf(content)}) as place
      from ${rows} join (select * from crowd where n > 5) using (person, period))`);
}

/** What sensitivity rests on, checked in the table itself for everyone this import touched, before it commits. */
export async function assertWeights(target: Target, dataset: Dataset): Promise<void> {
  const persons = await pairsOnTarget(target);
  const over = await target.run(`select 1 from ${tableOf(dataset)} where ${persons} group by person, period
    having sum(weight) > 60 or min(weight) < 0 or count(case when weight > 0 then 1 end) > 5 limit 1`);
  if (over.length > 0) throw new Error("a person's weights passed 60: the import is undone");
}

const pairsOnTarget = async (target: Target): Promise<string> => {
  const [[low, high] = []] = (
    await target.staging.runAndReadAll("select min(person), max(person) from crowd")
  ).getRows();
  return low == null ? "false" : `person between ${BigInt(String(low))} and ${BigInt(String(high))}`;
};
