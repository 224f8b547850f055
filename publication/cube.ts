/**
 * What standing releases say of one indicator, as one dense table: region × period × columns × contents, totals among
 * the codes, each with its own error, so that nobody need add up. A view on released figures; nothing is computed anew.
 */

import { isIndicator } from "../protocol/plan/calendar.ts";
import { UNKNOWN_CODE } from "../protocol/plan/cells.ts";
import { type Plan, publishedPeriods } from "../protocol/plan/plan.ts";
import { cellAt, groupCorrelation, type PlannedTables, tableOf } from "../protocol/plan/tables.ts";
import { type AttributeSet, keyOf, subsetsOf } from "../protocol/privacy/marginals.ts";
import type { Indicator } from "../protocol/question/indicator.ts";
import { type Figure, onGrid } from "../protocol/release/estimate.ts";
import { type CellTable, type Release, regionsOf } from "../protocol/release/release.ts";
import type { Hash } from "../protocol/values/bytes.ts";
import { NATION, totalCode } from "../protocol/values/codes.ts";
import { ordinalOf } from "../protocol/values/period.ts";
import type { Labels, Text } from "../protocol/values/text.ts";
import { type CountTable, displayOf, sumsIn } from "./display-counts.ts";

/** A standing release, whose measures are called after indicators. */
export type StandingRelease = {
  readonly id: Hash;
  /** From when its query may be asked: a late version of an older release is no newer for that. */
  readonly at: string;
  readonly plan: Plan;
  readonly release: Release;
  readonly table: CellTable;
};

export type CubeValue = { readonly code: string; readonly label: Text };
export type CubeDimension = {
  readonly code: string;
  readonly role: "geo" | "time" | "metric" | null;
  readonly label: Text;
  readonly values: readonly CubeValue[];
  /** Where the total over it stands; null where it has none. */
  readonly total: number | null;
};

/** `:` is a region that is not in a release, or was not asked; `.` a rate for which there is no public population. */
export type CubeFigure = Omit<Figure, "flag"> & {
  readonly flag: Figure["flag"] | ":" | ".";
  /** Of a count, to be shown beside it: whole, never negative, adding up. Biased: nothing is reckoned with it. */
  readonly display: number | null;
};

export type Cube = {
  readonly id: string;
  readonly indicator: Indicator;
  readonly label: Text;
  /** Region, Tid, its columns; contents come last in every format. */
  readonly dimensions: readonly CubeDimension[];
  readonly kind: Release["release"];
  readonly plan: Plan;
  /** Each period's place in time, in steps of its kind. */
  readonly ordinals: readonly number[];
  /** Of the errors of two groups of a column, at most 0. */
  readonly correlations: Readonly<Record<string, number>>;
  /** Each period's release, oldest period first, with the regions that are in it. */
  readonly releases: ReadonlyArray<{
    readonly period: string;
    readonly standing: StandingRelease;
    readonly regions: readonly string[];
  }>;
  readonly updated: string;
  /** The figure at these places, one a dimension. */
  readonly at: (places: readonly number[]) => CubeFigure;
};

export type CubeContext = {
  readonly indicators: readonly Indicator[];
  readonly labels: Labels;
  /** Regions' names by code. */
  readonly regions: ReadonlyMap<string, string>;
  /** The public population, by region and sex. */
  readonly population: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

/** What one says of a figure: itself, its error, the limits of its 95 % interval. */
const CONTENTS = ["value", "se", "low", "high"] as const;
export type Content = (typeof CONTENTS)[number] | "display";

/** What a table's cells say: of numbers of persons, a figure for display as well. */
export const contentsOf = ({ indicator: { produced } }: Pick<Cube, "indicator">): readonly Content[] =>
  produced.by === "measure" && produced.measure.kind === "count" && produced.per === undefined
    ? [...CONTENTS, "display"]
    : CONTENTS;

const REGION: Text = { sv: "region", en: "region" };
const PERIOD: Text = { sv: "period", en: "period" };
const TOTAL: Text = { sv: "totalt", en: "total" };
const UNKNOWN: Text = { sv: "uppgift saknas", en: "not stated" };
const NATION_LABEL: Text = { sv: "Riket", en: "The nation" };

const NONE: CubeFigure = { value: null, se: null, low: null, high: null, flag: ":", display: null };

/** A count as a rate of a public number: its error is scaled with it, limits rounded outward. */
function scaled(figure: CubeFigure, factor: number): CubeFigure {
  const { value, se, low, high } = figure;
  if (value === null || se === null || low === null || high === null) return figure;
  const numbers = { value: value * factor, se: se * factor, low: low * factor, high: high * factor };
  return { ...figure, ...onGrid(numbers, 6) };
}

type TabledPlan = Plan & { readonly tables: PlannedTables };
const isTabled = (plan: Plan): plan is TabledPlan => plan.tables !== null;

/** Sets that no other wanted set contains, and of which every part is wanted: each makes a table with all its totals. */
export function widest({ wanted }: PlannedTables): AttributeSet[] {
  const known = new Set(wanted.map(keyOf));
  return wanted.filter(
    (set) =>
      subsetsOf(set).every((subset) => known.has(keyOf(subset))) &&
      !wanted.some((other) => other.length > set.length && set.every((at) => other.includes(at))),
  );
}

/** Finds figures by their place in a release's table. */
export function finderOf({ plan, table }: StandingRelease) {
  if (!isTabled(plan)) throw new RangeError("expected a standing release");
  const { tables } = plan;
  const offsets = new Map<string, number>();
  let cells = 0;
  for (const set of tables.wanted) {
    offsets.set(keyOf(set), cells);
    cells += tableOf(tables, set).cells;
  }
  const periods = publishedPeriods(plan);
  const measures = plan.measures.length;
  return (region: string, period: string, set: AttributeSet, cell: number, measure: number): CubeFigure => {
    const [area, at, offset] = [
      table.areas.indexOf(region),
      periods.indexOf(period),
      offsets.get(keyOf(set)),
    ];
    if (area < 0 || at < 0 || offset === undefined) return NONE;
    const row = table.figures[((area * periods.length + at) * cells + offset + cell) * measures + measure];
    if (row === undefined) return NONE;
    const [value, se, low, high, flag] = row;
    return { value, se, low, high, flag, display: null };
  };
}

/** The display series of a count, fitted once for each region and period that is asked for. */
function displaysOf(standing: StandingRelease, find: ReturnType<typeof finderOf>) {
  const { plan } = standing;
  if (!isTabled(plan)) throw new RangeError("expected a standing release");
  const { tables } = plan;
  const fitted = new Map<string, Int32Array | null>();
  const summed = new Map<string, readonly number[]>();
  return (
    region: string,
    period: string,
    set: AttributeSet,
    cell: number,
    measure: number,
  ): number | null => {
    const key = `${region} ${period} ${measure}`;
    if (!fitted.has(key)) {
      const shown = tables.wanted.map((wanted): CountTable | null => {
        const { cells } = tableOf(tables, wanted);
        const figures = Array.from({ length: cells }, (_, at) => find(region, period, wanted, at, measure));
        const values = figures.flatMap(({ value }) => value ?? []);
        return values.length < cells ? null : { set: wanted, values, variance: (figures[0]?.se ?? 1) ** 2 };
      });
      const whole = shown.filter((each) => each !== null);
      fitted.set(key, whole.length < shown.length ? null : displayOf(whole, tables.sizes));
    }
    const full = fitted.get(key) ?? null;
    if (full === null) return null;
    const place = `${key} ${keyOf(set)}`;
    const sums = summed.get(place) ?? sumsIn(full, set, tables.sizes);
    summed.set(place, sums);
    return sums[cell] ?? null;
  };
}

/** Every table of every indicator that has been released; where two releases say something of a period, the later does. */
export function cubesOf(standings: readonly StandingRelease[], context: CubeContext): Cube[] {
  const groups = new Map<string, { indicator: Indicator; columns: string[]; standings: StandingRelease[] }>();
  for (const standing of [...standings].sort((a, b) =>
    `${a.at} ${a.release.madeAt}` < `${b.at} ${b.release.madeAt}` ? -1 : 1,
  )) {
    const { plan } = standing;
    if (!isTabled(plan)) continue;
    for (const { measure } of plan.measures) {
      const indicator = context.indicators.find(({ id }) => id === measure.id);
      if (indicator === undefined || !isMeasured(indicator, standing)) continue;
      for (const set of widest(plan.tables)) {
        const columns = set.flatMap((at) => plan.tables.attributes[at]?.column ?? []);
        const id = [indicator.id, ...columns].join(".");
        const group = groups.get(id) ?? { indicator, columns, standings: [] };
        groups.set(id, group);
        group.standings.push(standing);
      }
    }
  }
  return [...groups].map(([id, group]) => cubeOf(id, group, context));
}

/**
 * Whether a release says what the catalogue says the indicator is: its measure, of its dataset, whatever the version, and of
 * all rows. A measure that only bears its name is not published under it.
 */
function isMeasured(indicator: Indicator, { plan }: StandingRelease): boolean {
  const own = plan.measures.find(({ measure }) => measure.id === indicator.id)?.measure;
  if (own === undefined || plan.where !== null || plan.pool) return false;
  return isIndicator(indicator, own, plan.dataset.dataset);
}

function cubeOf(
  id: string,
  {
    indicator,
    columns,
    standings,
  }: { indicator: Indicator; columns: readonly string[]; standings: readonly StandingRelease[] },
  { labels, regions, population }: CubeContext,
): Cube {
  const latest = standings.at(-1);
  if (latest === undefined || !isTabled(latest.plan)) throw new RangeError("expected a standing release");
  const { plan } = latest;
  const ofPeriod = new Map<string, StandingRelease>();
  for (const standing of standings)
    for (const period of publishedPeriods(standing.plan)) ofPeriod.set(period, standing);
  const periods = [...ofPeriod.keys()].sort();
  const areas = [...new Set(standings.flatMap(({ table }) => table.areas))].sort();
  const named = (code: string): Text =>
    code === NATION ? NATION_LABEL : { sv: regions.get(code) ?? code, en: regions.get(code) ?? code };
  const { attributes } = plan.tables;
  const dimensions: CubeDimension[] = [
    {
      code: "Region",
      role: "geo",
      label: REGION,
      values: areas.map((code) => ({ code, label: named(code) })),
      total: Math.max(0, areas.indexOf(NATION)),
    },
    {
      code: "Tid",
      role: "time",
      label: PERIOD,
      values: periods.map((code) => ({ code, label: { sv: code, en: code } })),
      total: null,
    },
    ...columns.map((column): CubeDimension => {
      const values = attributes.find((each) => each.column === column)?.values ?? [];
      const own = labels[column] ?? {};
      const label = plan.dataset.columns[column]?.title ?? { sv: column, en: column };
      const value = (code: string | null): CubeValue =>
        code === null
          ? { code: UNKNOWN_CODE, label: UNKNOWN }
          : { code, label: own[code] ?? { sv: code, en: code } };
      return {
        code: column,
        role: null,
        label: { sv: label.sv.toLowerCase(), en: label.en.toLowerCase() },
        values: [{ code: totalCode(column), label: TOTAL }, ...values.map(value)],
        total: 0,
      };
    }),
  ];
  const finders = new Map(standings.map((standing) => [standing, finderOf(standing)]));
  const counts = contentsOf({ indicator }).includes("display");
  const displays = new Map(
    standings.flatMap((standing) => {
      const find = finders.get(standing);
      return counts && find !== undefined ? [[standing, displaysOf(standing, find)] as const] : [];
    }),
  );
  const at = (places: readonly number[]): CubeFigure => {
    const region = areas[places[0] ?? 0];
    const period = periods[places[1] ?? 0];
    const standing = period === undefined ? undefined : ofPeriod.get(period);
    if (region === undefined || period === undefined || standing === undefined || !isTabled(standing.plan))
      return NONE;
    // By their codes: another version of the dataset may have other categories.
    const codes = new Map(
      columns.flatMap((column, at) => {
        const place = places[2 + at] ?? 0;
        const code = dimensions[2 + at]?.values[place]?.code;
        return place === 0 || code === undefined ? [] : [[column, code] as const];
      }),
    );
    const found = cellAt(standing.plan.tables, codes);
    if (found === null) return NONE;
    const { set, cell } = found;
    const measure = standing.plan.measures.findIndex((each) => each.measure.id === indicator.id);
    const figure = finders.get(standing)?.(region, period, set, cell, measure) ?? NONE;
    if (counts && figure.value !== null) {
      const display = displays.get(standing)?.(region, period, set, cell, measure) ?? null;
      return { ...figure, display };
    }
    if (indicator.produced.by !== "measure" || indicator.produced.per === undefined) return figure;
    const split = columns.filter((_, column) => (places[2 + column] ?? 0) > 0);
    const sex = dimensions[2 + columns.indexOf("sex")]?.values[places[2 + columns.indexOf("sex")] ?? 0]?.code;
    // Of the regions that are in the release, so that one that is missing does not lower the rate.
    const within = region === NATION ? regionsOf(standing.release) : [region];
    const persons = within.reduce<number | undefined>((sum, code) => {
      const own = population[code]?.[split.length === 0 ? totalCode("sex") : (sex ?? "")];
      return sum === undefined || own === undefined ? undefined : sum + own;
    }, 0);
    if (persons === undefined || persons === 0 || split.some((column) => column !== "sex"))
      return { ...NONE, flag: "." };
    return scaled(figure, indicator.produced.per / persons);
  };
  const by = {
    sv: dimensions.map(({ label }) => label.sv).join(", "),
    en: dimensions.map(({ label }) => label.en).join(", "),
  };
  const span = periods.length === 1 ? periods[0] : `${periods[0]}–${periods.at(-1)}`;
  return {
    id,
    indicator,
    label: {
      sv: `${indicator.name.sv} efter ${by.sv}. ${span}`,
      en: `${indicator.name.en} by ${by.en}. ${span}`,
    },
    dimensions,
    kind: latest.release.release,
    plan,
    releases: periods.flatMap((period) => {
      const standing = ofPeriod.get(period);
      return standing === undefined ? [] : [{ period, standing, regions: regionsOf(standing.release) }];
    }),
    ordinals: periods.map((period) => ordinalOf(plan.dataset.period, period) ?? 0),
    correlations: Object.fromEntries(
      columns.map((column) => [column, groupCorrelation(plan.tables, column)]),
    ),
    updated:
      standings
        .map(({ release }) => release.madeAt)
        .sort()
        .at(-1) ?? "",
    at,
  };
}
