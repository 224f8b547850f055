/**
 * Every person weighs one: the rows of a person in a period get weights that add up to at most one person, anew whenever
 * any of them come, go or change. Of files nothing is known here.
 */
import { z } from "zod";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { columnIn, tableOf } from "../store/database.ts";
import { factIn, keepFactIn } from "../store/facts.ts";
import { Summarise } from "./mapping.ts";
import { placeOf } from "./stage.ts";
import { names, type Rows, SUMMARY, type Target, type Weighed } from "./target.ts";

/**
 * How a dataset's rows weigh: each for itself (null), or summed up column by column. `unknown`: they were summed up by
 * a program that did not write down how. Their sums are rows as they stand, of which no other can be made.
 */
export type Weighing = Summarise | null | "unknown";

/** How several rows of a column become one. Unknown values are passed over; which row is `one`, nobody can choose. */
const SUMMARIES = {
  any: (name) => `bool_or(${name})`,
  all: (name) => `bool_and(${name})`,
  greatest: (name) => `max(${name})`,
  least: (name) => `min(${name})`,
  one: (name) => `arg_min_null(${name}, place)`,
} as const satisfies Record<string, (name: string) => string>;

/**
 * Weighs `rows`, which are all that their persons have in the periods that they touch. Of more than five rows, those
 * with the five smallest keyed hashes count: of pseudonym, period, content and number among equal contents. An order of
 * each person's own, or one kind of content would go first for everybody; one that nobody who writes rows can choose;
 * and one that does not depend on the order they came in.
 */
export async function weigh(
  target: Target,
  dataset: Dataset,
  rows: Rows,
  weighing: Weighing,
): Promise<Weighed> {
  const { staging, people } = target;
  await staging.run(`create or replace temp table crowd as select person, period, n, excluded, pseudonym
    from (select person, period, count(*) as n from ${rows.relation} group by person, period) join ${people} using (person)`);
  const all = ["person", "period", "file", "record", ...Object.keys(dataset.columns).map(columnIn)];
  const ready = (sql: string) => staging.run(`create or replace temp view ready as ${sql}`);
  // A sum that nobody can make anew stands as long as the rows it is made of do.
  if (weighing === "unknown") {
    await ready(`select ${all.join(", ")}, case when file = ${SUMMARY} and not excluded then 60 else 0 end as weight
      from ${rows.relation} join crowd using (person, period)`);
  } else if (weighing !== null) {
    await ready(summed(dataset, rows, weighing, all));
  } else {
    await ready(`select ${all.join(", ")},
        case when excluded then 0 when n = 1 then 60 when n = 2 then 30 when n = 3 then 20 when n = 4 then 15 else 12 end as weight
      from ${rows.relation} join crowd using (person, period) where n <= 5
      union all select ${all.join(", ")}, case when not excluded and rank <= 5 then 12 else 0 end
      from (select *, row_number() over (partition by person, period order by place) as rank from ${placed(dataset, rows, "n > 5")})`);
  }
  return { relation: "ready" };
}

/** One row a person and period. The rows it is made of stay, at no weight: later files, and earlier ones anew, add to them. */
function summed(dataset: Dataset, rows: Rows, summarise: Summarise, all: readonly string[]): string {
  const hows = Object.keys(dataset.columns).map(
    (name) => [columnIn(name), summarise[name] ?? "one"] as const,
  );
  const made = hows.map(([name, how]) => SUMMARIES[how](name));
  const alone = `(select *, '' as place from ${rows.relation} join crowd using (person, period) where n = 1)`;
  const some = hows.some(([, how]) => how === "one")
    ? placed(dataset, rows, "n > 1")
    : `(select *, '' as place from ${rows.relation} join crowd using (person, period) where n > 1)`;
  const sum = (from: string) => `select person, period, ${SUMMARY}, cast(null as varchar), ${made.join(", ")},
      case when excluded then 0 else 60 end from ${from} group by person, period, excluded`;
  return `select ${all.join(", ")}, 0 as weight from ${rows.relation} union all ${sum(alone)} union all ${sum(some)}`;
}

/** The rows of some of the crowd, each with its `place` among its person's: only these are hashed. */
function placed(dataset: Dataset, rows: Rows, which: string): string {
  const columns = Object.keys(dataset.columns).map(columnIn);
  const content = `concat_ws('|', ${columns.map((name) => `coalesce(cast(${name} as varchar), '-')`).join(", ")})`;
  const place = placeOf("concat_ws('|', cast(pseudonym as varchar), period, content, same)");
  return `(select *, ${place} as place from
      (select *, row_number() over (partition by person, period, content) as same from
        (select *, ${content} as content from ${rows.relation} join (select * from crowd where ${which}) using (person, period))))`;
}

/** What sensitivity rests on, checked in the table itself for everyone who was weighed, before it commits. */
export async function assertWeights(target: Target, dataset: Dataset): Promise<void> {
  const [[low, high] = []] = (
    await target.staging.runAndReadAll("select min(person), max(person) from crowd")
  ).getRows();
  if (low == null) return;
  const over = await target.run(`select 1 from ${tableOf(dataset)}
    where person between ${BigInt(String(low))} and ${BigInt(String(high))} group by person, period
    having sum(weight) > 60 or min(weight) < 0 or count(case when weight > 0 then 1 end) > 5 limit 1`);
  if (over.length > 0) throw new Error("a person's weights passed 60: all is undone");
}

/** Weighs rows and puts them into their dataset's table. */
export async function weighInto(
  target: Target,
  dataset: Dataset,
  rows: Rows,
  weighing: Weighing,
): Promise<void> {
  await target.put(dataset, await weigh(target, dataset, rows, weighing));
  await assertWeights(target, dataset);
}

/** Rows that arrive, and with them those already stored of the same persons and periods. */
export async function gathered(
  target: Target,
  dataset: Dataset,
  arriving: Rows,
  file: number,
): Promise<Rows> {
  const kept = await target.takeTouched(dataset, arriving, file);
  if (kept === null) return arriving;
  const columns = names(dataset).join(", ");
  await target.staging.run(
    `create or replace temp view incoming as select ${columns} from ${arriving.relation} union all select ${columns} from ${kept.relation}`,
  );
  return { relation: "incoming" };
}

/**
 * Weighs all rows of these persons in a dataset once more, within the target's transaction, which the caller ends: after
 * a change of who is excluded, or of whose rows they are. Rows are all there is: those summed up are summed up anew.
 */
export async function weighAnew(target: Target, dataset: Dataset, persons: readonly bigint[]): Promise<void> {
  const weighing = await weighingOf(target, dataset);
  const rows = await target.takeOf(dataset, persons, weighing === "unknown");
  if (rows !== null) await weighInto(target, dataset, rows, weighing);
}

const keyOf = (dataset: Dataset): string => `summarise:${tableOf(dataset)}`;

/** How a dataset's rows weigh, as its last import wrote down. */
export async function weighingOf(target: Target, dataset: Dataset): Promise<Weighing> {
  const text = await factIn(target, keyOf(dataset));
  if (text !== null) return z.union([Summarise, z.null()]).parse(JSON.parse(text));
  const sums = await target.run(`select 1 from ${tableOf(dataset)} where file = ${SUMMARY} limit 1`);
  return sums.length > 0 ? "unknown" : null;
}

/** Writes down how a dataset's rows weigh: whoever weighs them anew has no mapping. */
export const keepWeighing = (target: Target, dataset: Dataset, weighing: Summarise | null): Promise<void> =>
  keepFactIn(target, keyOf(dataset), JSON.stringify(weighing));
