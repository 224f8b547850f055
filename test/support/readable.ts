/**
 * Which of a calendar's regional figures can be read, reckoned before anything is released: the made-up registers' exact
 * sums, with the noise that the calendar's own plans have. No noise is drawn, so it is the same each time, in seconds.
 */
import { REGIONS, type Region } from "../../cli/demo/regions.ts";
import { REGISTERS, registerOf } from "../../cli/demo/registers.ts";
import { demoCalendar, standingDatasets } from "../../cli/demo/standing-releases.ts";
import { type CalendarDraft, queryOfEntry } from "../../protocol/plan/calendar.ts";
import { type Plan, planOf, regionsAnswer } from "../../protocol/plan/plan.ts";
import { cellsIn } from "../../protocol/privacy/marginals.ts";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { refOf } from "../../protocol/question/catalogue.ts";
import type { Indicator } from "../../protocol/question/indicator.ts";
import { NEWEST_EDITION } from "../../protocol/question/query.ts";
import { nationalVariances, regionalVariances } from "../../protocol/release/areas.ts";
import { figuresOf, type Noisy } from "../../protocol/release/estimate.ts";
import { tablesOf } from "../../protocol/release/rebuild-tables.ts";
import { reconciledVariances } from "../../protocol/release/reconcile.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { readCsv } from "./csv.ts";
import { queryOf } from "./generate.ts";
import { holds, type Value } from "./oracle.ts";

/** Figures of a dataset's table over all periods, of one measure: how many, and how many can be read. */
export type Readable = {
  readonly dataset: string;
  /** Of all regions, or else of the nation where it alone has figures. */
  readonly regions: boolean;
  readonly table: string;
  readonly measure: string;
  readonly figures: number;
  readonly reliable: number;
};

type Weighed = { readonly period: string; readonly values: Record<string, Value>; readonly weight: number };

/** The calendar's plans, as they would be asked of all regions. */
export const plansOf = (
  draft: CalendarDraft = demoCalendar(REGIONS.length),
  datasets: readonly Dataset[] = standingDatasets().map(({ dataset }) => dataset),
  indicators: readonly Indicator[] = catalogueHere().indicators,
): Plan[] =>
  draft.entries.map((entry) => {
    const dataset = datasets.find((each) => refOf(each) === entry.dataset);
    if (dataset === undefined) throw new Error("a calendar of the catalogue's datasets");
    const query = { ...queryOf(queryOfEntry(entry, datasets, indicators)), edition: NEWEST_EDITION };
    return planOf(query, dataset, REGIONS.length);
  });

/** Every figure of these plans, of each region or, where there are none, of the nation. */
export function readableIn(plans: readonly Plan[], regions: readonly Region[] = REGIONS): Readable[] {
  const counted = new Map<string, { -readonly [K in keyof Readable]: Readable[K] }>();
  const rows = new Map<string, Weighed[]>();
  const rowsOf = ({ dataset }: Plan, region: Region): Weighed[] => {
    const name = `${refOf(dataset)} ${region.code}`;
    const own = rows.get(name) ?? weighed(dataset, region);
    rows.set(name, own);
    return own;
  };
  for (const plan of plans)
    for (const area of regionsAnswer(plan) ? regions.map((region) => [region]) : [regions])
      for (const each of flagsOf(
        plan,
        area.flatMap((region) => rowsOf(plan, region)),
      )) {
        const key = `${each.dataset} ${each.regions} ${each.table} ${each.measure}`;
        const known = counted.get(key) ?? { ...each, figures: 0, reliable: 0 };
        known.figures += each.figures;
        known.reliable += each.reliable;
        counted.set(key, known);
      }
  return [...counted.values()];
}

export const shareOf = (all: readonly Readable[]): number =>
  all.reduce((sum, { reliable }) => sum + reliable, 0) / all.reduce((sum, { figures }) => sum + figures, 0);

/** A region's rows as they count; of more than five of a person all count a little, which is what is expected. */
function weighed(dataset: Dataset, region: Region): Weighed[] {
  const register = REGISTERS.find((each) => each.dataset === refOf(dataset));
  if (register === undefined) throw new Error("a register of each dataset");
  const persons = new Map<string, Array<Record<string, Value>>>();
  for (const row of readCsv(registerOf(register, region, 1))) {
    const name = `${row["period"]} ${row["person_id"]}`;
    const values = Object.fromEntries(
      Object.entries(dataset.columns).map(([column, { kind }]): [string, Value] => {
        const text = row[column] ?? "";
        if (text === "") return [column, null];
        return [column, kind === "integer" ? Number(text) : kind === "boolean" ? text === "true" : text];
      }),
    );
    const known = persons.get(name);
    if (known === undefined) persons.set(name, [values]);
    else if (register.summarise === undefined) known.push(values);
    else for (const column of Object.keys(register.summarise)) any(known[0] ?? {}, values, column);
  }
  return [...persons].flatMap(([name, all]) =>
    all.map((values) => ({ period: name.split(" ")[0] ?? "", values, weight: 1 / all.length })),
  );
}

function any(into: Record<string, Value>, values: Record<string, Value>, column: string): void {
  const both = [into[column] ?? null, values[column] ?? null];
  into[column] = both.includes(true) ? true : (both.find((each) => each !== null) ?? null);
}

/** The variance of each vector's noise in a region's own figures, reconciled with the nation's where there are both; or the nation's. */
function variancesOf(plan: Plan): readonly number[] {
  const own = regionalVariances(plan);
  if (plan.noiseShares === null) return own;
  const totals = nationalVariances(plan, 0, 0);
  if (!regionsAnswer(plan)) return totals;
  return reconciledVariances({ own, totals, m: REGIONS.length }).region;
}

function flagsOf(plan: Plan, rows: readonly Weighed[]): Readable[] {
  const { tables, measures, dataset } = plan;
  if (tables === null) throw new Error("a standing release");
  const variances = variancesOf(plan);
  const noise = tablesOf(
    { ...plan, tables },
    {
      code: "",
      sums: (_, __, vector) =>
        Array.from({ length: plan.vectors[vector]?.width ?? 0 }, () => ({
          value: 0,
          variance: variances[vector] ?? 0,
        })),
    },
    0,
  );
  return tables.wanted.flatMap((set) => {
    const columns = set.flatMap((at) => tables.attributes[at] ?? []);
    const cells = cellsIn(set, tables.sizes);
    const noisy = noise(set);
    const placed = rows.map(({ values }) =>
      columns.reduce(
        (at, { column, values: of }) => at * of.length + of.indexOf(values[column] as string),
        0,
      ),
    );
    return measures.map((planned): Readable => {
      const { measure } = planned;
      const sums = plan.periods.map(() => Array.from({ length: cells }, () => [0, 0]));
      rows.forEach(({ period, values, weight }, at) => {
        const sum = sums[plan.periods.indexOf(period)]?.[placed[at] ?? 0];
        if (sum === undefined) return;
        const [a, b] = partsOf(measure, values);
        sum[0] = (sum[0] ?? 0) + weight * a;
        sum[1] = (sum[1] ?? 0) + weight * b;
      });
      const flagged = (exact: readonly number[]) => {
        const with_ = (vector: string): Noisy[] => {
          const [first = { value: 0, variance: 0 }] = noisy.get(vector) ?? [];
          if (measure.kind === "share") return exact.map((value) => ({ ...first, value }));
          return [{ ...first, value: exact[planned.vectors.indexOf(vector)] ?? 0 }];
        };
        return figuresOf(plan, planned, with_)[0]?.flag !== null;
      };
      const flags = sums.flat().map(flagged);
      return {
        dataset: refOf(dataset),
        regions: regionsAnswer(plan),
        table: columns.map(({ column }) => column).join(" × ") || "total",
        measure: measure.id,
        figures: flags.length,
        reliable: flags.filter((flag) => !flag).length,
      };
    });
  });
}

/** What a row of weight 1 adds to a measure's two sums: of a share yes and no, of a mean itself and whether it is known. */
function partsOf(
  measure: Plan["measures"][number]["measure"],
  values: Record<string, Value>,
): [number, number] {
  switch (measure.kind) {
    case "count":
      return [measure.where === undefined || holds(measure.where, values) === true ? 1 : 0, 0];
    case "share": {
      const held = holds(measure.predicate, values);
      return [held === true ? 1 : 0, held === false ? 1 : 0];
    }
    case "mean": {
      const value = values[measure.column] ?? null;
      return value === null ? [0, 0] : [Number(value), 1];
    }
    default:
      throw new Error("no indicator is of another kind");
  }
}
