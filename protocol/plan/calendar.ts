/**
 * The release calendar: what is released when, with which indicators, tables and cost. It is a signed list of signed
 * queries, each of which says itself from when it may be asked; so whoever approves the calendar approves each of them.
 * All that nodes and ledgers do with the list is to charge its queries to the part of the year that is kept for it.
 */
import { z } from "zod";
import { ColumnName, type Dataset, DatasetRef, refOf, Title } from "../question/catalogue.ts";
import type { Indicator } from "../question/indicator.ts";
import { Measure, MeasureId, type Query, ReleaseKind } from "../question/query.ts";
import { ofKind } from "../signing/envelope.ts";
import { Hash } from "../values/bytes.ts";
import { Instant, PersonId } from "../values/names.ts";
import { Period } from "../values/period.ts";
import { RationalText } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import { planTables } from "./tables.ts";

export const Calendar = ofKind(
  "calendar",
  z.strictObject({
    directory: Hash,
    requester: PersonId,
    title: Title,
    /** The catalogue of indicators whose ids the queries' measures have. */
    indicators: Hash,
    entries: z
      .array(
        z.strictObject({
          query: Hash,
          dataset: DatasetRef,
          periods: z.array(Period).min(1).max(1000),
          release: ReleaseKind,
          /** From when it is asked. */
          at: Instant,
        }),
      )
      .min(1)
      .max(200)
      .refine(
        (entries) => new Set(entries.map(({ query }) => query)).size === entries.length,
        "expected each query once",
      ),
  }),
);
export type Calendar = z.infer<typeof Calendar>;

/** What a person writes: indicators and tables, from which the queries are made. */
export const CalendarDraft = z.strictObject({
  title: Title,
  purpose: z.string().min(1).max(5000),
  entries: z
    .array(
      z.strictObject({
        dataset: DatasetRef,
        /** By id; `all` that are measured on the dataset. */
        indicators: z.union([z.literal("all"), z.array(z.string().max(48)).max(50)]),
        /** Of ρ, what single indicators get against the others; 1 unless said. */
        parts: z.record(MeasureId, z.int().min(1).max(1000)).optional(),
        /** Columns of each table, and how much its cells' variance weighs (1/cells unless said). */
        tables: z
          .array(
            z.strictObject({ columns: z.array(ColumnName).max(6), weight: z.number().positive().optional() }),
          )
          .min(1)
          .max(200),
        /** What is measured beside the indicators, for those that are derived. */
        measures: z.array(Measure).max(20).default([]),
        objective: z.enum(["least-sum", "least-largest"]).default("least-sum"),
        release: ReleaseKind,
        nationalPart: RationalText.optional(),
        minRegions: z.int().min(1).max(1000),
        rho: RationalText,
        periods: z.array(Period).min(1).max(1000),
        notBefore: Instant.optional(),
        answerBy: Instant.optional(),
        expires: Instant.optional(),
      }),
    )
    .min(1)
    .max(200),
});
export type CalendarDraft = z.infer<typeof CalendarDraft>;
export type DraftEntry = CalendarDraft["entries"][number];

/** The measure of an indicator; a count of the rows that its definition leaves is a count by itself. */
export function measureOf({ produced }: Indicator): Measure | null {
  if (produced.by !== "measure") return null;
  const { measure, where } = produced;
  return measure.kind === "count" && where !== undefined ? { ...measure, where } : measure;
}

/** Whether an indicator is measured on a dataset, or on one beside it, whatever the version. */
function isMeasuredOn({ produced }: Indicator, dataset: string): boolean {
  if (produced.by !== "measure") return false;
  return [produced.dataset, ...(produced.also ?? [])].some((ref) => ref.split("@")[0] === dataset);
}

/** Whether a measure is what the catalogue says an indicator is; the part of ρ that it gets is another matter. */
export function isIndicator(
  indicator: Indicator,
  { part: _, ...measure }: Measure,
  dataset: string,
): boolean {
  const said = measureOf(indicator);
  if (said === null || !isMeasuredOn(indicator, dataset)) return false;
  const sorted = (record: object) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted(measure)) === JSON.stringify(sorted(said));
}

/** Refuses (`measure-unfit`) a standing query that measures something else under an indicator's name, or of some rows or regions alone. */
export function checkIndicators(query: Query, indicators: readonly Indicator[]): void {
  for (const measure of query.measures) {
    const indicator = indicators.find(({ id }) => id === measure.id);
    if (indicator === undefined) continue;
    const [dataset = ""] = query.dataset.split("@");
    const whole = query.where === undefined && query.regions === "all" && !query.pool;
    if (!whole || !isIndicator(indicator, measure, dataset))
      throw new Refusal(
        "measure-unfit",
        `expected ${measure.id} as the catalogue of indicators measures it, of all rows and regions`,
      );
  }
}

/**
 * What an entry asks, but for who asks, of which directory, and the times it leaves open. Refuses (`dataset-unknown`,
 * `measure-unfit`, `column-unfit`) what the catalogues do not have.
 */
export function queryOfEntry(
  entry: DraftEntry,
  datasets: readonly Dataset[],
  indicators: readonly Indicator[],
): Pick<
  Query,
  | "dataset"
  | "title"
  | "periods"
  | "groupBy"
  | "measures"
  | "release"
  | "regions"
  | "minRegions"
  | "pool"
  | "rho"
> &
  Partial<Query> {
  const dataset = datasets.find((each) => refOf(each) === entry.dataset);
  if (dataset === undefined)
    throw new Refusal("dataset-unknown", `expected ${entry.dataset} in the directory`);
  const own = indicators.filter((each) => isMeasuredOn(each, dataset.dataset));
  const chosen = entry.indicators === "all" ? own : own.filter(({ id }) => entry.indicators.includes(id));
  const all = entry.indicators === "all" ? own.length : entry.indicators.length;
  if (chosen.length !== all || all + entry.measures.length === 0)
    throw new Refusal("measure-unfit", `expected indicators that are measured on ${entry.dataset}`);
  const { release, nationalPart, minRegions, rho, periods, notBefore, answerBy, expires, parts = {} } = entry;
  const unknown = Object.keys(parts).find((id) => !chosen.some((each) => each.id === id));
  if (unknown !== undefined)
    throw new Refusal("measure-unfit", `expected parts of the entry's indicators; ${unknown} is none`);
  const measured = chosen.flatMap((indicator): Measure[] => {
    const [measure, part] = [measureOf(indicator), parts[indicator.id]];
    return measure === null ? [] : [part === undefined ? measure : { ...measure, part }];
  });
  const times = Object.entries({ notBefore, answerBy, expires, nationalPart }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    dataset: entry.dataset,
    title: `${dataset.title.sv} ${periods[0]}–${periods.at(-1)}`,
    periods,
    groupBy: [],
    tables: planTables(dataset, entry.tables, entry.objective),
    measures: [...measured, ...entry.measures],
    release,
    regions: "all",
    minRegions,
    pool: false,
    rho,
    ...Object.fromEntries(times),
  };
}
