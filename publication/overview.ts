/**
 * What is certain now, of everything that is published: what improved, worsened, differs; every region against the
 * nation; and what cannot be said. All that stands here is judged as one family of comparisons, since a reader sees it
 * at once. Post-processing of published figures.
 */

import type { Meaning } from "../protocol/privacy/meaning.ts";
import { FOCUS_AREAS, type FocusArea, type Indicator } from "../protocol/question/indicator.ts";
import type { Hash } from "../protocol/values/bytes.ts";
import { NATION } from "../protocol/values/codes.ts";
import type { PeriodKind } from "../protocol/values/period.ts";
import type { Text } from "../protocol/values/text.ts";
import { isComparable, isLine, overAll, regionsCompared, trendsOf, wideningIn } from "./comparisons.ts";
import { type Cube, inOrder, lastOf } from "./cube.ts";
import type { CubeFigure } from "./figure.ts";
import type { Interval, Places, Trend, Verdict } from "./intervals.ts";
import { viewIndicator } from "./make-view.ts";
import { type WhyMissing, whyMissing } from "./missing.ts";

/** Estimate and limits of a point; null where nothing is published. */
export type Point = readonly [value: number, low: number, high: number] | null;

/** A change over all of a table's periods, by the straight line through them. */
export type Change = Interval & {
  readonly value: number;
  readonly verdict: Verdict;
  /** Whether a straight line is a fair account of it. */
  readonly line: boolean;
};

export type OverviewRegion = {
  readonly region: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly flag: CubeFigure["flag"];
  /** Against the nation; null where it cannot be compared. */
  readonly verdict: Verdict | null;
  readonly places: Places | null;
};

export type OverviewIndicator = Omit<
  ReturnType<typeof viewIndicator>,
  "definition" | "official" | "sources"
> & {
  readonly focusId: Indicator["focus"];
  /** Its place in the nation in brief; null where it has none. */
  readonly brief: number | null;
  /** Its main table, and all of them with their columns; null and none where it is not published. */
  readonly table: string | null;
  readonly tables: ReadonlyArray<{
    readonly id: string;
    readonly columns: ReadonlyArray<{ readonly code: string; readonly label: Text }>;
    /** By what its periods are; and whether the nation alone has figures in it. */
    readonly by: PeriodKind;
    readonly nationOnly: boolean;
  }>;
  /** The release of the latest period. */
  readonly release: Hash | null;
  readonly periods: readonly string[];
  readonly nation: readonly Point[];
  readonly change: Change | null;
  readonly regions: readonly OverviewRegion[];
  /** Why it is not published. */
  readonly why: Text | null;
};

export type Story = {
  readonly of: "trend" | "gap";
  readonly verdict: Verdict;
  readonly indicator: string;
  readonly table: string;
  /** Where: every area of which it is certain, the nation first; the picture is of the first. */
  readonly areas: readonly string[];
  /** Of a gap: the column, and the groups above and below. */
  readonly column: {
    readonly code: string;
    readonly label: Text;
    readonly groups: readonly [Text, Text];
  } | null;
  readonly periods: readonly string[];
  readonly points: readonly Point[];
  readonly change: Change;
  /** Standard errors of the change: what is most certain comes first. */
  readonly strength: number;
};

export type Overview = {
  readonly version: string;
  /** Version 1 of the directory, from which everything can be checked. */
  readonly directory1: Hash;
  readonly madeAt: string | null;
  readonly regions: ReadonlyArray<{ readonly code: string; readonly name: string }>;
  /** What may be said of one person's year in a region; and what the releases say of the year of which they say most. */
  readonly year: { readonly ceiling: Meaning; readonly told: (Meaning & { readonly year: string }) | null };
  /** The national strategy's, in its order. */
  readonly focusAreas: ReadonlyArray<{ readonly id: Indicator["focus"]; readonly name: Text }>;
  readonly indicators: readonly OverviewIndicator[];
  readonly stories: readonly Story[];
  /** Comparisons of a region with the nation. */
  readonly judged: number;
  readonly unsaid: {
    readonly figures: number;
    readonly unreliable: number;
    readonly suppressed: number;
    readonly missing: ReadonlyArray<{
      readonly region: string;
      readonly dataset: Text;
      readonly period: string;
      readonly why: WhyMissing;
    }>;
  };
};

/** As many digits as released figures have: a page shows fewer. */
const shown = (value: number): number => Number(value.toPrecision(6));

/** Kinds of comparisons that the overview makes. */
const KINDS = 3;

const periodsOf = ({ periods }: Cube): string[] => periods.values.map(({ code }) => code);

/** An indicator's tables, its main one first. */
const tablesOf = (cubes: readonly Cube[], id: string): Cube[] =>
  inOrder(
    cubes.filter(({ indicator }) => indicator.id === id),
    "regions",
  );

/** Figures of an area over all periods, in total. */
function pointsOf(cube: Cube, region: string): Point[] {
  if (!cube.regions.values.some(({ code }) => code === region)) return [];
  return periodsOf(cube).map((period) => {
    const { value, low, high } = cube.at({ region, period });
    return value === null || low === null || high === null ? null : [value, low, high];
  });
}

function changeOf(cube: Cube, trend: Trend): Change {
  const { value, low, high } = overAll(cube, trend);
  const { verdict } = trend;
  return { value: shown(value), low: shown(low), high: shown(high), verdict, line: isLine(trend) };
}

function overviewRegions(cube: Cube, families: number): OverviewRegion[] {
  const period = lastOf(cube);
  const compared = new Map(regionsCompared(cube, period, families).map((each) => [each.region, each]));
  return cube.regions.values.flatMap(({ code: region }): OverviewRegion[] => {
    if (region === NATION) return [];
    const { value, low, high, flag } = cube.at({ region, period });
    const { difference = null, places = null } = compared.get(region) ?? {};
    const verdict = difference?.verdict ?? null;
    return [{ region, value, low, high, flag, verdict, places }];
  });
}

/** What changed with certainty in an indicator, and along a fair line. */
function trendStories(cube: Cube, families: number): Story[] {
  const certain = trendsOf(cube, families).flatMap(({ region, trend }) =>
    trend !== null && trend.verdict !== "no certain difference" && isLine(trend) ? [{ region, trend }] : [],
  );
  // Where no way is good, what rises and what falls are told apart.
  const kindOf = ({ trend }: (typeof certain)[number]) => `${trend.verdict} ${Math.sign(trend.value)}`;
  return [...new Set(certain.map(kindOf))].flatMap((kind) => {
    const alike = certain
      .filter((each) => kindOf(each) === kind)
      .toSorted((a, b) => (a.region < b.region ? -1 : 1));
    const [first] = alike;
    if (first === undefined) return [];
    return [
      {
        of: "trend" as const,
        verdict: first.trend.verdict,
        indicator: cube.indicator.id,
        table: cube.id,
        areas: alike.map(({ region }) => region),
        column: null,
        periods: periodsOf(cube),
        points: pointsOf(cube, first.region),
        change: changeOf(cube, first.trend),
        strength: Math.max(...alike.map(({ trend }) => Math.abs(trend.value) / trend.se)),
      },
    ];
  });
}

/** Gaps between groups of the nation that grew with certainty; a column once, though several tables have it. */
function gapStories(cubes: readonly Cube[], families: number): Story[] {
  const seen = new Set<string>();
  return inOrder(cubes, "nation").flatMap((cube) =>
    cube.columns.flatMap(({ code, label, values }): Story[] => {
      if (seen.has(code)) return [];
      seen.add(code);
      const found = wideningIn(cube, code, families);
      if (found === null || !isLine(found.trend)) return [];
      const named = (group: string): Text =>
        values.find((value) => value.code === group)?.label ?? { sv: group, en: group };
      const [above, below] = found.groups;
      return [
        {
          of: "gap",
          verdict: "worse",
          indicator: cube.indicator.id,
          table: cube.id,
          areas: [NATION],
          column: { code, label, groups: [named(above), named(below)] },
          periods: periodsOf(cube),
          points: found.series.map(({ value, low, high }) => [shown(value), shown(low), shown(high)]),
          change: changeOf(cube, found.trend),
          strength: found.trend.value / found.trend.se,
        },
      ];
    }),
  );
}

/** An indicator, with its tables; `families` comparisons of its kind stand on the page. */
function indicatorOf(indicator: Indicator, tables: readonly Cube[], families: number): OverviewIndicator {
  const { definition: _, official: __, sources: ___, ...said } = viewIndicator(indicator);
  const [cube] = tables;
  const rest = {
    ...said,
    focusId: indicator.focus,
    brief: indicator.brief ?? null,
    why: indicator.produced.by === "nobody" ? indicator.produced.why : null,
    tables: tables.map(({ id, columns, kind, plan }) => ({
      id,
      columns: columns.map(({ code, label }) => ({ code, label })),
      by: plan.dataset.period,
      nationOnly: kind === "national",
    })),
  };
  if (cube === undefined)
    return { ...rest, table: null, release: null, periods: [], nation: [], change: null, regions: [] };
  const trend = trendsOf(cube, families).find(({ region }) => region === NATION)?.trend ?? null;
  return {
    ...rest,
    table: cube.id,
    release: cube.releases.at(-1)?.standing.id ?? null,
    periods: periodsOf(cube),
    nation: pointsOf(cube, NATION),
    change: trend === null ? null : changeOf(cube, trend),
    regions: overviewRegions(cube, families),
  };
}

/** Which regions are missing from the latest releases of these tables. */
function missingIn(cubes: readonly Cube[]): Overview["unsaid"]["missing"] {
  const missing = new Map(
    cubes.flatMap((cube) =>
      (cube.releases.at(-1)?.standing.release.missing ?? []).map((each) => {
        const { region } = each;
        const { title: dataset } = cube.plan.dataset;
        const period = lastOf(cube);
        return [
          `${region} ${dataset.en} ${period}`,
          { region, dataset, period, why: whyMissing(each) },
        ] as const;
      }),
    ),
  );
  return [...missing.values()];
}

/** Everything that the first page says, of the tables that are published and the indicators that are known. */
export function overviewOf(
  cubes: readonly Cube[],
  known: readonly Indicator[],
  { version, directory1, regions, year }: Pick<Overview, "version" | "directory1" | "regions" | "year">,
): Overview {
  const tables = known.map(({ id }) => tablesOf(cubes, id));
  const main = tables.flatMap(([cube]) => cube ?? []);
  // Changes, regions and gaps stand on one page: a third of what may go wrong is for each.
  const families = KINDS * Math.max(1, main.length);
  const indicators = known.map((indicator, at) => indicatorOf(indicator, tables[at] ?? [], families));
  // A gap is looked for in every column of every indicator.
  const columns = tables.flatMap((own) => [
    ...new Set(own.flatMap((cube) => cube.columns.map(({ code }) => code))),
  ]);
  const stories = [
    ...main.flatMap((cube) => trendStories(cube, families)),
    ...tables.flatMap((own) =>
      own[0] !== undefined && isComparable(own[0])
        ? gapStories(own, KINDS * Math.max(1, columns.length))
        : [],
    ),
  ].toSorted((a, b) => b.strength - a.strength);
  const all = indicators.flatMap((each) => each.regions);
  const updated = main.map((cube) => cube.updated).toSorted();
  return {
    version,
    directory1,
    madeAt: updated.at(-1) ?? null,
    regions,
    year,
    focusAreas: Object.entries(FOCUS_AREAS).map(([id, name]) => ({ id: id as FocusArea, name })),
    indicators,
    stories,
    judged: all.filter(({ verdict }) => verdict !== null).length,
    unsaid: {
      figures: all.length,
      unreliable: all.filter(({ flag }) => flag === "unreliable").length,
      suppressed: all.filter(({ flag }) => flag === "..").length,
      missing: missingIn(main),
    },
  };
}
