/**
 * What standing releases say of one indicator, as one dense table: region × period × columns × contents, totals among
 * the codes, each with its own error, so that nobody need add up. A view on released figures; nothing is computed anew.
 */
import { isIndicator } from "../protocol/plan/calendar.ts";
import { UNKNOWN_CODE } from "../protocol/plan/cells.ts";
import { type Plan, publishedPeriods } from "../protocol/plan/plan.ts";
import { groupCorrelation, type PlannedTables } from "../protocol/plan/tables.ts";
import { type AttributeSet, keyOf, subsetsOf } from "../protocol/privacy/marginals.ts";
import type { Meaning } from "../protocol/privacy/meaning.ts";
import type { Dataset } from "../protocol/question/catalogue.ts";
import type { Indicator } from "../protocol/question/indicator.ts";
import type { Population } from "../protocol/question/population.ts";
import { onGrid } from "../protocol/release/estimate.ts";
import { type Release, regionsOf } from "../protocol/release/release.ts";
import { isTotal, NATION, totalCode } from "../protocol/values/codes.ts";
import type { Language } from "../protocol/values/language.ts";
import { ordinalOf } from "../protocol/values/period.ts";
import type { Labels, Text } from "../protocol/values/text.ts";
import { type CubeFigure, type FigureAt, NOTHING } from "./figure.ts";
import {
  type Finder,
  finderOf,
  isTabled,
  type StandingRelease,
  type TabledPlan,
} from "./standing-release.ts";

export type CubeValue = { readonly code: string; readonly label: Text };
export type CubeDimension = {
  readonly code: string;
  readonly label: Text;
  readonly values: readonly CubeValue[];
  /** The code of the total over it; null where it has none. */
  readonly total: string | null;
};

export type Cube = {
  readonly id: string;
  readonly indicator: Indicator;
  readonly label: Text;
  /** The nation, whose code is the total's, and every region. */
  readonly regions: CubeDimension;
  /** Oldest first. */
  readonly periods: CubeDimension;
  readonly columns: readonly CubeDimension[];
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
  /** What all that a region may release of one person in a year comes to. */
  readonly year: Meaning;
  /** What everyone must read with a rate; null where it is none. */
  readonly population: Text | null;
  readonly at: (at: FigureAt) => CubeFigure;
};

export type CubeContext = {
  readonly indicators: readonly Indicator[];
  readonly labels: Labels;
  /** Regions' names by code. */
  readonly regions: ReadonlyMap<string, string>;
  readonly population: Population;
  /** What all that a region may release of one person in a year comes to. */
  readonly year: Meaning;
};

type Dimensioned = Pick<Cube, "regions" | "periods" | "columns">;

/** In the order of every format: regions, periods, columns. Contents come last. */
export const dimensionsOf = ({ regions, periods, columns }: Dimensioned): readonly CubeDimension[] => [
  regions,
  periods,
  ...columns,
];

/** What stands at these places, one a dimension, in that order. */
export function atPlaces(of: Dimensioned, places: readonly number[]): FigureAt {
  const [region = "", period = "", ...codes] = dimensionsOf(of).map(
    ({ values }, dimension) => values[places[dimension] ?? 0]?.code ?? "",
  );
  const groups = Object.fromEntries(of.columns.map(({ code }, column) => [code, codes[column] ?? ""]));
  return { region, period, groups };
}

/** Everywhere that a figure of it may stand, the last dimension varying fastest. */
export function* everyAt({ regions, periods, columns }: Dimensioned): Generator<FigureAt> {
  const groups = columns.reduce<Array<Record<string, string>>>(
    (all, { code, values }) => all.flatMap((own) => values.map((value) => ({ ...own, [code]: value.code }))),
    [{}],
  );
  for (const { code: region } of regions.values)
    for (const { code: period } of periods.values)
      for (const own of groups) yield { region, period, groups: own };
}

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

/** A count as a rate of a public number: its error is scaled with it, limits rounded outward. */
function scaled(figure: CubeFigure, factor: number): CubeFigure {
  const { value, se, low, high } = figure;
  if (value === null || se === null || low === null || high === null) return figure;
  const numbers = { value: value * factor, se: se * factor, low: low * factor, high: high * factor };
  return { ...figure, ...onGrid(numbers, 6) };
}

/** Sets that no other wanted set contains, and of which every part is wanted: each makes a table with all its totals. */
export function widest({ wanted }: PlannedTables): AttributeSet[] {
  const known = new Set(wanted.map(keyOf));
  return wanted.filter(
    (set) =>
      subsetsOf(set).every((subset) => known.has(keyOf(subset))) &&
      !wanted.some((other) => other.length > set.length && set.every((at) => other.includes(at))),
  );
}

/**
 * A table's id: its indicator and columns; of a dataset beside the indicator's own, with its kind of period between them,
 * as no column can be called: `taken-seriously.by-year.age_group`.
 */
function tableId(
  { id, produced }: Indicator,
  { dataset, period }: Dataset,
  columns: readonly string[],
): string {
  const own = produced.by === "measure" && produced.dataset.split("@")[0] === dataset;
  return [id, ...(own ? [] : [`by-${period}`]), ...columns].join(".");
}

/** The last period that a table reaches. */
export const lastOf = ({ periods }: Pick<Cube, "periods">): string => periods.values.at(-1)?.code ?? "";

/**
 * Tables of one indicator in order: those that reach furthest first; of as far, those with regions, or where only the
 * nation matters, the nation's own, whose error is least.
 */
export function inOrder(cubes: readonly Cube[], first: "regions" | "nation"): Cube[] {
  const rank = ({ kind }: Cube) => ((kind === "national") === (first === "nation") ? 0 : 1);
  return cubes.toSorted((a, b) =>
    lastOf(a) === lastOf(b) ? rank(a) - rank(b) : lastOf(a) > lastOf(b) ? -1 : 1,
  );
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
        const id = tableId(indicator, plan.dataset, columns);
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

type Group = {
  readonly indicator: Indicator;
  readonly columns: readonly string[];
  readonly standings: readonly StandingRelease[];
};

function cubeOf(id: string, group: Group, context: CubeContext): Cube {
  const { indicator, columns, standings } = group;
  const latest = standings.at(-1);
  if (latest === undefined || !isTabled(latest.plan)) throw new RangeError("expected a standing release");
  const { plan } = latest;
  const ofPeriod = new Map<string, StandingRelease>();
  for (const standing of standings)
    for (const period of publishedPeriods(standing.plan)) ofPeriod.set(period, standing);
  const releases = [...ofPeriod]
    .map(([period, standing]) => ({ period, standing, regions: regionsOf(standing.release) }))
    .sort((a, b) => (a.period < b.period ? -1 : 1));
  const periods = releases.map(({ period }) => period);
  const dimensioned: Dimensioned = {
    regions: regionsIn(standings, context),
    periods: {
      code: "Tid",
      label: PERIOD,
      values: periods.map((code) => ({ code, label: { sv: code, en: code } })),
      total: null,
    },
    columns: columns.map((column) => columnOf(column, plan, context)),
  };
  const dimensions = dimensionsOf(dimensioned);
  const by = (language: Language) => dimensions.map(({ label }) => label[language]).join(", ");
  const span = periods.length === 1 ? periods[0] : `${periods[0]}–${periods.at(-1)}`;
  return {
    id,
    indicator,
    label: {
      sv: `${indicator.name.sv} efter ${by("sv")}. ${span}`,
      en: `${indicator.name.en} by ${by("en")}. ${span}`,
    },
    ...dimensioned,
    kind: latest.release.release,
    plan,
    year: context.year,
    releases,
    ordinals: periods.map((period) => ordinalOf(plan.dataset.period, period) ?? 0),
    correlations: Object.fromEntries(
      columns.map((column) => [column, groupCorrelation(plan.tables, column)]),
    ),
    updated:
      standings
        .map(({ release }) => release.madeAt)
        .sort()
        .at(-1) ?? "",
    population: perOf(indicator) === null ? null : context.population.note,
    at: figuresOf(group, ofPeriod, context.population),
  };
}

function regionsIn(standings: readonly StandingRelease[], { regions }: CubeContext): CubeDimension {
  const areas = [...new Set(standings.flatMap(({ table }) => table.areas))].sort();
  const named = (code: string): Text =>
    code === NATION ? NATION_LABEL : { sv: regions.get(code) ?? code, en: regions.get(code) ?? code };
  return {
    code: "Region",
    label: REGION,
    values: areas.map((code) => ({ code, label: named(code) })),
    total: NATION,
  };
}

function columnOf(column: string, { dataset, tables }: TabledPlan, { labels }: CubeContext): CubeDimension {
  const values = tables.attributes.find((each) => each.column === column)?.values ?? [];
  const own = labels[column] ?? {};
  const label = dataset.columns[column]?.title ?? { sv: column, en: column };
  const named = (code: string | null): CubeValue =>
    code === null
      ? { code: UNKNOWN_CODE, label: UNKNOWN }
      : { code, label: own[code] ?? { sv: code, en: code } };
  return {
    code: column,
    label: { sv: label.sv.toLowerCase(), en: label.en.toLowerCase() },
    values: [{ code: totalCode(column), label: TOTAL }, ...values.map(named)],
    total: totalCode(column),
  };
}

/** Of how many of the population an indicator is a rate; null where it is none. */
const perOf = ({ produced }: Indicator): number | null =>
  produced.by === "measure" ? (produced.per ?? null) : null;

/** Finds figures in each period's release: another version of the dataset may have other categories. */
function figuresOf(
  { indicator, columns }: Group,
  standings: ReadonlyMap<string, StandingRelease>,
  population: Population,
): Cube["at"] {
  const finders = new Map<StandingRelease, Finder>();
  for (const standing of standings.values()) finders.set(standing, finderOf(standing));
  const display = contentsOf({ indicator }).includes("display");
  const per = perOf(indicator);
  return (at) => {
    const standing = standings.get(at.period);
    const find = standing === undefined ? undefined : finders.get(standing);
    if (standing === undefined || find === undefined) return NOTHING;
    if (Object.keys(at.groups ?? {}).some((column) => !columns.includes(column))) return NOTHING;
    const figure = find(at, indicator.id, { display });
    if (per === null) return figure;
    // Of the regions that are in the release, so that one that is missing does not lower the rate.
    const within = at.region === NATION ? regionsOf(standing.release) : [at.region];
    const persons = personsOf(within, at.groups ?? {}, population);
    return persons === null ? { ...NOTHING, flag: "." } : scaled(figure, per / persons);
  };
}

/** The population of these regions and groups; null where none is public of them. */
function personsOf(
  regions: readonly string[],
  groups: Readonly<Record<string, string>>,
  { persons }: Population,
): number | null {
  const { sex = totalCode("sex"), ...others } = groups;
  if (Object.values(others).some((code) => !isTotal(code))) return null;
  let sum = 0;
  for (const region of regions) {
    const own = persons[region]?.[sex];
    if (own === undefined) return null;
    sum += own;
  }
  return sum === 0 ? null : sum;
}
